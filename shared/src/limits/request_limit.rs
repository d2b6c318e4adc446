//! The general limit: how many requests an address may send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::address::Address;
use super::counters::Counters;
use super::window::Window;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::DynamoDbError;
use crate::http::{Problem, Quota};
use crate::telemetry::warn;
use crate::values::{Moment, Timestamp};

/// How many requests a process leases at first for an address: most addresses
/// never meet this process again, and what it leased for them is lost.
const FIRST_LEASE: u32 = 2;
/// How many it leases from then on.
const LEASE: u32 = 10;
/// For how many addresses a process keeps leases at most.
const MAX_LEASES: usize = 1000;
/// Longest wait for a lease; after it the request goes on uncounted.
const LEASE_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for the next lease, which the request that waits doesn't need.
const RENEWAL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a process waits before it asks a table again that didn't answer.
const BACKOFF: Duration = Duration::from_secs(5);
/// The name of the general limit in the table and in the log.
const REQUESTS: &str = "requests";

/// The general limit on the requests of an address, counted in leases. A
/// process leases some with one write and spends them from memory, so that the
/// limit may be reached early but never late: early by what is left of the
/// leases of processes that the address never meets again.
///
/// Its map holds addresses and counts, nothing else.
#[derive(Clone)]
pub(crate) struct RequestLimit {
    counters: Counters,
    max: u32,
    leases: Arc<Mutex<Leases>>,
}

#[derive(Default)]
struct Leases {
    by_address: HashMap<Address, Lease>,
    /// Counts the leases that were taken, to tell the oldest.
    taken: u64,
    /// When the table could not be asked.
    failed: Option<Moment>,
}

#[derive(Clone, Copy)]
struct Lease {
    window: i64,
    /// How many requests were leased.
    size: u32,
    /// Requests that may still be spent here.
    left: u32,
    /// Requests that no process had leased when this lease was taken.
    unleased: u32,
    number: u64,
}

impl Leases {
    fn is_backing_off(&self) -> bool {
        self.failed.is_some_and(|it| it.age() < BACKOFF)
    }
}

impl Lease {
    fn is_of(&self, window: Window) -> bool {
        self.window == window.number()
    }
}

impl FromEnv for RequestLimit {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let max = env.variable("REQUEST_LIMIT")?;
        let max = max.parse().ok().filter(|max| *max >= LEASE);
        Ok(Self {
            counters: Counters::from_env(env)?,
            max: max.ok_or_else(|| {
                StartError::new("REQUEST_LIMIT must be a whole number, 10 at least")
            })?,
            leases: Arc::default(),
        })
    }
}

impl RequestLimit {
    /// Counts one request of an address. Returns `None` where that could not be
    /// counted: the request goes on.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] beyond the limit.
    pub(crate) async fn admit(&self, address: &Address) -> Result<Option<Quota>, Problem> {
        let window = Window::at(Timestamp::now());
        let mut spent = self.spend(address, window);
        if let Spent::NoLease = spent {
            self.take_lease(address, window).await;
            spent = self.spend(address, window);
        }
        match spent {
            Spent::Yes(quota) => Ok(Some(quota)),
            Spent::Closed => Err(self.refusal(window)),
            Spent::Unasked | Spent::NoLease => Ok(None),
        }
    }

    /// Takes the next lease of an address that has just spent a whole one, so that
    /// its next request need not wait for it. If that takes long, it is left to the
    /// next request.
    pub(crate) async fn renew(&self, address: &Address) {
        let window = Window::at(Timestamp::now());
        if self.is_spent(address, window) {
            let renewed = self.take_lease(address, window);
            let _ = tokio::time::timeout(RENEWAL_TIMEOUT, renewed).await;
        }
    }

    /// Takes a lease and keeps it, or keeps that there is none to be had.
    async fn take_lease(&self, address: &Address, window: Window) {
        let size = self.next_size(address, window);
        let lease = tokio::time::timeout(LEASE_TIMEOUT, self.lease(address, size, window)).await;
        match lease.unwrap_or_else(|elapsed| Err(AwsError::unavailable(elapsed).into())) {
            Ok(Some((size, used))) => {
                self.keep(address, window, size, self.max.saturating_sub(used));
            }
            Ok(None) => self.keep(address, window, 0, 0),
            Err(error) => {
                warn("requests-not-counted", &error);
                self.locked().failed = Some(Moment::now());
            }
        }
    }

    /// Takes a lease, or a single request where a lease is not left. Returns how
    /// many requests it is and how much of the limit is used then.
    async fn lease(
        &self,
        address: &Address,
        size: u32,
        window: Window,
    ) -> Result<Option<(u32, u32)>, DynamoDbError> {
        let subject = format!("{REQUESTS}#{address}#{}", window.number());
        for size in [size, 1] {
            let taken = self.counters.add(&subject, size, self.max, window).await?;
            if let Some(used) = taken {
                return Ok(Some((size, used)));
            }
        }
        Ok(None)
    }

    fn next_size(&self, address: &Address, window: Window) -> u32 {
        let kept = self.locked();
        let known = kept.by_address.get(address);
        match known.filter(|lease| lease.is_of(window)) {
            Some(_) => LEASE,
            None => FIRST_LEASE,
        }
    }

    fn refusal(&self, window: Window) -> Problem {
        Problem::RateLimited {
            limit: REQUESTS,
            quota: window.quota(self.max, self.max),
        }
    }

    /// Returns whether the last request of a whole lease was spent and there may be
    /// another. Whoever has had no more than a first lease may not come again.
    fn is_spent(&self, address: &Address, window: Window) -> bool {
        let kept = self.locked();
        let lease = kept.by_address.get(address);
        let lease = lease.filter(|it| it.is_of(window) && it.size == LEASE);
        let spent = lease.is_some_and(|it| it.left == 0 && it.unleased > 0);
        spent && !kept.is_backing_off()
    }

    fn spend(&self, address: &Address, window: Window) -> Spent {
        let mut kept = self.locked();
        let backing_off = kept.is_backing_off();
        let lease = kept.by_address.get_mut(address);
        match lease.filter(|lease| lease.is_of(window)) {
            Some(lease) if lease.left > 0 => {
                lease.left -= 1;
                Spent::Yes(self.quota(*lease, window))
            }
            Some(lease) if lease.unleased == 0 => Spent::Closed,
            Some(_) | None if backing_off => Spent::Unasked,
            Some(_) | None => Spent::NoLease,
        }
    }

    fn keep(&self, address: &Address, window: Window, left: u32, unleased: u32) {
        let mut kept = self.locked();
        kept.taken += 1;
        let lease = Lease {
            window: window.number(),
            size: left,
            left,
            unleased,
            number: kept.taken,
        };
        if kept.by_address.len() >= MAX_LEASES && !kept.by_address.contains_key(address) {
            kept.by_address.retain(|_, lease| lease.is_of(window));
            let oldest = kept.by_address.iter().min_by_key(|(_, lease)| lease.number);
            let oldest = oldest.map(|(address, _)| address.clone());
            if let Some(oldest) = oldest.filter(|_| kept.by_address.len() >= MAX_LEASES) {
                kept.by_address.remove(&oldest);
            }
        }
        kept.by_address.insert(address.clone(), lease);
    }

    fn quota(&self, lease: Lease, window: Window) -> Quota {
        let remaining = lease.unleased + lease.left;
        window.quota(self.max, self.max.saturating_sub(remaining))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Leases> {
        // Counts are whole at every moment, also after a panic.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Spent {
    Yes(Quota),
    Closed,
    NoLease,
    Unasked,
}

#[cfg(test)]
mod tests {
    use cloud::{Calls, Fault};

    use super::*;
    use crate::limits::window::tables_in_one_window;
    use crate::testing::tables;

    const SECOND: Duration = Duration::from_secs(1);

    fn remaining(quota: Result<Option<Quota>, Problem>) -> Option<u32> {
        match quota {
            Ok(quota) => Some(quota.unwrap().remaining),
            Err(Problem::RateLimited { quota, .. }) => {
                assert_eq!(quota.remaining, 0);
                None
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_thousand_requests_pass_and_not_one_more() {
        let tables = tables_in_one_window().await;
        let limiter = tables.open::<RequestLimit>();
        let (ann, bob) = (Address::of("192.0.2.1"), Address::of("192.0.2.2"));
        for number in 1..=1000_u32 {
            let left = remaining(limiter.admit(&ann).await);
            assert!(left.is_some(), "{number}");
        }
        assert_eq!(remaining(limiter.admit(&ann).await), None);
        assert_eq!(remaining(limiter.admit(&ann).await), None);
        assert_eq!(remaining(limiter.admit(&bob).await), Some(999));
    }

    #[tokio::test]
    async fn two_processes_share_one_count() {
        let tables = tables_in_one_window().await;
        let (one, other) = (tables.open::<RequestLimit>(), tables.open::<RequestLimit>());
        let address = Address::of("192.0.2.1");
        let mut passed = 0;
        while passed <= 1000 && one.admit(&address).await.is_ok() {
            passed += 1;
            if other.admit(&address).await.is_ok() {
                passed += 1;
            }
        }
        assert!((990..=1000).contains(&passed), "{passed}");
    }

    #[tokio::test]
    async fn a_process_takes_two_requests_at_first_and_then_ten_at_once() {
        let tables = tables_in_one_window().await;
        let limiter = tables.open::<RequestLimit>();
        let address = Address::of("192.0.2.1");
        for expected in [2, 2, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 22] {
            limiter.admit(&address).await.unwrap();
            let lease = limiter.locked().by_address[&address];
            assert_eq!(1000 - lease.unleased, expected);
        }
        // Another process finds exactly that taken.
        let other = tables.open::<RequestLimit>();
        assert_eq!(remaining(other.admit(&address).await), Some(977));
    }

    #[tokio::test]
    async fn who_was_admitted_finds_the_next_lease_taken() {
        let tables = tables_in_one_window().await;
        let limiter = tables.open::<RequestLimit>();
        let (ann, bob) = (Address::of("192.0.2.1"), Address::of("192.0.2.2"));
        // Nobody takes a lease who has none.
        limiter.renew(&ann).await;
        assert!(limiter.locked().by_address.is_empty());
        let mut passed = 0;
        for (expected, left) in [(2, 1), (2, 0), (12, 9)] {
            limiter.admit(&ann).await.unwrap();
            limiter.renew(&ann).await;
            let lease = limiter.locked().by_address[&ann];
            assert_eq!((1000 - lease.unleased, lease.left), (expected, left));
            passed += 1;
        }
        for left in [8, 7, 6, 5, 4, 3, 2, 1, 10, 9] {
            limiter.admit(&ann).await.unwrap();
            limiter.renew(&ann).await;
            assert_eq!(limiter.locked().by_address[&ann].left, left);
            passed += 1;
        }
        // Nothing is counted twice, and the limit stays where it is.
        while limiter.admit(&ann).await.is_ok() {
            limiter.renew(&ann).await;
            passed += 1;
        }
        assert_eq!(passed, 1000);
        assert!(limiter.admit(&bob).await.is_ok());
    }

    #[tokio::test]
    async fn a_renewal_that_takes_long_is_left_to_the_next_request() {
        let tables = tables_in_one_window().await;
        let limiter = tables.open::<RequestLimit>();
        let address = Address::of("192.0.2.1");
        for _ in 0..12 {
            limiter.admit(&address).await.unwrap();
        }
        let late = Calls::of("UpdateItem").on(tables.table("RATE_LIMITS_TABLE"));
        let late = tables
            .faults()
            .inject(late, Fault::AnswerLate(600 * SECOND));
        limiter.renew(&address).await;
        assert_eq!(late.hits(), 1);
        // What it took is lost, and the table is not taken for lost.
        assert_eq!(remaining(limiter.admit(&address).await), Some(977));
    }

    #[tokio::test]
    async fn the_map_of_leases_stays_small() {
        let tables = tables().await;
        let limiter = tables.open::<RequestLimit>();
        let window = Window::at(Timestamp::now());
        for number in 0..1500_u32 {
            let address = Address::of(&std::net::Ipv4Addr::from_bits(number).to_string());
            limiter.keep(&address, window, 9, 900);
        }
        let kept = limiter.locked();
        assert_eq!(kept.by_address.len(), MAX_LEASES);
        assert!(!kept.by_address.contains_key(&Address::of("0.0.0.0")));
        assert!(kept.by_address.contains_key(&Address::of("0.0.5.219")));
    }

    #[tokio::test]
    async fn while_the_table_can_not_be_reached_requests_go_on_and_tries_do_not() {
        let tables = tables().await;
        let env = tables.env_without_dynamodb();
        let limiter = RequestLimit::from_env(&env).unwrap();
        let address = Address::of("192.0.2.1");
        assert_eq!(limiter.admit(&address).await.unwrap(), None);
        assert_eq!(limiter.admit(&address).await.unwrap(), None);
        let tried = limiter.counters.count("login", 30, &address).await;
        assert!(matches!(tried, Err(Problem::Unavailable { .. })));
    }

    #[tokio::test]
    async fn a_process_that_was_frozen_asks_the_table_again() {
        let tables = tables().await;
        let limiter = tables.open::<RequestLimit>();
        let address = Address::of("192.0.2.1");
        for (frozen, asked) in [(Duration::ZERO, false), (BACKOFF, true)] {
            limiter.locked().failed = Some(Moment::before_a_freeze_of(frozen));
            let quota = limiter.admit(&address).await.unwrap();
            assert_eq!(quota.is_some(), asked, "{frozen:?}");
        }
    }
}
