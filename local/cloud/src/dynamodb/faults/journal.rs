//! What was written, in the order in which it was committed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;

use super::call::{Call, ItemKey};
use super::engine::{Engine, EngineRequest};
use super::shadow::{Before, Tables};

/// One item as one committed write changed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The commit's number, from 1 without gaps. All changes of one call have the same.
    pub commit: u64,
    /// When it was committed.
    pub at: Instant,
    /// The function's binary; `None` for the operator.
    pub caller: Option<String>,
    /// Which item it is.
    pub item: ItemKey,
    /// The item as it was; `None` if it was not there.
    pub before: Option<Value>,
    /// The item as it then was; `None` if it was deleted.
    pub after: Option<Value>,
}

/// The changes to the tables. While it is on, one write is done after the other.
pub(super) struct Journal {
    tables: Arc<Tables>,
    is_on: AtomicBool,
    /// The last commit's number. Whoever writes holds it from reading the items as they are until
    /// it has read them as they became.
    last: tokio::sync::Mutex<u64>,
    changes: Mutex<Vec<Change>>,
}

impl Journal {
    pub(super) fn of(tables: Arc<Tables>) -> Self {
        Self {
            tables,
            is_on: AtomicBool::new(false),
            last: tokio::sync::Mutex::default(),
            changes: Mutex::default(),
        }
    }

    pub(super) fn start(&self) {
        self.is_on.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        self.lock().clone()
    }

    /// Returns the items that were changed since a moment, as they were then. What was written
    /// first of all counts as older.
    pub(super) fn before(&self, moment: Instant) -> Vec<Before> {
        let changes = self.lock();
        let since = changes.first().map_or(moment, |it| it.at.max(moment));
        let mut before: Vec<Before> = Vec::new();
        for change in changes.iter().filter(|it| it.at > since) {
            if before.iter().all(|(item, _)| *item != change.item) {
                before.push((change.item.clone(), change.before.clone()));
            }
        }
        before
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the database do a call, and keeps what that changed.
    pub(super) async fn send(
        &self,
        call: &Call,
        engine: &Engine,
        request: EngineRequest,
    ) -> Response {
        if !(self.is_on() && call.is_write()) {
            return engine.send(request).await;
        }
        let mut last = self.last.lock().await;
        let read = || call.items.iter().map(|item| self.tables.get(item));
        let before: Vec<_> = read().collect();
        let answer = engine.send(request).await;
        let at = Instant::now();
        let commit = *last + 1;
        let states = before.into_iter().zip(read());
        let changed = call.items.iter().zip(states);
        // Conditions that only check, and a transaction that was sent again, change nothing.
        let changed = changed.filter(|(_, (before, after))| before != after);
        let mut changes = self.lock();
        for (item, (before, after)) in changed {
            *last = commit;
            changes.push(Change {
                commit,
                at,
                caller: call.caller.clone(),
                item: item.clone(),
                before,
                after,
            });
        }
        answer
    }
}
