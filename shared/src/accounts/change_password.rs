//! Changing one's own password.

use std::marker::PhantomData;

use super::credentials::Credentials;
use super::password::{PasswordAttempt, ProposedPassword};
use super::sessions::Sessions;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Deadline, Problem};
use crate::identity::{Identity, NamesUser, Realm, Role, Users};
use crate::input::{Fields, FromJson};
use crate::limits::{Address, KnownAddresses, SignInAttempts};
use crate::telemetry::SignInFailure;
use crate::values::Timestamp;

/// What a person of a realm sends to change their password.
pub struct PasswordChange<R> {
    /// The one they have.
    pub current: PasswordAttempt,
    /// The one they would like to have.
    pub new: ProposedPassword,
    realm: PhantomData<R>,
}

impl<R: Realm> FromJson for PasswordChange<R> {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let read_new = match R::has_role(Role::Customer) {
            true => ProposedPassword::read,
            false => ProposedPassword::read_for_staff,
        };
        let current = fields.required("currentPassword", PasswordAttempt::read);
        let new = fields.required("newPassword", read_new);
        Some(Self {
            current: current?,
            new: new?,
            realm: PhantomData,
        })
    }
}

/// Changes the passwords of a realm.
#[derive(Clone)]
pub struct ChangePassword<R> {
    credentials: Credentials<R>,
    users: Users<R>,
    sessions: Sessions<R>,
    attempts: SignInAttempts,
    addresses: KnownAddresses<R>,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Password,
    User,
}

impl<R: Realm> FromEnv for ChangePassword<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: Credentials::from_env(env)?,
            users: Users::from_env(env)?,
            sessions: Sessions::from_env(env)?,
            attempts: SignInAttempts::from_env(env)?,
            addresses: KnownAddresses::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl<R: Realm> ChangePassword<R> {
    /// Changes the caller's password and ends all of their sessions but this
    /// one, and the access tokens that are out. Whoever holds a stolen token
    /// can guess the old password no more often than at a sign-in.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a wrong current password or an unfit new one;
    /// [`Problem::BadToken`] for a token that has ended.
    pub async fn change(
        &self,
        caller: &(impl Identity<Realm = R> + NamesUser<R>),
        wanted: PasswordChange<R>,
        address: &Address,
        deadline: Deadline,
    ) -> Result<(), Problem> {
        let user = self.users.require_active(caller).await?;
        let new = wanted.new.for_account(user.role, &user.email, &user.name);
        let new = new.map_err(|reason| Problem::invalid("/newPassword", reason))?;
        let wrong = || Problem::invalid("/currentPassword", "is not the password");

        let (attempt, found, known) = tokio::try_join!(
            self.attempts.begin::<R>(&user.email, address),
            async { Ok(self.credentials.get(&user.email).await?) },
            async { Ok(self.addresses.contains(caller, address).await?) }
        )?;
        let attempt = attempt.with_known_address(known);
        let stored = found.filter(|it| *NamesUser::<R>::named_user(it) == user.id);
        let stored = stored.and_then(|it| it.password);
        let right = wanted.current.verify(stored.as_ref())?;
        let Some(old) = stored.filter(|_| right && !attempt.is_locked()) else {
            let why = match attempt.is_locked() {
                true => SignInFailure::Locked,
                false => SignInFailure::WrongPassword,
            };
            attempt.fail(why, Some(&user.id));
            return Err(wrong());
        };
        self.attempts.succeed(&attempt).await;

        let hash = new.hash()?;
        let password = self.credentials.replace_password(&user.email, &old, &hash);
        let ended_at = Timestamp::now();
        // Dated last: what was issued while the hash was made must end too.
        let session = caller.session_id();
        let ended = self.users.end_other_sessions(&user, session).await;
        let changes = vec![Change::of("password")];
        let record = Record::by(caller, Action::PasswordChanged, user.id.as_str(), changes);
        let parts = Transaction::new()
            .with(Part::Password, password)
            .with(Part::User, ended);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => {}
            Outcome::Refused(parts) => {
                return Err(match parts.first() {
                    // Another request has changed it meanwhile.
                    Some(Part::Password) => wrong(),
                    Some(Part::User) | None => Problem::Conflict(Conflict::Stale),
                });
            }
        }
        // They have ended already, by the date in the user's record.
        let sessions = &self.sessions;
        sessions
            .tidy_up(caller, Some(session), ended_at, deadline)
            .await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dynamodb::ItemBuilder;
    use crate::identity::{Customer, CustomerRealm};
    use crate::input::parse_json;
    use crate::testing::{Tables, tables};

    async fn with_customer() -> (Tables, ChangePassword<CustomerRealm>, Customer) {
        let tables = tables().await;
        let customer = tables.customer().await;
        let key = ItemBuilder::new().text("userId", customer.user_id().as_str());
        // Whatever the second was in which the account was made.
        let values = ItemBuilder::new().number("tokensValidAfter", 1000);
        let (key, values) = (key.into_attributes(), values.into_attributes());
        tables.change("USERS_TABLE", key, values).await;
        let passwords = tables.open();
        (tables, passwords, customer)
    }

    async fn change(
        passwords: &ChangePassword<CustomerRealm>,
        by: &Customer,
    ) -> Result<(), Problem> {
        let body = br#"{"currentPassword":"a test's password","newPassword":"owls at night"}"#;
        let deadline = Deadline::after(Duration::from_secs(10));
        let address = Address::of("192.0.2.1");
        let wanted = parse_json(body).unwrap();
        passwords.change(by, wanted, &address, deadline).await
    }

    #[tokio::test]
    async fn a_changed_password_is_no_failure_because_sessions_can_not_be_deleted() {
        let (tables, mut passwords, customer) = with_customer().await;
        passwords.sessions = Sessions::from_env(&tables.env_without_dynamodb()).unwrap();
        change(&passwords, &customer).await.unwrap();
    }

    #[tokio::test]
    async fn a_changed_password_does_not_wait_for_sessions_to_be_deleted() {
        let (tables, mut passwords, customer) = with_customer().await;
        // It takes connections and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let env = tables.env_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
        passwords.sessions = Sessions::from_env(&env).unwrap();
        // The SDK alone would wait for two seconds, and try again.
        let changed = change(&passwords, &customer);
        let changed = tokio::time::timeout(Duration::from_millis(1900), changed).await;
        changed.unwrap().unwrap();
    }
}
