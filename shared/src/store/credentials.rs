//! The table `credentials`: which address and password open which account.
//! Only the functions that sign people in may read it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use crate::env::{Env, FromEnv, StartError};
use crate::ids::UserId;
use crate::password::{NewPassword, StoredPassword};
use crate::problem::{Conflict, Problem};
use crate::store::failed;
use crate::store::item::{Item, Row, text};
use crate::store::users::{self, UserStore};
use crate::time::Timestamp;
use crate::user::{EmailAddress, Registration, Role, SignIn, User, UserStatus};

/// That someone has just shown who they are, by a password or a session.
/// Made in the stores that check those, nowhere else.
pub struct Proof(UserId);

impl Proof {
    pub(crate) fn new(user_id: UserId) -> Self {
        Self(user_id)
    }

    pub(crate) fn user_id(&self) -> &UserId {
        &self.0
    }
}

/// Addresses and passwords.
#[derive(Clone)]
pub struct CredentialStore {
    client: Client,
    table: String,
}

impl FromEnv for CredentialStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("CREDENTIALS_TABLE")?,
        })
    }

    async fn warm(&self) {
        // No address is empty, so there is no such row: half a read unit.
        let _ = self.find("email#").await;
    }
}

impl CredentialStore {
    /// Checks an address and a password. An unknown address takes the time
    /// of a wrong password.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] for either.
    pub async fn verify(&self, attempt: &SignIn) -> Result<Proof, Problem> {
        let found = self.find(&key(&attempt.email)).await?;
        let stored = found.as_ref().map(|(_, password)| password);
        let right = attempt.password.is(stored)?;
        match found {
            Some((user_id, _)) if right => Ok(Proof::new(user_id)),
            Some(_) | None => Err(Problem::SignInFailed),
        }
    }

    async fn find(&self, login: &str) -> Result<Option<(UserId, StoredPassword)>, Problem> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("login", text(login))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        let Some(item) = found.item else {
            return Ok(None);
        };
        let row = Row(&item);
        let password = StoredPassword::new(row.text("passwordHash")?.to_owned());
        Ok(Some((row.id("userId")?, password)))
    }
}

/// Where accounts are made.
#[derive(Clone)]
pub struct AccountDesk {
    credentials: CredentialStore,
    users: UserStore,
}

impl FromEnv for AccountDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: CredentialStore::from_env(env)?,
            users: UserStore::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.credentials.warm().await;
    }
}

impl AccountDesk {
    /// Makes a customer's account.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has one.
    pub async fn register(&self, new: Registration) -> Result<User, Problem> {
        let user = User {
            id: UserId::generate()?,
            email: new.email,
            name: new.name,
            phone: new.phone,
            role: Role::Customer,
            status: UserStatus::Active,
            tokens_valid_after: Timestamp::now(),
            created_at: Timestamp::now(),
        };
        self.insert(user, &new.password).await
    }

    /// Makes an account of any role. The demo shop is peopled this way; no
    /// function makes an account that a newcomer did not ask for.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn insert(&self, user: User, password: &NewPassword) -> Result<User, Problem> {
        let credential = Item::new()
            .text("login", key(&user.email))
            .text("userId", user.id.as_str())
            .text("passwordHash", password.hash()?.as_str())
            .into_attributes();
        let put_credential = Put::builder()
            .table_name(&self.credentials.table)
            .set_item(Some(credential))
            .condition_expression("attribute_not_exists(login)")
            .build()
            .map_err(Problem::internal)?;
        let put_user = Put::builder()
            .table_name(&self.users.table)
            .set_item(Some(users::write(&user)))
            .condition_expression("attribute_not_exists(userId)")
            .build()
            .map_err(Problem::internal)?;
        let made = self
            .credentials
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put_credential).build())
            .transact_items(TransactWriteItem::builder().put(put_user).build())
            .send()
            .await;
        match made {
            Ok(_) => Ok(user),
            Err(error) if first_condition_failed(error.as_service_error()) => {
                Err(Problem::Conflict(Conflict::AddressTaken))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// Whether the transaction's first action is the one that was refused.
fn first_condition_failed(error: Option<&TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else {
        return false;
    };
    let first = cancelled.cancellation_reasons().first();
    first.and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

fn key(email: &EmailAddress) -> String {
    format!("email#{}", email.key())
}
