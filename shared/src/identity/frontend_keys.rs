//! The ring `callers` of the table `token-keys`: the public keys of frontends
//! that run on a server and may say for whom they call. An operator's command
//! writes it. The functions read it when they start, which opens a second connection
//! beside that of the handler's calls, and again for the header `X-Trusted-Client`
//! alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::frontend_token::FrontendToken;
use super::key_ring::{CACHE_TTL, UNKNOWN_KEY_RETRY, read_ring};
use super::token::PublicKey;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{DynamoDbError, ItemBuilder, ItemReader, Table, Update, WriteAction};
use crate::telemetry::{failure, warn};
use crate::values::{Moment, Timestamp};

/// The partition of the table.
const RING: &str = "callers";
/// Longest wait for the ring; after it the gateway's address counts.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// The log's code for a ring that can't be read.
const RING_UNREADABLE: &str = "callers-not-read";

/// The keys of trusted frontends, kept for five minutes.
#[derive(Clone)]
pub(crate) struct FrontendKeys {
    table: Table,
    shop: Arc<str>,
    loaded: Arc<Mutex<Option<LoadedKeys>>>,
}

struct LoadedKeys {
    /// When the ring was read.
    read: Moment,
    /// When that was tried last.
    tried: Moment,
    keys: HashMap<String, FrontendKey>,
}

impl LoadedKeys {
    fn new(read: Moment, keys: Vec<FrontendKey>) -> Self {
        let keys = keys.into_iter().map(|key| (key.kid.clone(), key));
        Self {
            read,
            tried: read,
            keys: keys.collect(),
        }
    }
}

/// A row of the ring.
#[derive(Clone)]
pub(crate) struct FrontendKey {
    pub(crate) kid: String,
    /// What the frontend is called: the `iss` of its tokens.
    pub(crate) frontend: String,
    pub(crate) created_at: Timestamp,
    /// When it ends, if it does.
    pub(crate) expires_at: Option<i64>,
    key: PublicKey,
}

impl FromEnv for FrontendKeys {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "CALLER_KEYS_TABLE")?,
            shop: env.variable("TOKEN_ISSUER")?.into(),
            loaded: Arc::default(),
        })
    }

    async fn warm(&self) {
        let mut loaded = self.loaded.lock().await;
        let now = Moment::now();
        if loaded.is_none()
            && let Ok(keys) = self.read().await
        {
            *loaded = Some(LoadedKeys::new(now, keys));
        }
    }
}

impl FrontendKeys {
    /// Returns for which address a token says that its frontend calls; `None`
    /// if it isn't valid, or if that can't be told.
    pub(crate) async fn client_ip(&self, token: &str) -> Option<IpAddr> {
        let token = FrontendToken::read(token)?;
        let key = self.find(&token.kid).await?;
        token.verify(&key.key, &key.frontend, &self.shop, Timestamp::now())
    }

    async fn find(&self, kid: &str) -> Option<FrontendKey> {
        let mut loaded = self.loaded.lock().await;
        let fresh = loaded
            .as_ref()
            .is_some_and(|ring| match ring.keys.contains_key(kid) {
                true => ring.read.age() < CACHE_TTL,
                false => ring.tried.age() < UNKNOWN_KEY_RETRY,
            });
        if !fresh {
            let before = loaded.take();
            *loaded = Some(self.load(before).await);
        }
        let found = loaded.as_ref()?.keys.get(kid)?;
        let now = Timestamp::now().unix();
        let valid = found.expires_at.is_none_or(|ends| ends > now);
        valid.then(|| found.clone())
    }

    /// Reads the ring. Where that fails, what was read before counts as long as
    /// it would have: who makes key ids up, and so has the ring read, must not
    /// take the others' trust away.
    async fn load(&self, before: Option<LoadedKeys>) -> LoadedKeys {
        let tried = Moment::now();
        match timeout(READ_TIMEOUT, self.read()).await {
            Ok(Ok(keys)) => return LoadedKeys::new(tried, keys),
            Ok(Err(error)) => warn(RING_UNREADABLE, &error),
            Err(elapsed) => warn(RING_UNREADABLE, &elapsed),
        }
        match before.filter(|ring| ring.read.age() < CACHE_TTL) {
            Some(ring) => LoadedKeys { tried, ..ring },
            None => LoadedKeys::new(tried, Vec::new()),
        }
    }

    /// Reads every key of the ring.
    pub(crate) async fn read(&self) -> Result<Vec<FrontendKey>, DynamoDbError> {
        // A row that can't be read takes no other frontend's trust away.
        read_ring(&self.table, RING, |row| {
            let key = read(row);
            let key = key.inspect_err(|error| failure(RING_UNREADABLE, &error.to_string()));
            Ok(key.ok())
        })
        .await
    }

    /// Returns the action that puts a new key on the ring: refused if there is
    /// one of that id.
    pub(crate) fn put_new(
        &self,
        kid: &str,
        frontend: &str,
        public_key: &[u8; 32],
        now: Timestamp,
        ends: Option<Timestamp>,
    ) -> WriteAction {
        let row = key(kid)
            .text("frontend", frontend)
            .text("publicKey", URL_SAFE_NO_PAD.encode(public_key))
            .time("createdAt", now);
        let row = match ends {
            Some(ends) => row.expires(ends),
            None => row,
        };
        self.table.put_new(row, "kid")
    }

    /// Begins the action that removes a key.
    pub(crate) fn change(&self, kid: &str) -> Update {
        self.table.change(key(kid).into_attributes())
    }
}

fn key(kid: &str) -> ItemBuilder {
    ItemBuilder::new().text("ring", RING).text("kid", kid)
}

fn read(row: ItemReader<'_>) -> Result<FrontendKey, DynamoDbError> {
    Ok(FrontendKey {
        kid: row.text("kid")?.to_owned(),
        frontend: row.text("frontend")?.to_owned(),
        created_at: row.time("createdAt")?,
        expires_at: row.optional_number("expiresAt")?,
        key: row.parsed("publicKey", PublicKey::from_base64url)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Outcome, Transaction};
    use crate::testing::{Tables, tables};

    async fn trust(tables: &Tables, kid: &str, ends: Option<Timestamp>) {
        let ring: FrontendKeys = tables.open();
        let put = ring.put_new(kid, "storefront", &[0; 32], Timestamp::now(), ends);
        let parts = Transaction::new().with((), put);
        let outcome = parts.commit(&tables.env.dynamodb()).await.unwrap();
        assert_eq!(outcome, Outcome::Committed);
    }

    async fn freeze(ring: &FrontendKeys, frozen: Duration) {
        let mut loaded = ring.loaded.lock().await;
        let ring = loaded.as_mut().unwrap();
        let then = Moment::before_a_freeze_of(frozen);
        (ring.read, ring.tried) = (then, then);
    }

    #[tokio::test]
    async fn made_up_key_ids_make_no_reads() {
        let tables = tables().await;
        let ring: FrontendKeys = tables.open();
        assert!(ring.find("k1").await.is_none());
        trust(&tables, "k1", None).await;
        // Each of these would find it, if it read the ring.
        for number in 0..20 {
            assert!(ring.find(&format!("made-up-{number}")).await.is_none());
        }
        assert!(ring.find("k1").await.is_none());
        freeze(&ring, UNKNOWN_KEY_RETRY).await;
        assert!(ring.find("made-up").await.is_none());
        assert!(ring.find("k1").await.is_some());
    }

    #[tokio::test]
    async fn a_removed_key_is_forgotten_within_five_minutes_and_an_ended_one_at_once() {
        let tables = tables().await;
        let ring: FrontendKeys = tables.open();
        trust(&tables, "k1", None).await;
        trust(&tables, "ended", Some(Timestamp::now())).await;
        assert!(ring.find("k1").await.is_some());
        assert!(ring.find("ended").await.is_none());
        let removed = Table::from_env(&tables.env, "CALLER_KEYS_TABLE").unwrap();
        let removed = removed.delete(key("k1").into_attributes());
        removed.send().await.unwrap();
        assert!(ring.find("k1").await.is_some());
        freeze(&ring, CACHE_TTL).await;
        assert!(ring.find("k1").await.is_none());
    }

    #[tokio::test]
    async fn a_ring_that_can_not_be_read_trusts_nobody_and_is_not_asked_again_at_once() {
        let tables = tables().await;
        trust(&tables, "k1", None).await;
        let mut ring = FrontendKeys::from_env(&tables.env_without_dynamodb()).unwrap();
        assert!(ring.find("k1").await.is_none());
        // It is well again.
        ring.table = tables.open::<FrontendKeys>().table;
        assert!(ring.find("k1").await.is_none());
        freeze(&ring, UNKNOWN_KEY_RETRY).await;
        assert!(ring.find("k1").await.is_some());
    }

    #[tokio::test]
    async fn a_read_that_fails_takes_no_trust_away_that_was_read_before() {
        let tables = tables().await;
        trust(&tables, "k1", None).await;
        let mut ring: FrontendKeys = tables.open();
        assert!(ring.find("k1").await.is_some());
        let nowhere = FrontendKeys::from_env(&tables.env_without_dynamodb()).unwrap();
        ring.table = nowhere.table;
        freeze(&ring, UNKNOWN_KEY_RETRY).await;
        assert!(ring.find("made-up").await.is_none());
        assert!(ring.find("k1").await.is_some());
        // But no longer than it would have counted.
        freeze(&ring, CACHE_TTL).await;
        assert!(ring.find("k1").await.is_none());
    }
}
