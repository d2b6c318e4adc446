//! A record of a stream.

use serde_json::Value;

/// One record on its way.
pub(super) struct StreamRecord {
    /// As the function gets it.
    pub(super) event: Value,
    pub(super) sequence_number: String,
    /// The item's key, in one text.
    pub(super) key: String,
    /// Seconds since 1970.
    pub(super) created: i64,
}
