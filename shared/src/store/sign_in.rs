//! Where people sign in. Whatever is wrong, the answer is the same and the
//! same work was done for it: two reads, one hash, one count. (A hash of
//! bcrypt, which only imported users have and only until they sign in, is more
//! work than one of argon2id.)

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::env::{Env, FromEnv, StartError};
use crate::ids::{PathId, UserId};
use crate::journal::{Event, Journal, SignInFailure};
use crate::password::StoredPassword;
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
    /// The door of that role.
    pub(crate) fn of(role: Role) -> Self {
        if role.is_staff() {
            Self::Staff
        } else {
            Self::Customers
        }
    }
}

/// Someone who has just shown who they are: what a session is opened for.
pub struct SignedIn {
    pub(crate) user: User,
    /// That what they showed still holds at the moment at which the session is
    /// opened: a password that is changed in between opens nothing.
    pub(crate) proof: Option<TransactWriteItem>,
}

impl SignedIn {
    /// Someone whose account was made by this very request.
    pub(crate) fn just_made(user: User) -> Self {
        Self { user, proof: None }
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
    ) -> Result<SignedIn, Problem> {
        let (tried, found) = tokio::try_join!(
            self.limits.begin(&attempt.email, door),
            self.credentials.find(&attempt.email)
        )?;
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
            Some(user) if right && door != Door::of(user.role) => SignInFailure::WrongDoor,
            Some(_) if !right => SignInFailure::WrongPassword,
            Some(user) => {
                let ((), proof) =
                    tokio::join!(self.limits.succeeded(&tried), self.proof(attempt, stored));
                let user = user.clone();
                journal.note(&Event::SignedIn(&user.id));
                let proof = Some(proof?);
                return Ok(SignedIn { user, proof });
            }
        };
        let whose = user.as_ref().map(|user| &user.id);
        tried.note_failure(failure, whose, journal);
        Err(Problem::SignInFailed)
    }

    /// What must still hold when the session is opened. A hash of bcrypt gives
    /// way to a better one first.
    async fn proof(
        &self,
        attempt: &SignIn,
        stored: Option<&StoredPassword>,
    ) -> Result<TransactWriteItem, Problem> {
        let old = stored.ok_or_else(|| Problem::internal("right without a password"))?;
        if let Some(new) = attempt.password.rehash(old)?
            && self.credentials.strengthen(&attempt.email, old, &new).await
        {
            return self.credentials.still_has(&attempt.email, &new);
        }
        self.credentials.still_has(&attempt.email, old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::password::NewPassword;
    use crate::store::credentials::AccountDesk;
    use crate::store::item::text;
    use crate::store::transaction::{Written, write_all};
    use crate::testing::{Tables, tables};
    use crate::user::EmailAddress;

    fn attempt() -> SignIn {
        json::parse(br#"{"email":"ann@example.com","password":"owls at night"}"#).unwrap()
    }

    async fn with_ann() -> (Tables, SignInDesk) {
        let tables = tables().await;
        let accounts: AccountDesk = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let password = NewPassword::trusted("owls at night");
        let journal = Journal::of_operator();
        accounts.insert(ann, &password, &journal).await.unwrap();
        let desk = tables.open();
        (tables, desk)
    }

    #[tokio::test]
    async fn a_password_that_is_changed_before_the_session_is_opened_opens_none() {
        let (_tables, desk) = with_ann().await;
        let journal = Journal::of_operator();
        let signed_in = desk.sign_in(&attempt(), Door::Customers, &journal).await;
        let proof = signed_in.unwrap().proof.unwrap();
        let written = write_all(&desk.users.client, vec![proof.clone()]).await;
        assert!(matches!(written, Ok(Written::Done)));

        let email = attempt().email;
        let another = NewPassword::trusted("bats at noon").hash().unwrap();
        let values = [(":new", text(another.as_str()))];
        let change = desk.credentials.update(
            &email,
            "SET passwordHash = :new",
            "attribute_exists(login)",
            values,
        );
        let changed = write_all(&desk.users.client, vec![change.unwrap()]).await;
        assert!(matches!(changed, Ok(Written::Done)));
        let written = write_all(&desk.users.client, vec![proof]).await;
        assert!(matches!(written, Ok(Written::Refused(_))));
    }

    #[tokio::test]
    async fn nobody_signs_in_at_the_others_door() {
        let (_tables, desk) = with_ann().await;
        let journal = Journal::of_operator();
        for (door, opens) in [(Door::Staff, false), (Door::Customers, true)] {
            let signed_in = desk.sign_in(&attempt(), door, &journal).await;
            assert_eq!(signed_in.is_ok(), opens);
        }
    }
}
