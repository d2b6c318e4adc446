//! When a call is sent again, above what the SDK does: one that met a transaction, was throttled,
//! or was answered in part or not at all.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::values::{NoEntropy, clock, random_bytes};

/// How often a call whose outcome is not known is sent again at most: the SDK has tried three
/// times by then, and nobody answers.
const MAX_UNKNOWN: u32 = 5;
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// What a last try needs.
const LAST_TRY: Duration = Duration::from_millis(100);
/// How long calls are retried outside of any request: by the demo and an operator's commands.
const OUTSIDE_REQUESTS: Duration = Duration::from_secs(5);

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs work whose calls of DynamoDB are sent again until this moment at most.
pub(crate) async fn retrying_until<F: Future>(deadline: Instant, work: F) -> F::Output {
    DEADLINE.scope(deadline, work).await
}

/// Returns when the retries of the request that is being handled end; `None` outside of any.
pub(crate) fn retry_deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// The retries of one call.
pub(super) struct Retries {
    deadline: Instant,
    tried: u32,
    unknown: u32,
}

impl Retries {
    /// Begins retries that end with the request which is being handled.
    pub(super) fn of_request() -> Self {
        Self::until(retry_deadline().unwrap_or_else(|| clock::monotonic() + OUTSIDE_REQUESTS))
    }

    /// Begins retries that end at a moment.
    pub(super) fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            tried: 0,
            unknown: 0,
        }
    }

    /// Ends them no later than this moment.
    pub(super) fn end_by(&mut self, moment: Instant) {
        self.deadline = self.deadline.min(moment);
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits before a call that surely had no effect is sent again. Returns false, at once, when
    /// the time is nearly up.
    pub(super) async fn wait(&mut self) -> Result<bool, NoEntropy> {
        let left = self.deadline.saturating_duration_since(clock::monotonic());
        let Some(left) = left.checked_sub(LAST_TRY) else {
            return Ok(false);
        };
        // The last pause ends when there is just time for one more try.
        tokio::time::sleep(backoff(self.tried)?.min(left)).await;
        self.tried += 1;
        Ok(true)
    }

    /// Waits as [`Self::wait`] does before a call is sent again that may have had an effect, but
    /// only a few times: such a failure is more likely an outage.
    pub(super) async fn wait_unknown(&mut self) -> Result<bool, NoEntropy> {
        self.unknown += 1;
        Ok(self.unknown <= MAX_UNKNOWN && self.wait().await?)
    }
}

/// Returns how long to wait before retry `tried` (from 0). Full jitter: a random part of 50 ms,
/// doubled with every retry, a second at most
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
fn backoff(tried: u32) -> Result<Duration, NoEntropy> {
    let most = Duration::from_millis(50 << tried.min(10)).min(MAX_PAUSE);
    let random = u16::from_be_bytes(random_bytes()?);
    Ok(most * u32::from(random) / u32::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_and_stays_bounded() {
        for tried in 0..40 {
            assert!(backoff(tried).unwrap() <= MAX_PAUSE);
        }
        assert!(backoff(0).unwrap() <= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn retries_go_on_until_the_time_is_nearly_up() {
        let begun = Instant::now();
        let mut retries = Retries::until(begun + Duration::from_millis(1500));
        let mut tried = 0;
        while retries.wait().await.unwrap() {
            tried += 1;
        }
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(1400), "{took:?}");
        assert!(took < Duration::from_millis(1600), "{took:?}");
        assert!((3..200).contains(&tried), "{tried}");
    }

    #[tokio::test]
    async fn what_nobody_answers_is_tried_a_few_times() {
        let mut retries = Retries::until(Instant::now() + Duration::from_secs(60));
        let mut tried = 0;
        while retries.wait_unknown().await.unwrap() {
            tried += 1;
        }
        assert_eq!(tried, MAX_UNKNOWN);
    }

    #[tokio::test]
    async fn a_request_bounds_the_retries_of_its_calls() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let known = retrying_until(deadline, async { Retries::of_request().deadline }).await;
        assert_eq!(known, deadline);
        assert!(Retries::of_request().deadline > deadline + Duration::from_secs(3));
    }
}
