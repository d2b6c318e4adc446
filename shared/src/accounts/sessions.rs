//! The tables `sessions` and `staff-sessions`: who is signed in where.

use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::session::RefreshToken;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDb, DynamoDbError, ItemBuilder, ItemReader, SingleWrite,
    Table, WriteAction, is_condition_failed, number, read_all, text,
};
use crate::identity::{Identity, Realm, Role, User};
use crate::values::{SessionId, Timestamp, UserId};

/// The sessions of a realm, each reached by its refresh token or by its owner's
/// identity.
#[derive(Clone)]
pub(crate) struct Sessions<R> {
    table: Table,
    realm: PhantomData<R>,
}

/// A session as it was read.
pub(super) struct StoredSession {
    /// The role that it was opened for.
    pub(super) role: Role,
    pub(super) opened: Timestamp,
    pub(super) end: Timestamp,
}

/// What became of a refresh token that was to be replaced by the next one.
pub(super) enum Replaced {
    /// It was current, and the next one is in its place.
    Done(StoredSession),
    /// It is an earlier token of this session, replaced already.
    Reused,
    /// It is none of this session, or the session has ended.
    Invalid,
}

impl<R: Realm> FromEnv for Sessions<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, R::SESSIONS_TABLE)?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> Sessions<R> {
    /// Returns the client with which transactions are sent.
    pub(super) fn client(&self) -> &DynamoDb {
        self.table.client()
    }

    /// Returns the action that puts a new session.
    pub(super) fn put_new(
        &self,
        user: &User,
        token: &RefreshToken,
        device: Option<&str>,
        now: Timestamp,
        end: Timestamp,
    ) -> WriteAction {
        let item = ItemBuilder::new()
            .text("userId", user.id.as_str())
            .text("sessionId", token.session_id.as_str())
            .text("familyHash", token.family_hash())
            .text("tokenHash", token.hash())
            .word("role", user.role)
            .optional_text("device", device)
            .time("createdAt", now)
            .expires(end);
        self.table.put_new(item, "sessionId")
    }

    /// Ends the session of a token that is or was its current one, and returns
    /// whether there was one. Ending it twice changes nothing.
    pub(super) async fn end(&self, token: &RefreshToken) -> Result<bool, AwsError> {
        let ended = self
            .table
            .delete(key(&token.user_id, &token.session_id))
            .condition_expression("familyHash = :family")
            .expression_attribute_values(":family", text(token.family_hash()))
            .commit()
            .await;
        match ended {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the action that ends the session of a token that was used
    /// twice: refused if it has ended already.
    pub(super) fn end_reused(&self, token: &RefreshToken) -> WriteAction {
        self.table
            .change(key(&token.user_id, &token.session_id))
            .only_if("familyHash", Comparison::Equal, text(token.family_hash()))
            .into_delete()
    }

    /// Ends every session of the caller, but for `kept`.
    pub(super) async fn end_all(
        &self,
        caller: &impl Identity<Realm = R>,
        kept: Option<&SessionId>,
    ) -> Result<(), DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("userId = :user")
            .projection_expression("userId, sessionId")
            .expression_attribute_values(":user", text(caller.user_id().as_str()))
            .consistent_read(true);
        for item in read_all(&rows).await? {
            let id = ItemReader(&item).text("sessionId")?;
            if kept.is_some_and(|kept| kept.as_str() == id) {
                continue;
            }
            let deleted = self.table.delete(item).commit().await;
            deleted.map_err(AwsError::from)?;
        }
        Ok(())
    }

    /// Puts the next token in the place of the used one.
    pub(super) async fn replace(
        &self,
        used: &RefreshToken,
        next: &RefreshToken,
    ) -> Result<Replaced, DynamoDbError> {
        let now = Timestamp::now();
        let replaced = self
            .table
            .update(key(&used.user_id, &used.session_id))
            .update_expression("SET tokenHash = :next, refreshedAt = :at")
            // DynamoDB deletes late: what has expired must not be kept alive.
            .condition_expression("tokenHash = :used AND expiresAt > :now")
            .expression_attribute_values(":used", text(used.hash()))
            .expression_attribute_values(":next", text(next.hash()))
            .expression_attribute_values(":at", text(now.to_string()))
            .expression_attribute_values(":now", number(now.unix()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .commit()
            .await;
        let error = match replaced {
            Ok(replaced) => {
                let item = replaced.attributes.unwrap_or_default();
                return Ok(Replaced::Done(read(&item)?));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        else {
            return Err(AwsError::from(error).into());
        };
        let Some(item) = refused.item() else {
            return Ok(Replaced::Invalid);
        };
        let (token, family) = (
            ItemReader(item).text("tokenHash")?,
            ItemReader(item).text("familyHash")?,
        );
        if token == next.hash() {
            // Our own write: its answer was lost and the SDK sent it again.
            return Ok(Replaced::Done(read(item)?));
        }
        // The current token after the session's end is late, not stolen.
        if token != used.hash() && family == used.family_hash() {
            return Ok(Replaced::Reused);
        }
        Ok(Replaced::Invalid)
    }
}

fn key(user_id: &UserId, session_id: &SessionId) -> Attributes {
    ItemBuilder::new()
        .text("userId", user_id.as_str())
        .text("sessionId", session_id.as_str())
        .into_attributes()
}

fn read(item: &Attributes) -> Result<StoredSession, Corrupt> {
    let item = ItemReader(item);
    Ok(StoredSession {
        role: item.word("role")?,
        opened: item.time("createdAt")?,
        end: Timestamp::from_unix(item.number("expiresAt")?).ok_or(Corrupt::new("expiresAt"))?,
    })
}
