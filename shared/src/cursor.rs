//! Cursors: where a list goes on. Opaque, sealed with a MAC, and bound to the
//! caller and the query, since what DynamoDB calls a last key names a row.
//! A cursor only says where within one's own list to go on: the partition is
//! always derived from the caller, never from the cursor.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::Problem;
use crate::store::Corrupt;
use crate::store::item::Attributes;
use crate::store::token_keys::KeyRing;

/// Half of a SHA-256: nobody finds one by trying.
const MAC_LENGTH: usize = 16;

/// Seals and opens cursors.
#[derive(Clone)]
pub(crate) struct Cursors {
    keys: Arc<KeyRing>,
}

impl Cursors {
    pub(crate) fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    pub(crate) async fn warm(&self) {
        self.keys.warm().await;
    }

    /// A cursor for a list that goes on after this key. `query` says whose
    /// list it is and what was asked.
    pub(crate) async fn seal(&self, query: &str, last: &Attributes) -> Result<String, Problem> {
        let key = self.keys.cursor_key().await?;
        let position = write(last)?;
        Ok(sealed(&key, query, &position))
    }

    /// The key after which the list goes on.
    pub(crate) async fn open(
        &self,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<Option<Attributes>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let key = self.keys.cursor_key().await?;
        match opened(&key, query, cursor) {
            Some(last) => Ok(Some(last)),
            None => Err(Problem::Malformed(
                "The parameter `cursor` must be the `nextCursor` of the page before.".into(),
            )),
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

/// The length of the query stands before it, so that no two pairs of query
/// and position have the same bytes.
fn mac(key: &hmac::Key, query: &str, position: &[u8]) -> Vec<u8> {
    let length = u64::try_from(query.len()).unwrap_or(u64::MAX).to_be_bytes();
    let message = [length.as_slice(), query.as_bytes(), position].concat();
    let tag = hmac::sign(key, &message);
    tag.as_ref().iter().copied().take(MAC_LENGTH).collect()
}

/// The attributes of a key are strings and numbers: `{"name":["S","…"]}`.
fn write(last: &Attributes) -> Result<Vec<u8>, Problem> {
    let mut key = BTreeMap::new();
    for (name, value) in last {
        let typed = match value {
            AttributeValue::S(text) => ("S", text),
            AttributeValue::N(digits) => ("N", digits),
            _ => return Err(Corrupt::new("LastEvaluatedKey").into()),
        };
        key.insert(name, typed);
    }
    serde_json::to_vec(&key).map_err(Problem::internal)
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
    use crate::store::item::{number, text};

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
