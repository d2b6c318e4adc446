//! How long a request may take.

use std::time::{Duration, Instant};

use crate::values::{clock, unix_millis};

/// What it takes to answer after the work has been given up.
const RESERVE: Duration = Duration::from_millis(500);

/// How long before the deadline all but the work ends.
const ANSWER_RESERVE: Duration = Duration::from_millis(100);

/// When the work on a request must have ended: half a second before Lambda
/// ends the process, so that there is time to answer. And when the request
/// reached the shop, which may be seconds before a process began with it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    end: Instant,
    arrived: u64,
}

impl Deadline {
    /// Makes the deadline of a request that Lambda ends after `duration`.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self {
            end: clock::monotonic() + duration.saturating_sub(RESERVE),
            arrived: unix_millis(),
        }
    }

    /// Returns how long the work may still take.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.end.saturating_duration_since(clock::monotonic())
    }

    /// Returns how long what is only tidy may still take, at most this: never
    /// what is needed to answer that the work was done.
    pub(crate) fn spare(self, most: Duration) -> Duration {
        self.remaining().saturating_sub(ANSWER_RESERVE).min(most)
    }

    /// Returns the deadline of a request that reached the gateway at this
    /// moment, in milliseconds since 1970; 0 where that is not known.
    pub(crate) fn of_arrival(mut self, arrived: u64) -> Self {
        if arrived != 0 {
            self.arrived = arrived;
        }
        self
    }

    /// Returns when the request reached the gateway, in milliseconds since
    /// 1970; where that is not known, when a process began with it.
    pub(crate) fn arrived(self) -> u64 {
        self.arrived
    }

    /// Returns the moment itself.
    #[must_use]
    pub(crate) fn instant(self) -> Instant {
        self.end
    }
}
