//! How long a request may take.

use std::time::{Duration, Instant};

use crate::values::clock;

/// What it takes to answer after the work has been given up.
const RESERVE: Duration = Duration::from_millis(500);

/// How long before the deadline all but the work ends.
const ANSWER_RESERVE: Duration = Duration::from_millis(100);

/// When the work on a request must have ended: half a second before Lambda
/// ends the process, so that there is time to answer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// Makes the deadline of a request that Lambda ends after `duration`.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(clock::monotonic() + duration.saturating_sub(RESERVE))
    }

    /// Returns how long the work may still take.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(clock::monotonic())
    }

    /// Returns how long what is only tidy may still take, at most this: never
    /// what is needed to answer that the work was done.
    pub(crate) fn spare(self, most: Duration) -> Duration {
        self.remaining().saturating_sub(ANSWER_RESERVE).min(most)
    }

    /// Returns the moment itself.
    #[must_use]
    pub(crate) fn instant(self) -> Instant {
        self.0
    }
}
