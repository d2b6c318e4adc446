//! Where people sign in. Whatever is wrong, the answer is the same and the
//! same work was done for it: two reads, one hash, one count.

use crate::env::{Env, FromEnv, StartError};
use crate::ids::{PathId, UserId};
use crate::journal::{Event, Journal, SignInFailure};
use crate::problem::Problem;
use crate::store::credentials::CredentialStore;
use crate::store::limits::LimitStore;
use crate::store::users::UserStore;
use crate::user::{Role, SignIn, User, UserStatus};

/// Whose record is read where an address has no account: nobody's.
const NOBODY: &str = "usr_00000000000000000000000000";

/// Where one signs in: customers and staff have a door each, since the staff's
/// takes fewer tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `login`
    Customers,
    /// `admin-login`
    Staff,
}

impl Door {
    fn is_for(self, role: Role) -> bool {
        role.is_staff() == (self == Self::Staff)
    }
}

/// Addresses, passwords, people, and how often someone may be wrong.
#[derive(Clone)]
pub struct SignInDesk {
    credentials: CredentialStore,
    users: UserStore,
    limits: LimitStore,
}

impl FromEnv for SignInDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: CredentialStore::from_env(env)?,
            users: UserStore::from_env(env)?,
            limits: LimitStore::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.credentials.warm().await;
    }
}

impl SignInDesk {
    /// Checks an address and a password.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] for an unknown address, a wrong password, an
    /// account that may not be used or not here, and one with ten failures in
    /// this quarter of an hour; [`Problem::Unavailable`] if failures can't be
    /// counted.
    pub async fn sign_in(
        &self,
        attempt: &SignIn,
        door: Door,
        journal: &Journal,
    ) -> Result<User, Problem> {
        let tried = self.limits.begin(&attempt.email).await?;
        let found = self.credentials.find(&attempt.email).await?;
        let nobody = UserId::parse(NOBODY);
        let id = found.as_ref().map(|it| &it.user_id).or(nobody.as_ref());
        let id = id.ok_or_else(|| Problem::internal("nobody has no id"))?;
        let user = self.users.find(id).await?;
        let stored = found.as_ref().and_then(|it| it.password.as_ref());
        let right = attempt.password.is(stored)?;

        let failure = match &user {
            _ if tried.is_closed() => SignInFailure::Locked,
            None => SignInFailure::UnknownAddress,
            Some(user) if right && user.status != UserStatus::Active => SignInFailure::NotActive,
            Some(user) if right && !door.is_for(user.role) => SignInFailure::WrongDoor,
            Some(_) if !right => SignInFailure::WrongPassword,
            Some(user) => {
                let rehashed = async {
                    if let Some(old) = stored
                        && let Some(new) = attempt.password.rehash(old)?
                    {
                        self.credentials.strengthen(&attempt.email, old, &new).await;
                    }
                    Ok::<_, Problem>(())
                };
                let counted = async { Ok(self.limits.succeeded(&tried).await) };
                tokio::try_join!(rehashed, counted)?;
                journal.note(&Event::SignedIn(&user.id));
                return Ok(user.clone());
            }
        };
        let whose = user.as_ref().map(|user| &user.id);
        journal.note(&Event::SignInFailed(failure, whose));
        if tried.is_last() {
            journal.note(&Event::AccountLocked(whose));
        }
        Err(Problem::SignInFailed)
    }
}
