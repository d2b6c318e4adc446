//! The table `credentials`: which address and password open which account.
//! Only the functions that sign people in or set passwords may read it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};

use crate::audit::{Action, Actor, Record};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::UserId;
use crate::journal::Journal;
use crate::log;
use crate::password::{NewPassword, StoredPassword};
use crate::problem::{Conflict, Problem};
use crate::store::audit::AuditLog;
use crate::store::item::{Item, Row, text};
use crate::store::sign_in::SignedIn;
use crate::store::users::UserStore;
use crate::store::{condition_failed, failed};
use crate::user::{EmailAddress, Registration, Role, User};

/// Addresses and passwords.
#[derive(Clone)]
pub(crate) struct CredentialStore {
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
        let _ = self.row("email#").await;
    }
}

/// What an address opens, and by which password.
pub(crate) struct Credential {
    pub(crate) user_id: UserId,
    /// Nothing, while its owner has not accepted their invitation.
    pub(crate) password: Option<StoredPassword>,
    /// The hash of their invitation's token, and when it ends.
    pub(crate) invitation: Option<(String, i64)>,
}

impl CredentialStore {
    /// What an address opens; nothing if it has no account.
    pub(crate) async fn find(&self, email: &EmailAddress) -> Result<Option<Credential>, Problem> {
        self.row(&key(email)).await
    }

    async fn row(&self, login: &str) -> Result<Option<Credential>, Problem> {
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
        let password = row.optional_text("passwordHash")?;
        let invite = row.optional_text("inviteHash")?.map(str::to_owned);
        let ends = row.optional_number("inviteEnds")?;
        Ok(Some(Credential {
            user_id: row.id("userId")?,
            password: password.map(|hash| StoredPassword::new(hash.to_owned())),
            invitation: invite.zip(ends),
        }))
    }

    /// Puts a stronger hash of the same password in the place of a weaker one,
    /// and says whether it did. The sign-in that brought it up goes on if this
    /// fails: the next one tries again.
    pub(crate) async fn strengthen(
        &self,
        email: &EmailAddress,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> bool {
        let put = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("login", text(key(email)))
            .update_expression("SET passwordHash = :new")
            .condition_expression("passwordHash = :old")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":old", text(old.as_str()))
            .send()
            .await;
        match put {
            Ok(_) => true,
            // Somebody else did, or the password was changed meanwhile.
            Err(error) if condition_failed(&error) => false,
            Err(error) => {
                log::warn("password-not-rehashed", &error);
                false
            }
        }
    }

    /// That an address still has the password that was just verified, as a part
    /// of a transaction.
    pub(crate) fn still_has(
        &self,
        email: &EmailAddress,
        password: &StoredPassword,
    ) -> Result<TransactWriteItem, Problem> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("login", text(key(email)))
            .condition_expression("passwordHash = :verified")
            .expression_attribute_values(":verified", text(password.as_str()))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// A new address as a part of a transaction.
    pub(crate) fn put_new(
        &self,
        email: &EmailAddress,
        item: Item,
    ) -> Result<TransactWriteItem, Problem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item.text("login", key(email)).into_attributes()))
            .condition_expression("attribute_not_exists(login)")
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A change of an address's row as a part of a transaction.
    pub(crate) fn update(
        &self,
        email: &EmailAddress,
        expression: &str,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Result<TransactWriteItem, Problem> {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let update = Update::builder()
            .table_name(&self.table)
            .key("login", text(key(email)))
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values.collect()))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Where accounts are made: customers' here, the staff's by invitation in
/// `staff.rs`.
#[derive(Clone)]
pub struct AccountDesk {
    pub(super) credentials: CredentialStore,
    pub(super) users: UserStore,
    pub(super) audit: AuditLog,
}

impl FromEnv for AccountDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: CredentialStore::from_env(env)?,
            users: UserStore::from_env(env)?,
            audit: AuditLog::from_env(env)?,
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
    pub async fn register(
        &self,
        new: Registration,
        journal: &Journal,
    ) -> Result<SignedIn, Problem> {
        let mut user = User::new(new.email, &new.name, Role::Customer)?;
        user.phone = new.phone;
        let user = self.insert(user, &new.password, journal).await?;
        Ok(SignedIn::just_made(user))
    }

    /// Makes an account of any role. The demo shop is peopled this way; no
    /// function makes an account that a newcomer did not ask for.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn insert(
        &self,
        mut user: User,
        password: &NewPassword,
        journal: &Journal,
    ) -> Result<User, Problem> {
        user.staff_password = password.fits_staff();
        let credential = Item::new()
            .text("userId", user.id.as_str())
            .text("passwordHash", password.hash()?.as_str());
        let action = Action::AccountRegistered;
        let actor = Actor::User(user.id.clone());
        let record = Record::under(journal, actor, action, user.id.as_str(), Vec::new());
        let actions = vec![
            self.credentials.put_new(&user.email, credential)?,
            self.users.put_new(&user)?,
        ];
        let written = self.audit.write(actions, &[record]).await?;
        if written.refused(0) {
            return Err(Problem::Conflict(Conflict::AddressTaken));
        }
        if written.refused(1) {
            return Err(Problem::internal("a new id is somebody's"));
        }
        Ok(user)
    }
}

fn key(email: &EmailAddress) -> String {
    format!("email#{}", email.key())
}
