//! How many failed sign-ins an account takes: ten from one address close it to
//! that address, a hundred from anywhere to all that it doesn't know.

use super::address::Address;
use super::counters::Counters;
use super::window::Window;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::Problem;
use crate::identity::Realm;
use crate::telemetry::{AddressClass, SecurityEvent, SecurityLog, SignInFailure, warn};
use crate::values::{EmailAddress, Timestamp, UserId, sha256_base64url};

/// How many failures from one address close an account to it for the rest of a
/// window.
const MAX_FROM_ADDRESS: u32 = 10;
/// How many failures from anywhere close an account to all addresses from which
/// nobody signed in to it lately.
const MAX_FROM_ANYWHERE: u32 = 100;

/// Counts failed sign-ins per account.
#[derive(Clone)]
pub(crate) struct SignInAttempts {
    counters: Counters,
}

impl FromEnv for SignInAttempts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            counters: Counters::from_env(env)?,
        })
    }
}

impl SignInAttempts {
    /// Counts an attempt as a failure before it is checked: many at once must
    /// not be more than the limits allow. The work is the same whatever comes
    /// of it.
    ///
    /// Each realm has counts of its own, so that whoever fails at the
    /// customers' sign-in can't close the staff's.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if it can't be counted.
    pub(crate) async fn begin<R: Realm>(
        &self,
        email: &EmailAddress,
        address: &Address,
    ) -> Result<CountedAttempt, Problem> {
        let window = Window::at(Timestamp::now());
        // A hash tells accounts apart and tells nobody the e-mail address.
        let hash = sha256_base64url::<32>(email.key().as_bytes());
        let number = window.number();
        let from_address = Count::of(
            format!("{}#{hash}#{address}#{number}", R::ACCOUNT_COUNTER),
            MAX_FROM_ADDRESS,
        );
        let from_address = from_address.add(1, &self.counters, window).await?;
        // What an address is refused for closes the account to no other one.
        let more = u32::from(!from_address.is_full());
        let from_anywhere = Count::of(
            format!("{}#{hash}#{number}", R::ACCOUNT_COUNTER),
            MAX_FROM_ANYWHERE,
        );
        let from_anywhere = from_anywhere.add(more, &self.counters, window).await?;
        Ok(CountedAttempt {
            from_address,
            from_anywhere,
        })
    }

    /// Takes back the failure that [`Self::begin`] counted. If that fails, the
    /// account only closes a little early.
    pub(crate) async fn succeed(&self, attempt: &SignInAttempt) {
        let CountedAttempt {
            from_address,
            from_anywhere,
        } = &attempt.counted;
        tokio::join!(
            from_address.take_back(&self.counters),
            from_anywhere.take_back(&self.counters)
        );
    }
}

/// A count that an attempt was added to.
struct Count {
    subject: String,
    max: u32,
    /// What the count was with this attempt; `None` if it was full before.
    used: Option<u32>,
    /// Whether this attempt was added to it: one that its address is refused
    /// for adds nothing to the count of all addresses.
    is_counted: bool,
}

impl Count {
    fn of(subject: String, max: u32) -> Self {
        Self {
            subject,
            max,
            used: None,
            is_counted: false,
        }
    }

    async fn add(self, more: u32, counters: &Counters, window: Window) -> Result<Self, Problem> {
        let used = counters.add(&self.subject, more, self.max, window).await?;
        let is_counted = used.is_some() && more > 0;
        Ok(Self {
            used,
            is_counted,
            ..self
        })
    }

    async fn take_back(&self, counters: &Counters) {
        if !self.is_counted {
            return;
        }
        if let Err(error) = counters.take_back(&self.subject).await {
            warn("failure-not-taken-back", &error);
        }
    }

    /// Returns whether it was full before this attempt.
    fn is_full(&self) -> bool {
        self.used.is_none()
    }

    /// Returns whether this attempt filled it.
    fn is_filled(&self) -> bool {
        self.is_counted && self.used == Some(self.max)
    }
}

/// An attempt that was counted, before it is known where its account was signed
/// in to from.
pub(crate) struct CountedAttempt {
    from_address: Count,
    from_anywhere: Count,
}

impl CountedAttempt {
    /// Says whether somebody signed in to the account from this address lately.
    pub(crate) fn with_known_address(self, known: bool) -> SignInAttempt {
        SignInAttempt {
            counted: self,
            known,
        }
    }
}

/// One attempt to sign in to an account.
pub(crate) struct SignInAttempt {
    counted: CountedAttempt,
    known: bool,
}

impl SignInAttempt {
    /// Returns whether there were too many failures before this one.
    pub(crate) fn is_locked(&self) -> bool {
        let counted = &self.counted;
        counted.from_address.is_full() || (counted.from_anywhere.is_full() && !self.known)
    }

    /// Writes the security event of the failure, and those of what it closed.
    pub(crate) fn fail(&self, why: SignInFailure, user: Option<&UserId>) {
        let class = match self.known {
            true => AddressClass::Known,
            false => AddressClass::New,
        };
        SecurityLog::emit(&SecurityEvent::SignInFailed(why, user, Some(class)));
        if self.counted.from_address.is_filled() {
            SecurityLog::emit(&SecurityEvent::AccountLocked(user));
        }
        if self.counted.from_anywhere.is_filled() {
            SecurityLog::emit(&SecurityEvent::AccountClosed(user));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::try_join_all;

    use super::*;
    use crate::identity::{CustomerRealm, StaffRealm};
    use crate::limits::window::tables_in_one_window;

    fn email() -> EmailAddress {
        EmailAddress::parse("ann@example.com").unwrap()
    }

    fn address(number: u32) -> Address {
        Address::of(&std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).to_string())
    }

    impl SignInAttempts {
        async fn tried<R: Realm>(&self, address: &Address, known: bool) -> SignInAttempt {
            let counted = self.begin::<R>(&email(), address).await.unwrap();
            counted.with_known_address(known)
        }
    }

    #[tokio::test]
    async fn ten_failures_close_an_account_to_their_address_that_many_try_at_once() {
        let tables = tables_in_one_window().await;
        let attempts: SignInAttempts = tables.open();
        let (email, here) = (email(), address(1));
        let tries = (0..40).map(|_| attempts.begin::<StaffRealm>(&email, &here));
        let tries = try_join_all(tries).await.unwrap().into_iter();
        let tries: Vec<_> = tries.map(|it| it.with_known_address(true)).collect();
        assert_eq!(tries.iter().filter(|it| !it.is_locked()).count(), 10);
        let filled = |it: &&SignInAttempt| it.counted.from_address.is_filled();
        assert_eq!(tries.iter().filter(filled).count(), 1);
        // Another address, and the other realm, go on; what was refused counts
        // for neither.
        let there = attempts.tried::<StaffRealm>(&address(2), false).await;
        assert_eq!(there.counted.from_anywhere.used, Some(11));
        assert!(!there.is_locked());
        let customers = attempts.tried::<CustomerRealm>(&here, false).await;
        assert!(!customers.is_locked());
    }

    #[tokio::test]
    async fn a_hundred_failures_from_anywhere_close_an_account_to_unknown_addresses() {
        let tables = tables_in_one_window().await;
        let attempts: SignInAttempts = tables.open();
        let (email, addresses) = (email(), (0..120).map(address).collect::<Vec<_>>());
        let tries = addresses
            .iter()
            .map(|it| attempts.begin::<CustomerRealm>(&email, it));
        let tries = try_join_all(tries).await.unwrap().into_iter();
        let tries: Vec<_> = tries.map(|it| it.with_known_address(false)).collect();
        assert_eq!(tries.iter().filter(|it| !it.is_locked()).count(), 100);
        let filled = |it: &&SignInAttempt| it.counted.from_anywhere.is_filled();
        assert_eq!(tries.iter().filter(filled).count(), 1);
        // Whoever goes on from an address that is closed closes it only once.
        for number in 0..12 {
            let attempt = attempts.tried::<CustomerRealm>(&address(202), true).await;
            assert_eq!(attempt.counted.from_address.is_filled(), number == 9);
            assert!(!attempt.counted.from_anywhere.is_filled(), "{number}");
        }
        let (unknown, known) = (address(200), address(201));
        let unknown = attempts.tried::<CustomerRealm>(&unknown, false).await;
        assert!(unknown.is_locked());
        // From where someone signed in lately it is open, for ten failures.
        for number in 0..12 {
            let attempt = attempts.tried::<CustomerRealm>(&known, true).await;
            assert_eq!(attempt.is_locked(), number >= 10, "{number}");
        }
        let staff = attempts.tried::<StaffRealm>(&address(300), false).await;
        assert!(!staff.is_locked());
    }

    #[tokio::test]
    async fn one_address_does_not_close_an_account_to_others() {
        let tables = tables_in_one_window().await;
        let attempts: SignInAttempts = tables.open();
        for host in 0..150 {
            // One subscriber of IPv6 has many.
            let address = Address::of(&format!("2001:db8:1:2::{host:x}"));
            let attempt = attempts.tried::<CustomerRealm>(&address, false).await;
            assert_eq!(attempt.is_locked(), host >= 10, "{host}");
        }
        let other = Address::of("2001:db8:1:3::1");
        let other = attempts.tried::<CustomerRealm>(&other, false).await;
        assert!(!other.is_locked());
    }

    #[tokio::test]
    async fn a_sign_in_that_succeeds_is_no_failure() {
        let tables = tables_in_one_window().await;
        let attempts: SignInAttempts = tables.open();
        for _ in 0..30 {
            let attempt = attempts.tried::<CustomerRealm>(&address(1), false).await;
            assert!(!attempt.is_locked());
            assert_eq!(attempt.counted.from_anywhere.used, Some(1));
            attempts.succeed(&attempt).await;
        }
    }
}
