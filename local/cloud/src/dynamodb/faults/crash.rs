//! Callers that die.

use std::sync::{Arc, OnceLock};

use super::call::Call;
use crate::runtime::Runtime;

/// When the function's process that makes a call is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// When the call arrives, before it is done.
    Arrived,
    /// When the call is done, before it is answered.
    Done,
    /// When the call is answered, before anything comes of it: at the process's next call, which
    /// is not done, or when it answers its own request, of which nobody is told.
    Answered,
}

impl CrashPoint {
    /// All of them, in the order of time.
    pub const ALL: [Self; 3] = [Self::Arrived, Self::Done, Self::Answered];
}

/// How callers are killed: not at all where no runtime runs them.
#[derive(Default)]
pub(super) struct Callers(OnceLock<Arc<Runtime>>);

impl Callers {
    pub(super) fn use_runtime(&self, runtime: Arc<Runtime>) {
        // It is told once.
        let _ = self.0.set(runtime);
    }

    /// Kills the function that makes this call.
    pub(super) async fn kill(&self, call: &Call) {
        if let (Some(runtime), Some(function)) = (self.0.get(), &call.caller) {
            runtime.kill_busy(function).await;
        }
    }

    /// Kills the function that makes this call at the next thing that it does.
    pub(super) fn kill_at_next(&self, call: &Call) {
        if let (Some(runtime), Some(function)) = (self.0.get(), &call.caller) {
            runtime.kill_at_next(function);
        }
    }

    /// Returns whether this call is the end of the function that makes it.
    pub(super) fn is_kill_due(&self, call: &Call) -> bool {
        match (self.0.get(), &call.caller) {
            (Some(runtime), Some(function)) => runtime.is_kill_due(function),
            _ => false,
        }
    }
}
