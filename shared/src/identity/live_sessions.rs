//! Whether the session that a token was issued in goes on. The rows are
//! written by `accounts`; their hashes are not read here.

use std::marker::PhantomData;

use super::realm::Realm;
use super::token::Claims;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{DynamoDbError, ItemBuilder, ItemReader, Table};
use crate::values::Timestamp;

/// The sessions of a realm, of which only their end is read.
#[derive(Clone)]
pub(super) struct LiveSessions<R> {
    table: Table,
    realm: PhantomData<R>,
}

impl<R: Realm> FromEnv for LiveSessions<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, R::SESSIONS_TABLE)?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> LiveSessions<R> {
    /// Returns whether the session of these claims has neither ended nor
    /// expired.
    pub(super) async fn is_live(&self, claims: &Claims) -> Result<bool, DynamoDbError> {
        let key = ItemBuilder::new()
            .text("userId", claims.user_id.as_str())
            .text("sessionId", claims.session_id.as_str());
        let found = self.table.get_part(key.into_attributes(), &["expiresAt"]);
        let Some(row) = found.await? else {
            return Ok(false);
        };
        // DynamoDB deletes late, sometimes by days.
        Ok(ItemReader::from(&row).number::<i64>("expiresAt")? > Timestamp::now().unix())
    }
}
