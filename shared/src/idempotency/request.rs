//! What a request with an idempotency key asks for.

use crate::identity::Identity;
use crate::input::IdempotencyKey;
use crate::values::sha256_base64url;

/// A request that is done once under its key, however often it is sent. The key
/// is the caller's own, and of one operation.
pub(crate) struct KeyedRequest {
    pub(super) caller: String,
    pub(super) key_hash: String,
    pub(super) body_hash: String,
}

impl KeyedRequest {
    /// Names a request by its operation, its caller, its key and the parts of
    /// its body as they were read. A part that is added to a body later must be
    /// left out where it is absent.
    pub(crate) fn new(
        operation: &'static str,
        by: &impl Identity,
        key: &IdempotencyKey,
        body: &[&str],
    ) -> Self {
        let text: String = body
            .iter()
            .map(|part| format!("{}:{part}", part.len()))
            .collect();
        Self {
            caller: format!("{operation}#{}", by.user_id()),
            // Hashed, since a client's key may be anything.
            key_hash: sha256_base64url::<32>(key.as_str().as_bytes()),
            body_hash: sha256_base64url::<32>(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Role, User, customer_for_tests};
    use crate::values::EmailAddress;

    #[test]
    fn two_bodies_have_one_hash_only_if_every_part_is_the_same() {
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let by = customer_for_tests(&ann);
        let key = IdempotencyKey::parse("k").unwrap();
        let hash = |body: &[&str]| KeyedRequest::new("test", &by, &key, body).body_hash;
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
        for other in [&["a", "bc"][..], &["abc"], &["ab", "c", ""], &["2:ab1:c"]] {
            assert_ne!(hash(&["ab", "c"]), hash(other));
        }
    }
}
