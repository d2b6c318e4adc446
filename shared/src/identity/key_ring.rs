//! The table `token-keys`: a ring for each realm, with the public keys that
//! check its access tokens and the key that seals its cursors. Only the ring's
//! own rotation function writes it.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;

use super::realm::Realm;
use super::token::{LIFETIME, PublicKey};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Corrupt, CursorKey, CursorKeySource, DynamoDbError, ItemBuilder, ItemReader,
    SingleWrite, Table, is_condition_failed, number, read_all, text,
};
use crate::http::Problem;
use crate::values::{Moment, Timestamp, random_bytes};

/// The row of the cursors' key. No key id is the same text.
const CURSOR_ROW: &str = "cursor";
/// How long the keys of a ring are kept before they are read again.
pub(super) const CACHE_TTL: Duration = Duration::from_secs(5 * 60);
/// The shortest time between two reads of a ring for unknown key ids, so that
/// who makes ids up makes no reads.
pub(super) const UNKNOWN_KEY_RETRY: Duration = Duration::from_secs(10);
/// How much longer than a token's life a public key is kept after its private
/// half retired: a signing function may use that half for so long.
pub(super) const GRACE: Duration = Duration::from_secs(10 * 60);

/// The public keys of a realm, kept for five minutes. One for the whole
/// process: the verifier of tokens and the cursors read the same rows.
#[derive(Clone)]
pub(crate) struct KeyRing<R> {
    table: Table,
    realm: PhantomData<R>,
    loaded: Arc<Mutex<Option<LoadedRing>>>,
}

struct LoadedRing {
    at: Moment,
    keys: HashMap<String, PublicKey>,
    cursor_key: Option<CursorKey>,
}

impl<R: Realm> FromEnv for KeyRing<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "TOKEN_KEYS_TABLE")?,
            realm: PhantomData,
            loaded: Arc::default(),
        })
    }

    async fn warm(&self) {
        let mut loaded = self.loaded.lock().await;
        if loaded.is_none() {
            *loaded = self.load().await.ok();
        }
    }
}

impl<R: Realm> CursorKeySource for KeyRing<R> {
    type Error = Problem;

    /// Returns the key that seals cursors. It does not change once it is made.
    async fn cursor_key(&self) -> Result<CursorKey, Problem> {
        let mut loaded = self.loaded.lock().await;
        if let Some(key) = loaded.as_ref().and_then(|ring| ring.cursor_key.clone()) {
            return Ok(key);
        }
        let ring = self.load().await?;
        let key = ring.cursor_key.clone();
        *loaded = Some(ring);
        key.ok_or_else(|| Problem::unavailable("no cursor key has been made yet"))
    }
}

impl<R: Realm> KeyRing<R> {
    /// Returns the public key of that id, if it is on the ring.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<PublicKey>, Problem> {
        let mut loaded = self.loaded.lock().await;
        let fresh = loaded.as_ref().filter(|ring| {
            let look_again = if ring.keys.contains_key(kid) {
                CACHE_TTL
            } else {
                UNKNOWN_KEY_RETRY
            };
            ring.at.age() < look_again
        });
        if let Some(ring) = fresh {
            return Ok(ring.keys.get(kid).cloned());
        }
        let ring = self.load().await?;
        let key = ring.keys.get(kid).cloned();
        *loaded = Some(ring);
        Ok(key)
    }

    async fn load(&self) -> Result<LoadedRing, DynamoDbError> {
        let rows = read_ring(&self.table, R::RING, RingRow::read).await?;
        let mut loaded = LoadedRing {
            at: Moment::now(),
            keys: HashMap::new(),
            cursor_key: None,
        };
        for row in rows {
            match row {
                RingRow::Cursors(key) => loaded.cursor_key = Some(key),
                RingRow::Tokens(kid, key) => {
                    loaded.keys.insert(kid, key);
                }
            }
        }
        Ok(loaded)
    }
}

/// A row of a ring.
enum RingRow {
    /// The key that seals cursors.
    Cursors(CursorKey),
    /// A key that verifies tokens, with its id.
    Tokens(String, PublicKey),
}

impl RingRow {
    /// Reads a row; `None` for a key that has expired.
    fn read(row: ItemReader<'_>) -> Result<Option<Self>, Corrupt> {
        let kid = row.text("kid")?;
        if kid == CURSOR_ROW {
            let key = row.parsed("key", |key| URL_SAFE_NO_PAD.decode(key).ok())?;
            return Ok(Some(Self::Cursors(CursorKey::new(&key))));
        }
        // DynamoDB deletes late, sometimes by days.
        let retired = row.optional_number::<i64>("expiresAt")?;
        if retired.is_some_and(|at| at <= Timestamp::now().unix()) {
            return Ok(None);
        }
        let key = row.parsed("publicKey", PublicKey::from_base64url)?;
        Ok(Some(Self::Tokens(kid.to_owned(), key)))
    }
}

/// Reads every row of a ring: a handful, since keys end soon after they
/// retire.
pub(super) async fn read_ring<T>(
    table: &Table,
    ring: &str,
    read: impl Fn(ItemReader<'_>) -> Result<Option<T>, Corrupt>,
) -> Result<Vec<T>, DynamoDbError> {
    let rows = table
        .query()
        .key_condition_expression("ring = :ring")
        .expression_attribute_values(":ring", text(ring))
        .consistent_read(true);
    read_all(&rows, read).await
}

/// A ring as its rotation function writes it.
#[derive(Clone)]
pub(crate) struct TokenKeys<R> {
    table: Table,
    realm: PhantomData<R>,
}

impl<R: Realm> FromEnv for TokenKeys<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "TOKEN_KEYS_TABLE")?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> TokenKeys<R> {
    /// Puts a public key on the ring, and makes the cursors' key if there is
    /// none yet. Doing it twice changes nothing.
    pub(crate) async fn publish(&self, kid: &str, public_key: &[u8]) -> Result<(), Problem> {
        let key = ItemBuilder::new()
            .text("ring", R::RING)
            .text("kid", kid)
            .text("publicKey", URL_SAFE_NO_PAD.encode(public_key))
            .time("createdAt", Timestamp::now());
        self.put_new(key).await?;
        let secret: [u8; 32] = random_bytes()?;
        let cursor = ItemBuilder::new()
            .text("ring", R::RING)
            .text("kid", CURSOR_ROW)
            .text("key", URL_SAFE_NO_PAD.encode(secret));
        self.put_new(cursor).await
    }

    /// Reads the public key of that id.
    pub(crate) async fn published(&self, kid: &str) -> Result<Option<PublicKey>, Problem> {
        let found = self.rows(|found, row| {
            let is_it = found == kid;
            is_it
                .then(|| row.parsed("publicKey", PublicKey::from_base64url))
                .transpose()
        });
        Ok(found.await?.pop())
    }

    /// Returns how long it takes until every verifier knows this key: one that
    /// has just read the ring looks for an unknown key again only after a
    /// while. Zero if there is no other key, since nobody verifies anything
    /// yet.
    pub(crate) async fn until_known(&self, kid: &str) -> Result<Duration, Problem> {
        let rows = self.rows(|found, row| {
            let is_it = found == kid;
            is_it.then(|| row.time("createdAt")).transpose().map(Some)
        });
        let rows = rows.await?;
        let created_at = rows.iter().flatten().next();
        let Some(created_at) = created_at.filter(|_| rows.len() > 1) else {
            return Ok(Duration::ZERO);
        };
        // Times are cut to the second, so one more is surely enough.
        let known = created_at.plus(UNKNOWN_KEY_RETRY);
        let known = known.plus(Duration::from_secs(1));
        Ok(Timestamp::now().until(known).unwrap_or_default())
    }

    /// Keeps this key, and lets every other one expire with the last token that
    /// it may have signed.
    pub(crate) async fn retire_all_but(&self, current: &str) -> Result<(), Problem> {
        self.table
            .update(key::<R>(current))
            .update_expression("REMOVE expiresAt")
            .condition_expression("attribute_exists(kid)")
            .commit()
            .await
            .map_err(AwsError::from)?;
        let end = Timestamp::now().plus(Duration::from_secs(LIFETIME) + GRACE);
        for kid in self.rows(|kid, _| Ok(Some(kid.to_owned()))).await? {
            if kid == current {
                continue;
            }
            let retired = self
                .table
                .update(key::<R>(&kid))
                .update_expression("SET expiresAt = if_not_exists(expiresAt, :end)")
                .condition_expression("attribute_exists(kid)")
                .expression_attribute_values(":end", number(end.unix()))
                .commit()
                .await;
            match retired {
                Ok(_) => {}
                // Gone already.
                Err(error) if is_condition_failed(&error) => {}
                Err(error) => return Err(AwsError::from(error).into()),
            }
        }
        Ok(())
    }

    /// Reads something of every public key, by its id. Nothing else of a row is
    /// looked at: a key that can't be read keeps no other from being replaced.
    async fn rows<T>(
        &self,
        read: impl Fn(&str, ItemReader<'_>) -> Result<Option<T>, Corrupt>,
    ) -> Result<Vec<T>, Problem> {
        let rows = read_ring(&self.table, R::RING, |row| match row.text("kid")? {
            CURSOR_ROW => Ok(None),
            kid => read(kid, row),
        });
        Ok(rows.await?)
    }

    async fn put_new(&self, item: ItemBuilder) -> Result<(), Problem> {
        let put = self
            .table
            .put(item)
            .condition_expression("attribute_not_exists(kid)")
            .commit()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Ok(()),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }
}

fn key<R: Realm>(kid: &str) -> Attributes {
    let key = ItemBuilder::new().text("ring", R::RING).text("kid", kid);
    key.into_attributes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CustomerRealm;
    use crate::testing::tables;

    const SECOND: Duration = Duration::from_secs(1);

    async fn knows(ring: &KeyRing<CustomerRealm>, kid: &str) -> bool {
        ring.find(kid).await.unwrap().is_some()
    }

    async fn freeze(ring: &KeyRing<CustomerRealm>, frozen: Duration) {
        let mut loaded = ring.loaded.lock().await;
        loaded.as_mut().unwrap().at = Moment::before_a_freeze_of(frozen);
    }

    #[tokio::test]
    async fn a_process_that_was_frozen_past_the_cache_reads_the_ring_again() {
        let tables = tables().await;
        let ring: KeyRing<CustomerRealm> = tables.open();
        assert!(knows(&ring, "k1").await);
        let revoked = ItemBuilder::new().number("expiresAt", 7_u32);
        let revoked = revoked.into_attributes();
        tables
            .change("TOKEN_KEYS_TABLE", key::<CustomerRealm>("k1"), revoked)
            .await;
        freeze(&ring, CACHE_TTL - 9 * SECOND).await;
        assert!(knows(&ring, "k1").await);
        freeze(&ring, CACHE_TTL).await;
        assert!(!knows(&ring, "k1").await);
    }

    #[tokio::test]
    async fn a_process_that_was_frozen_looks_again_for_an_unknown_key() {
        let tables = tables().await;
        let ring: KeyRing<CustomerRealm> = tables.open();
        assert!(!knows(&ring, "k2").await);
        let keys: TokenKeys<CustomerRealm> = tables.open();
        keys.publish("k2", &[1; 32]).await.unwrap();
        assert!(!knows(&ring, "k2").await);
        freeze(&ring, UNKNOWN_KEY_RETRY).await;
        assert!(knows(&ring, "k2").await);
    }
}
