//! The networks from which the staff's routes may be called.

use std::net::IpAddr;

use crate::aws::{Env, FromEnv, StartError};
use crate::telemetry::failure;

/// The networks from which `/api/admin/*` may be called.
#[derive(Clone, Debug, Default)]
pub(crate) enum AdminNetworks {
    /// None are listed: from everywhere.
    #[default]
    All,
    /// From these; from nowhere, if the list can't be read. A slip in it must
    /// not open the staff's routes, nor close the shop's.
    Listed(Vec<Network>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

impl FromEnv for AdminNetworks {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let list = env.optional("ADMIN_NETWORKS").unwrap_or_default();
        Ok(Self::parse(&list).unwrap_or_else(|| {
            failure(
                "admin-networks-unreadable",
                "ADMIN_NETWORKS must be CIDR ranges such as 203.0.113.0/24, separated by commas",
            );
            Self::Listed(Vec::new())
        }))
    }
}

impl AdminNetworks {
    fn parse(list: &str) -> Option<Self> {
        let mut ranges = list
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .peekable();
        if ranges.peek().is_none() {
            return Some(Self::All);
        }
        let listed: Option<Vec<Network>> = ranges.map(Network::parse).collect();
        listed.map(Self::Listed)
    }

    /// Returns whether a request to this route may come from this address. Both
    /// are the gateway's own words.
    pub(crate) fn admit(&self, route_key: &str, source_ip: &str) -> bool {
        let guarded = route_key
            .split(' ')
            .nth(1)
            .is_some_and(|path| path.starts_with("/api/admin/"));
        let Self::Listed(networks) = self else {
            return true;
        };
        let address = source_ip.parse().map(|ip: IpAddr| ip.to_canonical());
        let inside = |ip| networks.iter().any(|network| network.contains(ip));
        !guarded || address.is_ok_and(inside)
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        // Callers are compared in their plain form, so a range of mapped ones
        // would admit nobody.
        let plain = address.to_canonical() == address;
        (bits <= widest && plain).then_some(Self { address, bits })
    }

    fn contains(self, ip: IpAddr) -> bool {
        let same = |one: u128, other: u128, width: u32| {
            let shift = width - u32::from(self.bits);
            one.checked_shr(shift) == other.checked_shr(shift)
        };
        match (self.address, ip) {
            (IpAddr::V4(range), IpAddr::V4(ip)) => {
                same(range.to_bits().into(), ip.to_bits().into(), 32)
            }
            (IpAddr::V6(range), IpAddr::V6(ip)) => same(range.to_bits(), ip.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_networks_reach_the_staffs_routes() {
        let networks = AdminNetworks::parse("192.0.2.0/24, 2001:db8::/32,198.51.100.7/32").unwrap();
        let admin = |ip| networks.admit("POST /api/admin/login", ip);
        for inside in [
            "192.0.2.1",
            "192.0.2.255",
            "::ffff:192.0.2.9",
            "2001:db8:9::1",
            "198.51.100.7",
        ] {
            assert!(admin(inside), "{inside}");
        }
        for outside in [
            "192.0.3.1",
            "198.51.100.8",
            "2001:db9::1",
            "",
            "192.0.2.1, 192.0.2.2",
        ] {
            assert!(!admin(outside), "{outside}");
        }
        assert!(networks.admit("GET /api/products", "203.0.113.1"));
        assert!(networks.admit("$default", "203.0.113.1"));
    }

    #[test]
    fn an_empty_list_admits_everyone_and_one_that_can_not_be_read_nobody() {
        let everyone = AdminNetworks::parse("").unwrap();
        assert!(everyone.admit("GET /api/admin/users", "203.0.113.1"));
        let all = AdminNetworks::parse("0.0.0.0/0").unwrap();
        assert!(all.admit("GET /api/admin/users", "203.0.113.1"));
        for wrong in [
            "192.0.2.0",
            "192.0.2.0/33",
            "2001:db8::/129",
            "office",
            "192.0.2.0/-1",
            "::ffff:192.0.2.0/120",
        ] {
            assert!(AdminNetworks::parse(wrong).is_none(), "{wrong}");
        }
        let nobody = AdminNetworks::Listed(Vec::new());
        assert!(!nobody.admit("GET /api/admin/users", "203.0.113.1"));
        assert!(nobody.admit("GET /api/orders", "203.0.113.1"));
    }
}
