//! The table `token-keys`: the public keys that check access tokens, and the
//! key that seals cursors. Only `rotate-signing-key` writes it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_sdk_dynamodb::Client;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;

use crate::env::{Env, FromEnv, StartError};
use crate::problem::Problem;
use crate::random;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::{Corrupt, condition_failed, failed};
use crate::time::Timestamp;
use crate::token::{LIFETIME, PublicKey};

/// The one partition of the table.
const RING: &str = "tokens";
/// The row of the cursors' key. No key id looks like it, and it is not a
/// public key.
const CURSOR_ROW: &str = "cursor";
/// How long the keys are kept before they are read again.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// How often at most an unknown key id makes us look.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How much longer than a token's life a public key is kept after its private
/// half retired: a signing function may use that half for so long (`signer.rs`).
pub(crate) const GRACE: Duration = Duration::from_secs(10 * 60);

/// The public keys, kept for five minutes.
pub(crate) struct KeyRing {
    client: Client,
    table: String,
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    at: Instant,
    keys: HashMap<String, PublicKey>,
    cursor_key: Option<hmac::Key>,
}

impl KeyRing {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self {
            client,
            table,
            loaded: Mutex::new(None),
        }
    }

    /// Reads the ring, so that the first request need not.
    pub(crate) async fn warm(&self) {
        let mut loaded = self.loaded.lock().await;
        if loaded.is_none() {
            *loaded = self.load().await.ok();
        }
    }

    /// The key of that id, if it is on the ring.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<PublicKey>, Problem> {
        let mut loaded = self.loaded.lock().await;
        let fresh = loaded.as_ref().filter(|ring| {
            let look_again = if ring.keys.contains_key(kid) {
                FRESH
            } else {
                LOOK_AGAIN
            };
            ring.at.elapsed() < look_again
        });
        if let Some(ring) = fresh {
            return Ok(ring.keys.get(kid).cloned());
        }
        let ring = self.load().await?;
        let key = ring.keys.get(kid).cloned();
        *loaded = Some(ring);
        Ok(key)
    }

    /// The key that seals cursors. It does not change once it is made.
    pub(crate) async fn cursor_key(&self) -> Result<hmac::Key, Problem> {
        let mut loaded = self.loaded.lock().await;
        if let Some(key) = loaded.as_ref().and_then(|ring| ring.cursor_key.clone()) {
            return Ok(key);
        }
        let ring = self.load().await?;
        let key = ring.cursor_key.clone();
        *loaded = Some(ring);
        key.ok_or_else(|| Problem::unavailable("no cursor key has been made yet"))
    }

    async fn load(&self) -> Result<Loaded, Problem> {
        let rows = ring(&self.client, &self.table).await?;
        let mut loaded = Loaded {
            at: Instant::now(),
            keys: HashMap::new(),
            cursor_key: None,
        };
        let now = Timestamp::now().unix();
        for item in &rows {
            let row = Row(item);
            let kid = row.text("kid")?;
            if kid == CURSOR_ROW {
                let key = row.parsed("key", |key| URL_SAFE_NO_PAD.decode(key).ok())?;
                loaded.cursor_key = Some(hmac::Key::new(hmac::HMAC_SHA256, &key));
                continue;
            }
            // DynamoDB deletes late, sometimes by days.
            let retired = row.optional_number::<i64>("expiresAt")?;
            if retired.is_none_or(|at| at > now) {
                let key = row.parsed("publicKey", PublicKey::from_base64url)?;
                loaded.keys.insert(kid.to_owned(), key);
            }
        }
        Ok(loaded)
    }
}

/// Every row of the ring. A handful: keys end soon after they retire.
async fn ring(client: &Client, table: &str) -> Result<Vec<Attributes>, Problem> {
    let rows = client
        .query()
        .table_name(table)
        .key_condition_expression("ring = :ring")
        .expression_attribute_values(":ring", text(RING))
        .consistent_read(true)
        .send()
        .await
        .map_err(failed)?;
    Ok(rows.items.unwrap_or_default())
}

/// The ring as `rotate-signing-key` writes it.
#[derive(Clone)]
pub(crate) struct TokenKeyStore {
    client: Client,
    table: String,
}

impl FromEnv for TokenKeyStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("TOKEN_KEYS_TABLE")?,
        })
    }
}

impl TokenKeyStore {
    /// Puts a public key on the ring, and makes the cursors' key if there is
    /// none yet. Doing it twice changes nothing.
    pub(crate) async fn publish(&self, kid: &str, public_key: &[u8]) -> Result<(), Problem> {
        let key = Item::new()
            .text("ring", RING)
            .text("kid", kid)
            .text("publicKey", URL_SAFE_NO_PAD.encode(public_key))
            .time("createdAt", Timestamp::now());
        self.put_new(key).await?;
        let secret: [u8; 32] = random::bytes()?;
        let cursor = Item::new()
            .text("ring", RING)
            .text("kid", CURSOR_ROW)
            .text("key", URL_SAFE_NO_PAD.encode(secret));
        self.put_new(cursor).await
    }

    /// The public key of that id, as it stands in the table.
    pub(crate) async fn published(&self, kid: &str) -> Result<Option<PublicKey>, Problem> {
        for (found, item) in self.rows().await? {
            if found == kid {
                let key = Row(&item).parsed("publicKey", PublicKey::from_base64url)?;
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// How long until every verifier knows this key: those that have just read
    /// the ring look for an unknown key again only after a while. Not at all if
    /// there is no other key, since nobody verifies anything yet.
    pub(crate) async fn until_known(&self, kid: &str) -> Result<Duration, Problem> {
        let rows = self.rows().await?;
        let row = rows.iter().find(|(found, _)| found == kid);
        let Some((_, item)) = row.filter(|_| rows.len() > 1) else {
            return Ok(Duration::ZERO);
        };
        // Times are cut to the second, so one more is surely enough.
        let known = Row(item).time("createdAt")?.plus(LOOK_AGAIN);
        let known = known.plus(Duration::from_secs(1));
        Ok(Timestamp::now().until(known).unwrap_or_default())
    }

    /// Keeps this key, and lets every other one end when the last token that
    /// it may have signed does.
    pub(crate) async fn retire_all_but(&self, current: &str) -> Result<(), Problem> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("ring", text(RING))
            .key("kid", text(current))
            .update_expression("REMOVE expiresAt")
            .condition_expression("attribute_exists(kid)")
            .send()
            .await
            .map_err(failed)?;
        let end = Timestamp::now().plus(Duration::from_secs(LIFETIME) + GRACE);
        for (kid, _) in self.rows().await? {
            if kid == current {
                continue;
            }
            let retired = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("ring", text(RING))
                .key("kid", text(kid))
                .update_expression("SET expiresAt = if_not_exists(expiresAt, :end)")
                .condition_expression("attribute_exists(kid)")
                .expression_attribute_values(":end", number(end.unix()))
                .send()
                .await;
            match retired {
                Ok(_) => {}
                // Gone already.
                Err(error) if condition_failed(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    /// Every public key, by its id.
    async fn rows(&self) -> Result<Vec<(String, Attributes)>, Problem> {
        let rows = ring(&self.client, &self.table).await?;
        let keyed = rows.into_iter().map(|item| {
            let kid = Row(&item).text("kid")?.to_owned();
            Ok::<_, Corrupt>((kid, item))
        });
        let mut keyed = keyed.collect::<Result<Vec<_>, _>>()?;
        keyed.retain(|(kid, _)| kid != CURSOR_ROW);
        Ok(keyed)
    }

    async fn put_new(&self, item: Item) -> Result<(), Problem> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_attributes()))
            .condition_expression("attribute_not_exists(kid)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}
