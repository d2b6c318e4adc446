//! Ages of what a process keeps.

use std::time::{Duration, Instant, SystemTime};

use super::clock;

/// A moment in this process, of which one asks how long ago it was.
///
/// Lambda freezes a process between two requests, for seconds or for hours, and
/// the monotonic clock may stand still meanwhile. The wall clock goes on, but
/// may be set back. So an age is the larger of what both say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Returns the moment that is now.
    pub(crate) fn now() -> Self {
        Self {
            monotonic: clock::monotonic(),
            wall: clock::wall(),
        }
    }

    /// Returns how long ago this moment was.
    pub(crate) fn age(self) -> Duration {
        self.until(Self::now())
    }

    /// Returns the longer of the times that passed by either clock.
    pub(crate) fn until(self, later: Self) -> Duration {
        let monotonic = later.monotonic.saturating_duration_since(self.monotonic);
        // The wall clock was set back where there is an error.
        let wall = later.wall.duration_since(self.wall).unwrap_or_default();
        monotonic.max(wall)
    }

    /// Returns a moment after which the process was frozen for so long while
    /// its monotonic clock stood still.
    #[cfg(test)]
    pub(crate) fn before_a_freeze_of(frozen: Duration) -> Self {
        let now = Self::now();
        Self {
            wall: now.wall - frozen,
            ..now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn an_age_is_the_larger_of_both_clocks() {
        let then = Moment::now();
        let later = |monotonic, wall| Moment {
            monotonic: then.monotonic + monotonic,
            wall,
        };
        let frozen = later(Duration::ZERO, then.wall + MINUTE);
        assert_eq!(then.until(frozen), MINUTE);
        let set_back = later(MINUTE, then.wall - 9 * MINUTE);
        assert_eq!(then.until(set_back), MINUTE);
        assert_eq!(then.until(then), Duration::ZERO);
        assert!(Moment::before_a_freeze_of(MINUTE).age() >= MINUTE);
    }
}
