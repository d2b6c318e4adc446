//! Addresses as limits count them.

use std::fmt;
use std::future::{Future, ready};
use std::net::IpAddr;

use crate::http::{FromRequest, Problem, RequestContext};

/// Where a request comes from, as far as limits tell addresses apart: what the
/// gateway saw, or what a trusted frontend has signed.
///
/// An IPv6 address counts as its /64, which is what one subscriber is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Option<IpAddr>);

impl Address {
    pub(crate) fn of(source_ip: &str) -> Self {
        Self(
            source_ip
                .parse()
                .ok()
                .map(|ip: IpAddr| match ip.to_canonical() {
                    IpAddr::V4(ip) => IpAddr::V4(ip),
                    IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() >> 64 << 64).into()),
                }),
        )
    }

    /// Returns whether it is an address at all.
    pub(super) fn is_one(&self) -> bool {
        self.0.is_some()
    }
}

impl FromRequest for Address {
    type Service = ();

    fn from_request(
        request: &RequestContext<'_>,
        (): &(),
    ) -> impl Future<Output = Result<Self, Problem>> + Send {
        ready(Ok(Self::of(request.client_ip())))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ip) => ip.fmt(f),
            // Whoever comes without an address shares one count.
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_subscriber_is_one_address_and_an_ipv4_address_another() {
        let of = |text| Address::of(text).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2::9"), of("2001:db8:1:2:3:4:5:6"));
        assert_ne!(of("2001:db8:1:3::9"), of("2001:db8:1:2::9"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        for text in ["", "localhost", "192.0.2.1, 192.0.2.2", "usr#1"] {
            assert_eq!(of(text), "unknown");
        }
    }
}
