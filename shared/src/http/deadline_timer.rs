//! The one timer that ends requests which take too long.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// A timer that one request after the other uses.
///
/// tokio wakes its own thread by a write to the kernel for every new timer that
/// is due before the driver's next one; a timer that lives on is only moved.
#[derive(Default)]
pub(super) struct DeadlineTimer(Mutex<Option<Pin<Box<Sleep>>>>);

impl DeadlineTimer {
    /// Runs work until a moment at most. Returns `None` if it took longer: the work
    /// is dropped then, where it waits.
    pub(super) async fn until<F: Future>(&self, end: Instant, work: F) -> Option<F::Output> {
        let end = end.into();
        let mut timer = match self.kept().take() {
            Some(mut timer) => {
                timer.as_mut().reset(end);
                timer
            }
            // The first request's, or one's that came while another was at work.
            None => Box::pin(sleep_until(end)),
        };
        let done = tokio::select! {
            biased;
            done = work => Some(done),
            () = &mut timer => None,
        };
        *self.kept() = Some(timer);
        done
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Pin<Box<Sleep>>>> {
        // A timer is whole at every moment, also after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::values::clock;

    /// Passes soon, by which it is surely up.
    const SOON: Duration = Duration::from_millis(20);
    /// Doesn't pass while a test runs.
    const LONG: Duration = Duration::from_secs(600);

    fn after(time: Duration) -> Instant {
        clock::monotonic() + time
    }

    #[tokio::test]
    async fn every_request_has_its_own_time_whatever_the_ones_before_took() {
        let timer = DeadlineTimer::default();
        for _ in 0..3 {
            assert_eq!(timer.until(after(LONG), async { 7 }).await, Some(7));
            assert_eq!(timer.until(after(SOON), pending::<()>()).await, None);
            // Longer than the time before.
            assert_eq!(timer.until(after(LONG), sleep(2 * SOON)).await, Some(()));
            assert_eq!(timer.until(after(SOON), sleep(LONG)).await, None);
        }
    }

    #[tokio::test]
    async fn two_requests_at_once_have_a_timer_each() {
        let timer = DeadlineTimer::default();
        let (short, long) = tokio::join!(
            timer.until(after(SOON), sleep(LONG)),
            timer.until(after(LONG), sleep(2 * SOON)),
        );
        assert_eq!((short, long), (None, Some(())));
    }
}
