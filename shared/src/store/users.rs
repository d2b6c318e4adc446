//! The table `users`: profiles, roles, and since when tokens count.

use aws_sdk_dynamodb::Client;

use crate::auth::{Identity, Person};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::UserId;
use crate::problem::Problem;
use crate::session::RefreshToken;
use crate::store::credentials::Proof;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::{Corrupt, failed};
use crate::text::Word;
use crate::time::Timestamp;
use crate::token::Claims;
use crate::user::{EmailAddress, Role, User, UserStatus};

/// People by id, each reached by what proves who they are.
#[derive(Clone)]
pub struct UserStore {
    client: Client,
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
        crate::auth::still_valid(&user, caller.issued_at())?;
        Ok(user)
    }

    /// The record of someone who has just proved who they are; nothing if
    /// the account may not be used.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn proven(&self, proof: &Proof) -> Result<Option<User>, Problem> {
        let user = self.find(proof.user_id()).await?;
        Ok(user.filter(|user| user.status == UserStatus::Active))
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

    /// Ends every access token issued to the caller so far. Tokens tell time
    /// in seconds, so the next second is the first that counts again.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn end_tokens(&self, caller: &Person) -> Result<(), Problem> {
        let next = Timestamp::now().plus(std::time::Duration::from_secs(1));
        self.client
            .update_item()
            .table_name(&self.table)
            .key("userId", text(caller.user_id().as_str()))
            .update_expression("SET tokensValidAfter = :next")
            .condition_expression("attribute_exists(userId)")
            .expression_attribute_values(":next", number(next.unix()))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>, Problem> {
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
}

pub(crate) fn write(user: &User) -> Attributes {
    Item::new()
        .text("userId", user.id.as_str())
        .text("email", user.email.as_str())
        .text("name", &user.name)
        .optional_text("phone", user.phone.as_deref())
        .text("role", user.role.as_str())
        .text("status", user.status.as_str())
        .number("tokensValidAfter", user.tokens_valid_after.unix())
        .number("version", 1_u32)
        .time("createdAt", user.created_at)
        .into_attributes()
}

fn read(item: &Attributes) -> Result<User, Corrupt> {
    let row = Row(item);
    let valid_after = row.number("tokensValidAfter")?;
    Ok(User {
        id: row.id("userId")?,
        email: row.parsed("email", EmailAddress::parse)?,
        name: row.text("name")?.to_owned(),
        phone: row.optional_text("phone")?.map(str::to_owned),
        role: row.parsed("role", Role::parse)?,
        status: row.parsed("status", UserStatus::parse)?,
        tokens_valid_after: Timestamp::from_unix(valid_after)
            .ok_or(Corrupt::new("tokensValidAfter"))?,
        created_at: row.time("createdAt")?,
    })
}
