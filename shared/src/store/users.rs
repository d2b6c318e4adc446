//! The table `users`: profiles, roles, and since when tokens count.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};

use crate::audit::{Action, Record};
use crate::auth::{Identity, Person};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::{PathId, SessionId, UserId};
use crate::problem::Problem;
use crate::session::RefreshToken;
use crate::store::audit::AuditLog;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::transaction::Written;
use crate::store::{Corrupt, failed};
use crate::text::Word;
use crate::time::Timestamp;
use crate::token::Claims;
use crate::user::{EmailAddress, Role, User, UserStatus};

/// People by id, each reached by what proves who they are.
#[derive(Clone)]
pub struct UserStore {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl FromEnv for UserStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("USERS_TABLE")?,
        })
    }
}

impl UserStore {
    /// The caller's own record, as it stands now.
    ///
    /// # Errors
    /// [`Problem::BadToken`] if the account is gone, disabled, or signed out
    /// everywhere since the token was issued.
    pub async fn standing(&self, caller: &impl Identity) -> Result<User, Problem> {
        let user = self.find(caller.user_id()).await?;
        let user = user.ok_or(Problem::BadToken)?;
        crate::auth::still_valid(&user, caller.issued_at(), caller.session_id())?;
        Ok(user)
    }

    /// The active user whom a refresh token names. Nothing may be told of them
    /// before the token itself has been checked.
    pub(crate) async fn of_refresh_token(
        &self,
        token: &RefreshToken,
    ) -> Result<Option<User>, Problem> {
        let user = self.find(&token.user_id).await?;
        Ok(user.filter(|user| user.status == UserStatus::Active))
    }

    pub(crate) async fn of_claims(&self, claims: &Claims) -> Result<Option<User>, Problem> {
        self.find(&claims.user_id).await
    }

    /// The record of that id, for the stores that check who asks.
    pub(crate) async fn find(&self, id: &UserId) -> Result<Option<User>, Problem> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("userId", text(id.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        Ok(found.item.as_ref().map(read).transpose()?)
    }

    /// A new record as a part of a transaction.
    pub(crate) fn put_new(&self, user: &User) -> Result<TransactWriteItem, Problem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(write(user)))
            .condition_expression("attribute_not_exists(userId)")
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The end of every access token issued to someone so far, and of every
    /// session that they opened so far but `kept`, as a part of a transaction.
    ///
    /// Tokens tell time in seconds, so the next one is the first that surely is
    /// after everything so far.
    pub(crate) fn end_tokens(&self, id: &UserId, kept: Option<&SessionId>) -> UserUpdate {
        let next = Timestamp::now().plus(Duration::from_secs(1));
        let update = UserUpdate::of(self, id).set("tokensValidAfter", number(next.unix()));
        match kept {
            Some(session) => update.set("keptSession", text(session.as_str())),
            None => update.remove("keptSession"),
        }
    }
}

/// An update of one record that is being put together, for a transaction.
pub(crate) struct UserUpdate {
    table: String,
    id: UserId,
    set: Vec<String>,
    removed: Vec<String>,
    condition: String,
    names: HashMap<String, String>,
    values: Attributes,
}

impl UserUpdate {
    pub(crate) fn of(users: &UserStore, id: &UserId) -> Self {
        Self {
            table: users.table.clone(),
            id: id.clone(),
            set: Vec::new(),
            removed: Vec::new(),
            condition: "attribute_exists(userId)".to_owned(),
            names: HashMap::new(),
            values: Attributes::new(),
        }
    }

    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :{name}"));
        self.values.insert(format!(":{name}"), value);
        self.named(name)
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.removed.push(format!("#{name}"));
        self.named(name)
    }

    /// Demands that a field still is what was read.
    pub(crate) fn only_if(mut self, name: &str, value: AttributeValue) -> Self {
        self.condition
            .push_str(&format!(" AND #{name} = :was_{name}"));
        self.values.insert(format!(":was_{name}"), value);
        self.named(name)
    }

    fn named(mut self, name: &str) -> Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    pub(crate) fn build(self) -> Result<TransactWriteItem, Problem> {
        let mut expression = format!("SET {}", self.set.join(", "));
        if !self.removed.is_empty() {
            expression.push_str(&format!(" REMOVE {}", self.removed.join(", ")));
        }
        let update = Update::builder()
            .table_name(self.table)
            .key("userId", text(self.id.as_str()))
            .update_expression(expression)
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Where someone ends all that is open in their name.
#[derive(Clone)]
pub struct SignOutDesk {
    users: UserStore,
    audit: AuditLog,
}

impl FromEnv for SignOutDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: UserStore::from_env(env)?,
            audit: AuditLog::from_env(env)?,
        })
    }
}

impl SignOutDesk {
    /// Ends every access token issued to the caller so far, and every session.
    ///
    /// # Errors
    /// [`Problem::BadToken`] if the caller's own token has ended already.
    pub async fn end_tokens(&self, caller: &Person) -> Result<(), Problem> {
        self.users.standing(caller).await?;
        let id = caller.user_id();
        let record = Record::by(caller, Action::SignedOutEverywhere, id.as_str(), Vec::new());
        let ended = self.users.end_tokens(id, None).build()?;
        match self.audit.write(vec![ended], &[record]).await? {
            Written::Done => Ok(()),
            Written::Refused(_) => Err(Problem::BadToken),
        }
    }
}

fn write(user: &User) -> Attributes {
    Item::new()
        .text("userId", user.id.as_str())
        .text("email", user.email.as_str())
        .text("name", &user.name)
        .optional_text("phone", user.phone.as_deref())
        .text("role", user.role.as_str())
        .text("status", user.status.as_str())
        .number("tokensValidAfter", user.tokens_valid_after.unix())
        .optional_text(
            "keptSession",
            user.kept_session.as_ref().map(SessionId::as_str),
        )
        .number("version", user.version)
        .time("createdAt", user.created_at)
        .optional_text(STAFF_PASSWORD, user.staff_password.then_some("yes"))
        .optional_text(AWAITED, user.awaited.then_some("yes"))
        .into_attributes()
}

/// There if the password is long enough for a member of the staff.
pub(crate) const STAFF_PASSWORD: &str = "staffPassword";
/// There until someone who was invited accepts.
pub(crate) const AWAITED: &str = "awaited";

pub(crate) fn read(item: &Attributes) -> Result<User, Corrupt> {
    let row = Row(item);
    let valid_after = row.number("tokensValidAfter")?;
    let kept_session = row.optional_text("keptSession")?;
    Ok(User {
        id: row.id("userId")?,
        email: row.parsed("email", EmailAddress::parse)?,
        name: row.text("name")?.to_owned(),
        phone: row.optional_text("phone")?.map(str::to_owned),
        role: row.parsed("role", Role::parse)?,
        status: row.parsed("status", UserStatus::parse)?,
        tokens_valid_after: Timestamp::from_unix(valid_after)
            .ok_or(Corrupt::new("tokensValidAfter"))?,
        kept_session: kept_session.and_then(SessionId::parse),
        staff_password: row.optional_text(STAFF_PASSWORD)?.is_some(),
        awaited: row.optional_text(AWAITED)?.is_some(),
        version: row.number("version")?,
        created_at: row.time("createdAt")?,
    })
}
