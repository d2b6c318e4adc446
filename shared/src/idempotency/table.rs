//! The table `idempotency-keys`: what was done under which key. A row is written
//! with what it remembers, and never changed.

use std::time::Duration;

use super::request::KeyedRequest;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Corrupt, ItemBuilder, ItemReader, Table, TransactGet, WriteAction,
};
use crate::http::Problem;
use crate::values::{PathId, Timestamp};

/// How long a key is remembered.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Keys and what was done under them.
#[derive(Clone)]
pub(crate) struct IdempotencyKeys {
    table: Table,
}

/// What was done under a key.
pub(crate) struct UsedKey(Attributes);

impl FromEnv for IdempotencyKeys {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "IDEMPOTENCY_KEYS_TABLE")?,
        })
    }
}

impl IdempotencyKeys {
    /// Returns the action that remembers what a request made: refused if its
    /// key was used in the last 24 hours.
    pub(crate) fn put_new(
        &self,
        request: &KeyedRequest,
        made: &str,
        now: Timestamp,
    ) -> WriteAction {
        let item = key(request)
            .text("bodyHash", &request.body_hash)
            .text("made", made)
            .time("createdAt", now)
            .expires(now.plus(RETENTION));
        // DynamoDB deletes late, sometimes by days.
        self.table.put_new_or_expired(item, "keyHash", now.unix())
    }

    /// Returns what was done under the key of a request that could not be done:
    /// whatever refused it may be the effect of the same request, sent before.
    ///
    /// # Errors
    /// The refusal, if the request has no key or nothing was done under it;
    /// [`Problem::IdempotencyMismatch`] if something else was;
    /// [`Problem::Unavailable`] if that can't be told.
    pub(crate) async fn used(
        &self,
        request: Option<&KeyedRequest>,
        refusal: Problem,
    ) -> Result<UsedKey, Problem> {
        let Some(request) = request else {
            return Err(refusal);
        };
        // A plain read may show the key absent while other effects of its
        // transaction show already: in a transaction that is a conflict, and
        // asked again.
        let get = TransactGet::default().with(&self.table, key(request).into_attributes());
        let mut found = get.read(self.table.client()).await?;
        let Some(row) = found.pop().flatten() else {
            return Err(refusal);
        };
        let item = ItemReader::from(&row);
        if item.number::<i64>("expiresAt")? <= Timestamp::now().unix() {
            return Err(refusal);
        }
        if item.text("bodyHash")? != request.body_hash {
            return Err(Problem::IdempotencyMismatch);
        }
        Ok(UsedKey(row))
    }
}

impl UsedKey {
    /// Returns the id of what was made.
    pub(crate) fn made<T: PathId>(&self) -> Result<T, Corrupt> {
        ItemReader::from(&self.0).id("made")
    }

    /// Returns when it was made.
    pub(crate) fn created_at(&self) -> Result<Timestamp, Corrupt> {
        ItemReader::from(&self.0).time("createdAt")
    }
}

fn key(request: &KeyedRequest) -> ItemBuilder {
    ItemBuilder::new()
        .text("caller", &request.caller)
        .text("keyHash", &request.key_hash)
}
