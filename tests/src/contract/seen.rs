//! What the tests of this process have seen of the contract.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::document::Operation;
use crate::TestResponse;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Names an answer: `checkout 409 empty-cart`.
pub(super) fn line(operation: &str, status: &str, code: &str) -> String {
    format!("{operation} {status} {code}").trim_end().to_owned()
}

/// Keeps in mind that an operation gave an answer.
pub(super) fn record(operation: &Operation, answer: &TestResponse) {
    let code = match operation.id.as_str() {
        "gateway" => "",
        _ => answer.body["code"].as_str().unwrap_or_default(),
    };
    let line = line(&operation.id, &answer.status.to_string(), code);
    SEEN.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(line);
}

/// Returns all that was seen so far.
pub(super) fn all() -> BTreeSet<String> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
