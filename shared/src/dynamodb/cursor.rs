//! Cursors: where a list goes on. Opaque, sealed with a MAC, and bound to the
//! caller and the query, since DynamoDB's last key names a row.
//!
//! A cursor only says where within the caller's own list to go on: the
//! partition is always derived from the caller, never from the cursor.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{Corrupt, DynamoDbError};
use super::item::Attributes;
use crate::aws::{Env, FromEnv, StartError};

/// Half of a SHA-256: too long to be found by trying.
const MAC_LENGTH: usize = 16;

/// The key that seals cursors: more than a kilobyte, so it is shared.
#[derive(Clone)]
pub(crate) struct CursorKey(Arc<hmac::Key>);

impl CursorKey {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }
}

/// Where the key that seals cursors is kept.
pub(crate) trait CursorKeySource: Send + Sync {
    /// Why the key can't be read.
    type Error: From<DynamoDbError>;

    /// Returns the key.
    fn cursor_key(&self) -> impl Future<Output = Result<CursorKey, Self::Error>> + Send;
}

/// Seals and opens cursors.
#[derive(Clone)]
pub(crate) struct Cursors<S> {
    keys: S,
}

impl<S: CursorKeySource + FromEnv + 'static> FromEnv for Cursors<S> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            keys: env.singleton()?,
        })
    }

    async fn warm(&self) {
        self.keys.warm().await;
    }
}

impl<S: CursorKeySource> Cursors<S> {
    /// Returns the cursor of a list's next page, which begins after this key;
    /// `None` if there is no next page. `list` says whose list it is and what
    /// was asked.
    pub(crate) async fn seal(
        &self,
        list: &str,
        last: Option<&Attributes>,
    ) -> Result<Option<String>, S::Error> {
        let Some(last) = last else {
            return Ok(None);
        };
        let key = self.keys.cursor_key().await?;
        let position = write(last).map_err(DynamoDbError::from)?;
        Ok(Some(sealed(&key.0, list, &position)))
    }

    /// Returns the key after which the list goes on; `None` for its first
    /// page.
    ///
    /// # Errors
    /// [`DynamoDbError::InvalidCursor`] for a cursor that is not of this list.
    pub(crate) async fn open(
        &self,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<Attributes>, S::Error> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let key = self.keys.cursor_key().await?;
        match opened(&key.0, list, cursor) {
            Some(last) => Ok(Some(last)),
            None => Err(DynamoDbError::InvalidCursor.into()),
        }
    }
}

fn sealed(key: &hmac::Key, query: &str, position: &[u8]) -> String {
    let mac = mac(key, query, position);
    URL_SAFE_NO_PAD.encode([mac.as_slice(), position].concat())
}

fn opened(key: &hmac::Key, query: &str, cursor: &str) -> Option<Attributes> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (claimed, position) = bytes.split_at_checked(MAC_LENGTH)?;
    constant_time::verify_slices_are_equal(claimed, &mac(key, query, position)).ok()?;
    read(position)
}

/// Computes the MAC of a list and a position. The list's length stands first,
/// so that no two pairs have the same bytes.
fn mac(key: &hmac::Key, query: &str, position: &[u8]) -> Vec<u8> {
    let length = u64::try_from(query.len()).unwrap_or(u64::MAX).to_be_bytes();
    let message = [length.as_slice(), query.as_bytes(), position].concat();
    let tag = hmac::sign(key, &message);
    tag.as_ref().iter().copied().take(MAC_LENGTH).collect()
}

/// Writes a key as `{"name":["S","…"]}`: its attributes are strings and
/// numbers.
fn write(last: &Attributes) -> Result<Vec<u8>, Corrupt> {
    let mut key = BTreeMap::new();
    for (name, value) in last {
        let typed = match value {
            AttributeValue::S(text) => ("S", text),
            AttributeValue::N(digits) => ("N", digits),
            _ => return Err(Corrupt::new("LastEvaluatedKey")),
        };
        key.insert(name, typed);
    }
    serde_json::to_vec(&key).map_err(|_| Corrupt::new("LastEvaluatedKey"))
}

fn read(position: &[u8]) -> Option<Attributes> {
    let key: BTreeMap<String, (String, String)> = serde_json::from_slice(position).ok()?;
    let attributes = key.into_iter().map(|(name, (kind, value))| {
        let value = match kind.as_str() {
            "S" => AttributeValue::S(value),
            "N" => AttributeValue::N(value),
            _ => return None,
        };
        Some((name, value))
    });
    attributes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{number, text};

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn position() -> Attributes {
        Attributes::from([
            ("userId".to_owned(), text("usr_1")),
            ("price".to_owned(), number(1999)),
        ])
    }

    #[test]
    fn a_cursor_opens_with_the_query_it_was_made_for() {
        let cursor = sealed(&key(1), "orders of ann", &write(&position()).unwrap());
        assert_eq!(opened(&key(1), "orders of ann", &cursor), Some(position()));
    }

    #[test]
    fn a_cursor_of_another_person_query_or_key_is_refused() {
        let cursor = sealed(&key(1), "orders of ann", &write(&position()).unwrap());
        assert_eq!(opened(&key(1), "orders of bob", &cursor), None);
        assert_eq!(opened(&key(2), "orders of ann", &cursor), None);
    }

    #[test]
    fn a_cursor_with_any_bit_changed_is_refused() {
        let cursor = sealed(&key(1), "q", &write(&position()).unwrap());
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            assert_eq!(opened(&key(1), "q", &URL_SAFE_NO_PAD.encode(forged)), None);
        }
        for text in ["", "x", "AAAA", "\u{e4}", &"A".repeat(1000)] {
            assert_eq!(opened(&key(1), "q", text), None);
        }
    }
}
