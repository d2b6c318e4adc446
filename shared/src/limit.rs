//! How often something may be done from one address, or be tried on one
//! account, in a window of 15 minutes. What counts is in `store/limits.rs`;
//! this is what the counts mean.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;

use crate::call::{Call, FromRequest};
use crate::env::Env;
use crate::log;
use crate::problem::Problem;
use crate::time::Timestamp;

/// How long a window is, in seconds: the seeds' 15 minutes.
const WINDOW: u32 = 15 * 60;

/// A stretch of 15 minutes. All processes see the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    number: i64,
    left: Duration,
}

impl Window {
    pub(crate) fn at(now: Timestamp) -> Self {
        let length = i64::from(WINDOW);
        let past = now.unix().rem_euclid(length);
        Self {
            number: now.unix().div_euclid(length),
            left: Duration::from_secs(u64::try_from(length - past).unwrap_or(1)),
        }
    }

    pub(crate) fn number(self) -> i64 {
        self.number
    }

    /// When its counts may be forgotten: a while after its end, so that two
    /// clocks may differ.
    pub(crate) fn forgotten(self, now: Timestamp) -> Timestamp {
        now.plus(self.left).plus(Duration::from_secs(60))
    }
}

/// How much of a limit is left, as the `RateLimit-*` headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many there are in a window.
    pub(crate) limit: u32,
    /// How many are left in this one.
    pub(crate) remaining: u32,
    /// How long this window still is.
    pub(crate) reset: Duration,
}

impl Quota {
    pub(crate) fn new(limit: u32, used: u32, window: Window) -> Self {
        Self {
            limit,
            remaining: limit.saturating_sub(used),
            reset: window.left,
        }
    }
}

/// From where a request comes, as far as limits tell addresses apart. Always
/// what the gateway saw, never what a header says.
///
/// An IPv6 address counts as its /64: that is what one subscriber is given,
/// and each has 2^64 addresses in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address(Option<IpAddr>);

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

/// What may be done only so often from one address. Each try counts, whatever
/// comes of it.
pub trait Limited: Send + Sync {
    /// What the limit is called in the table and in the log.
    const SCOPE: &'static str;
    /// How often in 15 minutes.
    const MOST: u32;
}

/// Signing in as a customer.
pub struct CustomerSignIns;
/// Signing in as staff.
pub struct StaffSignIns;
/// Making an account.
pub struct Registrations;
/// Accepting an invitation.
pub struct Invitations;

impl Limited for CustomerSignIns {
    const SCOPE: &'static str = "login";
    const MOST: u32 = 30;
}
impl Limited for StaffSignIns {
    const SCOPE: &'static str = "admin-login";
    const MOST: u32 = 5;
}
impl Limited for Registrations {
    const SCOPE: &'static str = "register";
    const MOST: u32 = 20;
}
impl Limited for Invitations {
    const SCOPE: &'static str = "accept-invite";
    const MOST: u32 = 20;
}

/// That this try was counted and is within its limit. It stands after what is
/// tried, so that a broken message is no try.
pub struct Within<L>(PhantomData<L>);

impl<L: Limited> FromRequest for Within<L> {
    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        call.admitted().await;
        let quota = call
            .limits()?
            .count(L::SCOPE, L::MOST, call.address())
            .await?;
        call.metered(quota);
        Ok(Self(PhantomData))
    }
}

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

impl AdminNetworks {
    pub(crate) fn from_env(env: &Env) -> Self {
        let list = env.optional("ADMIN_NETWORKS").unwrap_or_default();
        Self::parse(&list).unwrap_or_else(|| {
            log::failure(
                "admin-networks-unreadable",
                "ADMIN_NETWORKS must be CIDR ranges such as 203.0.113.0/24, separated by commas",
            );
            Self::Listed(Vec::new())
        })
    }

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

    /// Whether a request to this route may come from there. The route's key is
    /// the gateway's own, as is the address.
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
    fn a_window_is_a_quarter_of_an_hour_and_the_same_for_everyone() {
        let at = |text| Window::at(Timestamp::parse(text).unwrap());
        let (start, end) = (at("2026-11-21T10:15:00Z"), at("2026-11-21T10:29:59Z"));
        assert_eq!(start.number(), end.number());
        assert_eq!(start.left, Duration::from_secs(900));
        assert_eq!(end.left, Duration::from_secs(1));
        assert_eq!(at("2026-11-21T10:30:00Z").number(), start.number() + 1);
    }

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
