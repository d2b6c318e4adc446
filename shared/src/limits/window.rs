//! The windows in which requests and attempts are counted.

use std::time::Duration;

use crate::http::Quota;
use crate::values::Timestamp;

/// How long a window is, in seconds.
const WINDOW: u32 = 15 * 60;

/// A stretch of 15 minutes, the same for all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    number: i64,
    left: Duration,
}

impl Window {
    pub(crate) fn at(now: Timestamp) -> Self {
        let length = i64::from(WINDOW);
        let past = now.unix().rem_euclid(length);
        Self {
            number: now.unix().div_euclid(length),
            left: Duration::from_secs(u64::try_from(length - past).unwrap_or(1)),
        }
    }

    pub(crate) fn number(self) -> i64 {
        self.number
    }

    /// Returns when its counts may be deleted: a minute after its end, since
    /// clocks differ.
    pub(crate) fn expires(self, now: Timestamp) -> Timestamp {
        now.plus(self.left).plus(Duration::from_secs(60))
    }

    /// Returns what is left of a limit after `used` of it.
    pub(crate) fn quota(self, limit: u32, used: u32) -> Quota {
        Quota {
            limit,
            remaining: limit.saturating_sub(used),
            reset: self.left,
        }
    }
}

/// Starts the tables of a unit test that counts, once the present window has half
/// a minute to go, so that all of it is counted in one.
#[cfg(test)]
pub(super) async fn tables_in_one_window() -> crate::testing::Tables {
    let left = Window::at(Timestamp::now()).left;
    if left < Duration::from_secs(30) {
        tokio::time::sleep(left + Duration::from_secs(1)).await;
    }
    crate::testing::tables().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_quarter_of_an_hour_and_the_same_for_everyone() {
        let at = |text| Window::at(Timestamp::parse(text).unwrap());
        let (start, end) = (at("2026-11-21T10:15:00Z"), at("2026-11-21T10:29:59Z"));
        assert_eq!(start.number(), end.number());
        assert_eq!(start.left, Duration::from_secs(900));
        assert_eq!(end.left, Duration::from_secs(1));
        assert_eq!(at("2026-11-21T10:30:00Z").number(), start.number() + 1);
    }
}
