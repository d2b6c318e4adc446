//! Why transactions are cancelled.

use serde_json::{Value, json};

/// Why an action of a transaction was not done.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// It could have been.
    None,
    /// Its condition did not hold; with the item, where the action asked for it.
    ConditionFailed(Option<Value>),
    /// Its item is part of another transaction.
    Conflict,
    /// Its table takes no more.
    Throttled,
}

impl Reason {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ConditionFailed(_) => "ConditionalCheckFailed",
            Self::Conflict => "TransactionConflict",
            Self::Throttled => "ThrottlingError",
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::ConditionFailed(Some(item)) => json!({ "Code": self.code(), "Item": item }),
            _ => json!({ "Code": self.code() }),
        }
    }
}
