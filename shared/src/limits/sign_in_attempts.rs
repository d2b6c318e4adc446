//! How many failed sign-ins an account takes, from wherever they come.

use super::counters::Counters;
use super::window::Window;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::Problem;
use crate::identity::Realm;
use crate::telemetry::{SecurityEvent, SecurityLog, SignInFailure, warn};
use crate::values::{EmailAddress, Timestamp, UserId, sha256_base64url};

/// How many failures close an account for the rest of a window.
const MAX_FAILURES: u32 = 10;

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
    /// not be more than the limit allows.
    ///
    /// Each realm has a count of its own, so that whoever fails at the
    /// customers' sign-in can't close the staff's.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if it can't be counted.
    pub(crate) async fn begin<R: Realm>(
        &self,
        email: &EmailAddress,
    ) -> Result<SignInAttempt, Problem> {
        let window = Window::at(Timestamp::now());
        // A hash tells accounts apart and tells nobody the address.
        let hash = sha256_base64url::<32>(email.key().as_bytes());
        let subject = format!("{}#{hash}#{}", R::ACCOUNT_COUNTER, window.number());
        let used = self.counters.add(&subject, 1, MAX_FAILURES, window).await?;
        Ok(SignInAttempt { subject, used })
    }

    /// Takes back the failure that [`Self::begin`] counted. If that fails, the
    /// account only closes a little early.
    pub(crate) async fn succeed(&self, attempt: &SignInAttempt) {
        if let Err(error) = self.counters.take_back(&attempt.subject).await {
            warn("failure-not-taken-back", &error);
        }
    }
}

/// One attempt to sign in to an account.
pub(crate) struct SignInAttempt {
    subject: String,
    used: Option<u32>,
}

impl SignInAttempt {
    /// Returns whether there were too many failures before this one.
    pub(crate) fn is_locked(&self) -> bool {
        self.used.is_none()
    }

    /// Writes the security event of the failure, and that of the lock if this
    /// was the last failure before it.
    pub(crate) fn fail(&self, why: SignInFailure, user: Option<&UserId>) {
        SecurityLog::emit(&SecurityEvent::SignInFailed(why, user));
        if self.is_last() {
            SecurityLog::emit(&SecurityEvent::AccountLocked(user));
        }
    }

    fn is_last(&self) -> bool {
        self.used == Some(MAX_FAILURES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{CustomerRealm, StaffRealm};
    use crate::testing::tables;

    #[tokio::test]
    async fn an_account_closes_after_ten_failures_that_many_try_at_once() {
        let tables = tables().await;
        let attempts: SignInAttempts = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let tries = (0..40).map(|_| attempts.begin::<StaffRealm>(&email));
        let tries = futures_util::future::try_join_all(tries).await.unwrap();
        assert_eq!(tries.iter().filter(|it| !it.is_locked()).count(), 10);
        assert_eq!(tries.iter().filter(|it| it.is_last()).count(), 1);
        let other_realm = attempts.begin::<CustomerRealm>(&email).await.unwrap();
        assert!(!other_realm.is_locked());
    }

    #[tokio::test]
    async fn a_sign_in_that_succeeds_is_no_failure() {
        let tables = tables().await;
        let attempts: SignInAttempts = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        for _ in 0..30 {
            let attempt = attempts.begin::<CustomerRealm>(&email).await.unwrap();
            assert!(!attempt.is_locked());
            attempts.succeed(&attempt).await;
        }
    }
}
