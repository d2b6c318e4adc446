//! Calls of the embedded database within this process.

use serde_json::Value;

/// Reads a request of the database from the JSON that DynamoDB's own API takes.
pub(super) fn request<T: serde::de::DeserializeOwned>(json: Value) -> Result<T, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}
