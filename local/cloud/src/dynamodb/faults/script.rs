//! What a test asks for: which calls, and what becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::call::Call;
use super::crash::CrashPoint;
use super::in_flight::Holder;
use super::reason::Reason;

/// From when on a late answer is counted as one of its own kind: that much later the functions'
/// calls have been sent again.
const LATE: Duration = Duration::from_secs(2);

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The transaction is cancelled: a reason for each of its actions, in their order; actions
    /// beyond them have none.
    Cancel(Vec<Reason>),
    /// It meets a transaction: on each of its items, where it is one itself.
    Conflict,
    /// It is throttled.
    Throttle,
    /// The answer is 500, and nothing was done.
    FailBefore,
    /// The answer is 500, and it was done.
    FailAfter,
    /// The connection is closed, and nothing was done.
    DropBefore,
    /// The connection is closed once it was done.
    DropAfter,
    /// It is begun that much later.
    Delay(Duration),
    /// A read that isn't consistent sees the tables as they were so long ago, as far as the journal
    /// tells.
    Stale(Duration),
    /// Only half of a batch's keys are read, and the others are handed back.
    Unprocessed,
    /// It is done at once, and answered that much later.
    AnswerLate(Duration),
    /// The function's process that makes it is killed. Each of the function's processes that is at
    /// work counts as the one, so send one request at a time.
    Crash(CrashPoint),
    /// The transaction meets others on its items at these places, and conditions of the rest may
    /// fail beside.
    ConflictOn(Vec<usize>),
    /// The transaction is prepared for some time, during which others conflict with it, and then
    /// committed; for some more time plain reads see the part of it that the seed chooses.
    Tear {
        /// Chooses what plain reads see.
        seed: u64,
        /// How long it is prepared.
        prepared: Duration,
        /// How long it is committed and only in part to be seen.
        torn: Duration,
    },
}

/// Which calls meet a fault: the first one that fits, unless told otherwise.
#[derive(Debug, Clone)]
pub struct Calls {
    operation: Option<String>,
    function: Option<String>,
    table: Option<String>,
    first: u32,
    times: u32,
}

impl Calls {
    /// Chooses calls of an operation, such as `GetItem`.
    #[must_use]
    pub fn of(operation: &str) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            ..Self::any()
        }
    }

    /// Chooses calls of any operation.
    #[must_use]
    pub fn any() -> Self {
        Self {
            operation: None,
            function: None,
            table: None,
            first: 1,
            times: 1,
        }
    }

    /// Narrows to calls by this function, named by its binary.
    #[must_use]
    pub fn by(mut self, function: &str) -> Self {
        self.function = Some(function.to_owned());
        self
    }

    /// Narrows to calls that touch this table, by its name.
    #[must_use]
    pub fn on(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }

    /// Begins at the nth call, counted from 1.
    #[must_use]
    pub fn from_nth(mut self, first: u32) -> Self {
        self.first = first;
        self
    }

    /// Takes so many calls, one after the other.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Takes all calls.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    pub(super) fn fit(&self, call: &Call) -> bool {
        let operation = self.operation.as_deref();
        let function = self.function.as_deref();
        let table = self.table.as_deref();
        operation.is_none_or(|it| it == call.operation)
            && function.is_none_or(|it| call.caller.as_deref() == Some(it))
            && table.is_none_or(|it| call.tables.contains(it))
    }
}

/// What is done with a call.
pub(super) enum Action {
    Fault(Fault),
    /// The transaction waits for a test's orders.
    Hold(Holder),
}

impl Action {
    /// Returns what it is called where faults are counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fault(Fault::Cancel(reasons)) if reasons.contains(&Reason::Throttled) => {
                "transaction throttled in part"
            }
            Self::Fault(Fault::Cancel(_)) => "transaction cancelled",
            Self::Fault(Fault::Conflict) => "conflict",
            Self::Fault(Fault::Throttle) => "throttled",
            Self::Fault(Fault::FailBefore) => "500, not done",
            Self::Fault(Fault::FailAfter) => "500, but done",
            Self::Fault(Fault::DropBefore) => "connection lost, not done",
            Self::Fault(Fault::DropAfter) => "connection lost, but done",
            Self::Fault(Fault::Delay(_)) => "begun late",
            Self::Fault(Fault::Stale(_)) => "older state read",
            Self::Fault(Fault::Unprocessed) => "batch done by half",
            Self::Fault(Fault::AnswerLate(time)) if *time >= LATE => "answered 2 s late or later",
            Self::Fault(Fault::AnswerLate(_)) => "answered late",
            Self::Fault(Fault::Crash(CrashPoint::Arrived)) => "killed before the call is done",
            Self::Fault(Fault::Crash(CrashPoint::Done)) => "killed before the call is answered",
            Self::Fault(Fault::Crash(CrashPoint::Answered)) => "killed once the call is answered",
            Self::Fault(Fault::ConflictOn(_)) => "conflict in part",
            Self::Fault(Fault::Tear { torn, .. }) if *torn >= LATE => {
                "transaction seen in part for 2 s or longer"
            }
            Self::Fault(Fault::Tear { .. }) => "transaction seen in part",
            Self::Hold(_) => "transaction held",
        }
    }
}

pub(super) struct Rule {
    calls: Calls,
    /// What is still to be done; a held transaction is held once.
    action: Option<Action>,
    seen: u32,
    pub(super) hits: Arc<AtomicU32>,
}

impl Rule {
    pub(super) fn new(calls: Calls, action: Action) -> Self {
        Self {
            calls,
            action: Some(action),
            seen: 0,
            hits: Arc::default(),
        }
    }

    /// Counts a call, and returns whether it is one of those that this rule is about.
    pub(super) fn counts(&mut self, call: &Call) -> bool {
        if !self.calls.fit(call) {
            return false;
        }
        self.seen += 1;
        let since = self.seen.checked_sub(self.calls.first);
        since.is_some_and(|since| since < self.calls.times)
    }

    /// Returns what is done with the call that was counted.
    pub(super) fn act(&mut self) -> Option<Action> {
        let action = match self.action.as_ref()? {
            Action::Fault(fault) => Action::Fault(fault.clone()),
            Action::Hold(_) => self.action.take()?,
        };
        self.hits.fetch_add(1, Ordering::SeqCst);
        Some(action)
    }
}
