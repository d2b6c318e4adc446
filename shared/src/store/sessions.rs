//! The table `sessions`: who is signed in where. A refresh token is used
//! once; used twice, its session ends, since one of the two users stole it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::audit::{Action, Actor, Change, Record};
use crate::auth::{Identity, Person};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::{SessionId, UserId};
use crate::journal::{Event, Journal};
use crate::problem::Problem;
use crate::session::{self, RefreshToken, Session};
use crate::signer::Signer;
use crate::store::audit::AuditLog;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::sign_in::SignedIn;
use crate::store::transaction::{Written, write_all};
use crate::store::users::UserStore;
use crate::store::{Corrupt, condition_failed, failed};
use crate::text::Word;
use crate::time::Timestamp;
use crate::user::Role;

/// Sessions, as those who sign out need them.
#[derive(Clone)]
pub struct SessionStore {
    client: Client,
    table: String,
}

impl FromEnv for SessionStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("SESSIONS_TABLE")?,
        })
    }
}

impl SessionStore {
    /// Ends the session of this token, if it is the session's current one or
    /// was. Doing it twice changes nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn end(&self, token: &RefreshToken, journal: &Journal) -> Result<(), Problem> {
        let ended = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&token.user_id, &token.session_id)))
            .condition_expression("familyHash = :family")
            .expression_attribute_values(":family", text(token.family_hash()))
            .send()
            .await;
        match ended {
            Ok(_) => {
                journal.note(&Event::SignedOut(&token.user_id));
                Ok(())
            }
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Ends every session of the caller.
    ///
    /// # Errors
    /// When the table can't be read or written.
    pub async fn end_all(&self, caller: &Person) -> Result<(), Problem> {
        self.end_all_but(caller, None).await
    }

    /// Ends every session of the caller but one.
    pub(crate) async fn end_all_but(
        &self,
        caller: &Person,
        kept: Option<&SessionId>,
    ) -> Result<(), Problem> {
        let mut after: Option<Attributes> = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("userId = :user")
                .projection_expression("userId, sessionId")
                .expression_attribute_values(":user", text(caller.user_id().as_str()))
                .consistent_read(true)
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items.unwrap_or_default() {
                let id = Row(&item).text("sessionId")?;
                if kept.is_some_and(|kept| kept.as_str() == id) {
                    continue;
                }
                self.client
                    .delete_item()
                    .table_name(&self.table)
                    .set_key(Some(item))
                    .send()
                    .await
                    .map_err(failed)?;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Sessions, as those who sign in need them: with the key that signs.
#[derive(Clone)]
pub struct SessionDesk {
    store: SessionStore,
    signer: Signer,
}

impl FromEnv for SessionDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            store: SessionStore::from_env(env)?,
            signer: Signer::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.signer.warm().await;
    }
}

impl SessionDesk {
    /// Whether sessions can be opened now. Asked before anything is made that
    /// would be left over if they could not.
    ///
    /// # Errors
    /// When the key can't be reached.
    pub async fn ready(&self) -> Result<(), Problem> {
        self.signer.key().await.map(|_| ())
    }

    /// Opens a session for someone who has just shown who they are.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] if their password was changed meanwhile;
    /// otherwise when a table or the key can't be reached.
    pub async fn open(&self, who: &SignedIn, device: Option<&str>) -> Result<Session, Problem> {
        let user = &who.user;
        let token = RefreshToken::first(user.id.clone(), SessionId::generate()?)?;
        // Signed first: a session nobody was told of would be left over if
        // this failed after the write.
        let access = self.signer.sign(user, &token.session_id).await?;
        // No earlier than from when on the user's sessions count.
        let now = Timestamp::now().max(user.tokens_valid_after);
        let end = now.plus(session::lifetime(user.role));
        let item = Item::new()
            .text("userId", user.id.as_str())
            .text("sessionId", token.session_id.as_str())
            .text("familyHash", token.family_hash())
            .text("tokenHash", token.hash())
            .text("role", user.role.as_str())
            .optional_text("device", device)
            .time("createdAt", now)
            .expires(end);
        let put = Put::builder()
            .table_name(&self.store.table)
            .set_item(Some(item.into_attributes()))
            .build()
            .map_err(Problem::internal)?;
        let mut actions = vec![TransactWriteItem::builder().put(put).build()];
        actions.extend(who.proof.clone());
        match write_all(&self.store.client, actions).await? {
            Written::Done => Ok(Session::new(user, access, &token, end)),
            Written::Refused(_) => Err(Problem::SignInFailed),
        }
    }
}

/// Sessions, as those who keep them alive need them.
#[derive(Clone)]
pub struct RefreshDesk {
    desk: SessionDesk,
    users: UserStore,
    audit: AuditLog,
}

impl FromEnv for RefreshDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            desk: SessionDesk::from_env(env)?,
            users: UserStore::from_env(env)?,
            audit: AuditLog::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.desk.warm().await;
    }
}

impl RefreshDesk {
    /// Keeps a session alive: takes its refresh token, once, and puts the next
    /// one in its place. A used one ends the session.
    ///
    /// The token is used up last, when all else that may fail has been done:
    /// what fails before leaves it good for another try.
    ///
    /// # Errors
    /// [`Problem::BadToken`] for a token that is used, ended, expired or none
    /// of ours, for a user who is disabled or whose role is another now, and
    /// for a session from before its user ended all of them.
    pub async fn renew(&self, used: &RefreshToken, journal: &Journal) -> Result<Session, Problem> {
        let signer = &self.desk.signer;
        let key = signer.key().await?;
        let user = self.users.of_refresh_token(used).await?;
        let user = user.ok_or(Problem::BadToken)?;
        let next = used.next()?;
        let row = self.take(used, &next, journal).await?;
        let row = Row(&row);
        // A session lasts as long as the role it was opened for allows. Who
        // has another role by now signs in anew.
        let same_role = row.parsed("role", Role::parse)? == user.role;
        let opened = row.time("createdAt")?;
        let counts = opened >= user.tokens_valid_after
            || user.kept_session.as_ref() == Some(&used.session_id);
        if !same_role || !counts {
            self.desk.store.end(used, journal).await?;
            return Err(Problem::BadToken);
        }
        let end = Timestamp::from_unix(row.number("expiresAt")?);
        let end = end.ok_or(Corrupt::new("expiresAt"))?;
        let access = signer.sign_with(&key, &user, &next.session_id)?;
        Ok(Session::new(&user, access, &next, end))
    }

    /// Puts the next token in the place of the used one.
    async fn take(
        &self,
        used: &RefreshToken,
        next: &RefreshToken,
        journal: &Journal,
    ) -> Result<Attributes, Problem> {
        let now = Timestamp::now();
        let store = &self.desk.store;
        let taken = store
            .client
            .update_item()
            .table_name(&store.table)
            .set_key(Some(key(&used.user_id, &used.session_id)))
            .update_expression("SET tokenHash = :next, refreshedAt = :at")
            // DynamoDB deletes late: what has expired must not be kept alive.
            .condition_expression("tokenHash = :used AND expiresAt > :now")
            .expression_attribute_values(":used", text(used.hash()))
            .expression_attribute_values(":next", text(next.hash()))
            .expression_attribute_values(":at", text(now.to_string()))
            .expression_attribute_values(":now", number(now.unix()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match taken {
            Ok(taken) => return Ok(taken.attributes.unwrap_or_default()),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        else {
            return Err(failed(error));
        };
        let row = refused.item().ok_or(Problem::BadToken)?;
        if Row(row).text("tokenHash")? == next.hash() {
            // Our own write: its answer was lost and the SDK sent it again.
            return Ok(row.clone());
        }
        if Row(row).text("tokenHash")? == used.hash() {
            // The current one, after the session's end: late, not stolen.
            return Err(Problem::BadToken);
        }
        if Row(row).text("familyHash")? == used.family_hash() {
            self.end_reused(used, journal).await?;
        }
        Err(Problem::BadToken)
    }

    /// Ends a session whose refresh token was used twice, and records it: one
    /// of the two users stole it.
    async fn end_reused(&self, used: &RefreshToken, journal: &Journal) -> Result<(), Problem> {
        let store = &self.desk.store;
        let ended = Delete::builder()
            .table_name(&store.table)
            .set_key(Some(key(&used.user_id, &used.session_id)))
            .condition_expression("familyHash = :family")
            .expression_attribute_values(":family", text(used.family_hash()))
            .build()
            .map_err(Problem::internal)?;
        let ended = TransactWriteItem::builder().delete(ended).build();
        let action = Action::RefreshTokenReused;
        let session = Change {
            field: "session".to_owned(),
            before: Some(used.session_id.to_string()),
            after: None,
        };
        let thing = used.user_id.as_str();
        let record = Record::under(journal, Actor::Unknown, action, thing, vec![session]);
        // If it is refused, somebody else ended it at the same time, and
        // recorded why.
        self.audit.write(vec![ended], &[record]).await.map(|_| ())
    }
}

fn key(user_id: &UserId, session_id: &SessionId) -> Attributes {
    Item::new()
        .text("userId", user_id.as_str())
        .text("sessionId", session_id.as_str())
        .into_attributes()
}
