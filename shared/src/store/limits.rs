//! The table `rate-limits`: how often something was done from an address, or
//! tried on an account, in the present window. Counts, never in a process
//! alone: all processes share them, and none of them resets one by ending.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::env::{Env, FromEnv, StartError};
use crate::ids::UserId;
use crate::journal::{Event, Journal, SignInFailure};
use crate::limit::{Address, Quota, Window};
use crate::log;
use crate::problem::Problem;
use crate::store::item::{Row, number, text};
use crate::store::sign_in::Door;
use crate::store::{condition_failed, failed};
use crate::time::Timestamp;
use crate::user::EmailAddress;

/// How many requests a process takes at first for an address: most that it
/// sees never come back to it, and what it took for them would be lost.
const FIRST_LEASE: u32 = 2;
/// How many it takes from then on.
const LEASE: u32 = 10;
/// Of how many addresses a process keeps leases at most.
const MAX_LEASES: usize = 1000;
/// How long a request waits at most for a lease: no limit is worth more.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a process doesn't ask again after the table didn't answer.
const BREATH: Duration = Duration::from_secs(5);
/// The name of the general limit in the table and in the log.
const REQUESTS: &str = "requests";
/// How many failed sign-ins an account takes, from wherever they come.
const MAX_FAILURES: u32 = 10;

/// The counters.
#[derive(Clone)]
pub(crate) struct LimitStore {
    client: Client,
    table: String,
}

impl FromEnv for LimitStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("RATE_LIMITS_TABLE")?,
        })
    }
}

impl LimitStore {
    /// Counts one try from an address before it is judged.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] beyond the limit; [`Problem::Unavailable`] if
    /// it can't be counted, since what isn't counted can be guessed forever.
    pub(crate) async fn count(
        &self,
        scope: &'static str,
        most: u32,
        address: &Address,
    ) -> Result<Quota, Problem> {
        let window = Window::at(Timestamp::now());
        let subject = format!("{scope}#{address}#{}", window.number());
        match self.add(&subject, 1, most, window).await? {
            Some(used) => Ok(Quota::new(most, used, window)),
            None => Err(Problem::RateLimited {
                scope,
                quota: Quota::new(most, most, window),
            }),
        }
    }

    /// Adds to a counter, unless that would take it past `most`: what it is
    /// then.
    async fn add(
        &self,
        subject: &str,
        more: u32,
        most: u32,
        window: Window,
    ) -> Result<Option<u32>, Problem> {
        let added = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("subject", text(subject))
            .update_expression("ADD used :more SET expiresAt = :end")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":more", number(more))
            .expression_attribute_values(":room", number(i64::from(most) - i64::from(more)))
            .expression_attribute_values(":end", number(window.forgotten(Timestamp::now()).unix()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        match added {
            Ok(added) => {
                let row = added.attributes.unwrap_or_default();
                Ok(Some(Row(&row).number("used")?))
            }
            Err(error) if condition_failed(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Counts a try to open an account as a failure, before it is judged: many
    /// at once must not be more than the limit allows.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if it can't be counted.
    ///
    /// Each door has its own count: whoever fails at the customers' can't close
    /// the staff's to a member of the staff.
    pub(crate) async fn begin(
        &self,
        email: &EmailAddress,
        door: Door,
    ) -> Result<AccountTry, Problem> {
        let window = Window::at(Timestamp::now());
        // An address is nobody's business here; its hash tells accounts apart.
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, email.key().as_bytes()));
        let door = match door {
            Door::Customers => "customer",
            Door::Staff => "staff",
        };
        let subject = format!("account#{door}#{hash}#{}", window.number());
        let used = self.add(&subject, 1, MAX_FAILURES, window).await?;
        Ok(AccountTry { subject, used })
    }

    /// Takes back the failure that [`Self::begin`] counted: it was none. An
    /// account that is told so late only closes a little early.
    pub(crate) async fn succeeded(&self, tried: &AccountTry) {
        let taken_back = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("subject", text(&tried.subject))
            .update_expression("ADD used :less")
            .condition_expression("used > :none")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":none", number(0))
            .send()
            .await;
        if let Err(error) = taken_back {
            log::warn("failure-not-taken-back", &error);
        }
    }
}

/// One try to open an account.
pub(crate) struct AccountTry {
    subject: String,
    used: Option<u32>,
}

impl AccountTry {
    /// Whether there were too many failures before this one.
    pub(crate) fn is_closed(&self) -> bool {
        self.used.is_none()
    }

    /// Writes down that this one failed, and that it was the last for now if it
    /// was.
    pub(crate) fn note_failure(
        &self,
        why: SignInFailure,
        whose: Option<&UserId>,
        journal: &Journal,
    ) {
        journal.note(&Event::SignInFailed(why, whose));
        if self.is_last() {
            journal.note(&Event::AccountLocked(whose));
        }
    }

    fn is_last(&self) -> bool {
        self.used == Some(MAX_FAILURES)
    }
}

/// The general limit: so many requests of an address, counted in leases. A
/// process takes some with one write and spends them from memory, so the limit
/// may bite a little early, never late. How early: by what is left of the
/// leases of those processes that the address never meets again.
///
/// Its map is the one thing a process keeps that requests put there: addresses
/// and counts, nothing else.
pub(crate) struct RateLimiter {
    store: LimitStore,
    most: u32,
    kept: Mutex<Leases>,
}

#[derive(Default)]
struct Leases {
    by_address: HashMap<Address, Lease>,
    /// Counts what was taken, to tell the oldest.
    taken: u64,
    /// Not before then is the table asked again.
    not_before: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Lease {
    window: i64,
    /// Requests that may still be spent here.
    left: u32,
    /// Requests that nobody has taken yet, as of this lease.
    untaken: u32,
    number: u64,
}

impl RateLimiter {
    pub(crate) fn from_env(env: &Env) -> Result<Self, StartError> {
        let most = env.variable("REQUEST_LIMIT")?;
        let most = most.parse().ok().filter(|most| *most >= LEASE);
        Ok(Self {
            store: LimitStore::from_env(env)?,
            most: most.ok_or_else(|| {
                StartError::new("REQUEST_LIMIT must be a whole number, 10 at least")
            })?,
            kept: Mutex::default(),
        })
    }

    pub(crate) fn store(&self) -> &LimitStore {
        &self.store
    }

    /// Takes one request off the address's limit. Nothing is told where that
    /// could not be counted: then the request goes on.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] beyond the limit.
    pub(crate) async fn admit(&self, address: &Address) -> Result<Option<Quota>, Problem> {
        let window = Window::at(Timestamp::now());
        match self.spend(address, window) {
            Spent::Yes(quota) => return Ok(Some(quota)),
            Spent::Closed => return Err(self.refusal(window)),
            Spent::Unasked => return Ok(None),
            Spent::NoLease => {}
        }
        let size = self.next_lease(address, window);
        let lease = tokio::time::timeout(PATIENCE, self.lease(address, size, window)).await;
        match lease.unwrap_or_else(|elapsed| Err(Problem::unavailable(elapsed))) {
            Ok(Some((size, used))) => {
                let untaken = self.most.saturating_sub(used);
                Ok(Some(self.keep(address, window, size - 1, untaken)))
            }
            Ok(None) => {
                self.keep(address, window, 0, 0);
                Err(self.refusal(window))
            }
            Err(problem) => {
                if let Some(cause) = problem.cause() {
                    log::warn("requests-not-counted", cause.as_ref());
                }
                self.locked().not_before = Some(Instant::now() + BREATH);
                Ok(None)
            }
        }
    }

    /// Takes a lease; where so much is not left, a single request. How much it
    /// is, and how much of the limit is taken then.
    async fn lease(
        &self,
        address: &Address,
        size: u32,
        window: Window,
    ) -> Result<Option<(u32, u32)>, Problem> {
        let subject = format!("{REQUESTS}#{address}#{}", window.number());
        for size in [size, 1] {
            let taken = self.store.add(&subject, size, self.most, window).await?;
            if let Some(used) = taken {
                return Ok(Some((size, used)));
            }
        }
        Ok(None)
    }

    fn next_lease(&self, address: &Address, window: Window) -> u32 {
        let kept = self.locked();
        let known = kept.by_address.get(address);
        match known.filter(|lease| lease.window == window.number()) {
            Some(_) => LEASE,
            None => FIRST_LEASE,
        }
    }

    fn refusal(&self, window: Window) -> Problem {
        Problem::RateLimited {
            scope: REQUESTS,
            quota: Quota::new(self.most, self.most, window),
        }
    }

    fn spend(&self, address: &Address, window: Window) -> Spent {
        let mut kept = self.locked();
        let asked_lately = kept.not_before.is_some_and(|then| Instant::now() < then);
        let lease = kept.by_address.get_mut(address);
        match lease.filter(|lease| lease.window == window.number()) {
            Some(lease) if lease.left > 0 => {
                lease.left -= 1;
                Spent::Yes(self.quota(*lease, window))
            }
            Some(lease) if lease.untaken == 0 => Spent::Closed,
            Some(_) | None if asked_lately => Spent::Unasked,
            Some(_) | None => Spent::NoLease,
        }
    }

    fn keep(&self, address: &Address, window: Window, left: u32, untaken: u32) -> Quota {
        let mut kept = self.locked();
        kept.taken += 1;
        let lease = Lease {
            window: window.number(),
            left,
            untaken,
            number: kept.taken,
        };
        if kept.by_address.len() >= MAX_LEASES && !kept.by_address.contains_key(address) {
            kept.by_address
                .retain(|_, lease| lease.window == window.number());
            let oldest = kept.by_address.iter().min_by_key(|(_, lease)| lease.number);
            let oldest = oldest.map(|(address, _)| address.clone());
            if let Some(oldest) = oldest.filter(|_| kept.by_address.len() >= MAX_LEASES) {
                kept.by_address.remove(&oldest);
            }
        }
        kept.by_address.insert(address.clone(), lease);
        self.quota(lease, window)
    }

    fn quota(&self, lease: Lease, window: Window) -> Quota {
        let remaining = lease.untaken + lease.left;
        Quota::new(self.most, self.most.saturating_sub(remaining), window)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Leases> {
        // Counts are whole at every moment, also after a panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
    use super::*;
    use crate::testing::tables;

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
        let tables = tables().await;
        let limiter = RateLimiter::from_env(&tables.env).unwrap();
        let (ann, bob) = (Address::of("192.0.2.1"), Address::of("192.0.2.2"));
        for number in 1..=1000_u32 {
            let left = remaining(limiter.admit(&ann).await);
            // A window may end while this runs; then the count begins anew.
            assert!(left.is_some(), "{number}");
        }
        assert_eq!(remaining(limiter.admit(&ann).await), None);
        assert_eq!(remaining(limiter.admit(&ann).await), None);
        assert_eq!(remaining(limiter.admit(&bob).await), Some(999));
    }

    #[tokio::test]
    async fn two_processes_share_one_count() {
        let tables = tables().await;
        let (one, other) = (
            RateLimiter::from_env(&tables.env).unwrap(),
            RateLimiter::from_env(&tables.env).unwrap(),
        );
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
        let tables = tables().await;
        let limiter = RateLimiter::from_env(&tables.env).unwrap();
        let address = Address::of("192.0.2.1");
        for expected in [2, 2, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 22] {
            limiter.admit(&address).await.unwrap();
            let lease = limiter.locked().by_address[&address];
            assert_eq!(1000 - lease.untaken, expected);
        }
        // Another process finds exactly that taken.
        let other = RateLimiter::from_env(&tables.env).unwrap();
        assert_eq!(remaining(other.admit(&address).await), Some(977));
    }

    #[tokio::test]
    async fn the_map_of_leases_stays_small() {
        let tables = tables().await;
        let limiter = RateLimiter::from_env(&tables.env).unwrap();
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
        let limiter = RateLimiter::from_env(&env).unwrap();
        let address = Address::of("192.0.2.1");
        assert_eq!(limiter.admit(&address).await.unwrap(), None);
        assert_eq!(limiter.admit(&address).await.unwrap(), None);
        let tried = limiter.store().count("login", 30, &address).await;
        assert!(matches!(tried, Err(Problem::Unavailable { .. })));
    }

    #[tokio::test]
    async fn an_account_closes_after_ten_failures_that_many_try_at_once() {
        let tables = tables().await;
        let store: LimitStore = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let tries = (0..40).map(|_| store.begin(&email, Door::Staff));
        let tries = futures_util::future::try_join_all(tries).await.unwrap();
        assert_eq!(tries.iter().filter(|it| !it.is_closed()).count(), 10);
        assert_eq!(tries.iter().filter(|it| it.is_last()).count(), 1);
        let other_door = store.begin(&email, Door::Customers).await.unwrap();
        assert!(!other_door.is_closed());
    }

    #[tokio::test]
    async fn a_sign_in_that_succeeds_is_no_failure() {
        let tables = tables().await;
        let store: LimitStore = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        for _ in 0..30 {
            let tried = store.begin(&email, Door::Customers).await.unwrap();
            assert!(!tried.is_closed());
            store.succeeded(&tried).await;
        }
    }
}
