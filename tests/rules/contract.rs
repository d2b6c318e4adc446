//! Rules of openapi.yaml: it has the routes of template.yaml, says of bodies and queries what the
//! code reads, and knows the code's words and problems. Whether answers are as it says, the
//! end-to-end tests judge.

mod bodies;
mod operations;
mod queries;
mod schemas;
mod words;

use serde_json::Value;
use template::document;
use tests::contract::Contract;

use crate::files::read;

/// The shop's own contract.
fn own() -> &'static Contract {
    tests::contract::contract()
}

/// A small contract with planted faults.
fn planted(text: &str) -> Contract {
    Contract::read(document(text).unwrap())
}

/// A file of JSON by its path in the workspace.
fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}
