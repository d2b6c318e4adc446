//! What the faults of one DynamoDB did, and which calls they saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::call::Call;
use super::script::Calls;

/// A call that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCall {
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The names of the tables that it touches.
    pub tables: BTreeSet<String>,
}

/// The calls that are watched, in the order in which they arrived.
#[derive(Debug, Clone, Default)]
pub struct Watched(Arc<Mutex<Vec<SeenCall>>>);

impl Watched {
    /// Returns the calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<SeenCall> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

/// Which calls are watched.
pub(super) struct Watch {
    calls: Calls,
    watched: Watched,
}

impl Watch {
    pub(super) fn of(calls: Calls) -> (Self, Watched) {
        let watched = Watched::default();
        let watch = Self {
            calls,
            watched: watched.clone(),
        };
        (watch, watched)
    }

    pub(super) fn see(&self, call: &Call) {
        if self.calls.fit(call) {
            let mut calls = self
                .watched
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            calls.push(SeenCall {
                operation: call.operation.clone(),
                tables: call.tables.clone(),
            });
        }
    }
}

/// How many calls met each kind of fault, by its name.
pub type FaultCounts = BTreeMap<&'static str, u64>;
