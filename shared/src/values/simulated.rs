//! A wall clock and random bytes that follow from a seed, for one thread that
//! simulates several processes.

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

thread_local! {
    /// When the simulation of this thread began, by tokio's clock.
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

tokio::task_local! {
    /// How many milliseconds the wall clock of a process is ahead.
    static AHEAD: i64;
}

/// What every simulated wall clock shows at the beginning: 2026-11-21T10:00:00Z.
const EPOCH: Duration = Duration::from_secs(1_795_255_200);

/// Begins a simulation on this thread. Its random bytes, and the jitter and the
/// ids of the SDK, which draws them from the same generator, follow from the
/// seed; its wall clock follows tokio's.
pub fn begin(seed: u64) {
    fastrand::seed(seed);
    BEGUN.set(Some(Instant::now()));
}

/// Runs work of a process whose wall clock is so many milliseconds ahead.
pub async fn ahead<F: Future>(milliseconds: i64, work: F) -> F::Output {
    AHEAD.scope(milliseconds, work).await
}

/// Returns the moment that is now by the wall clock of the process whose work
/// is being done.
pub fn wall() -> SystemTime {
    let begun = BEGUN.get().unwrap_or_else(Instant::now);
    let now = SystemTime::UNIX_EPOCH + EPOCH + begun.elapsed();
    let ahead = AHEAD.try_with(|it| *it).unwrap_or_default();
    let by = Duration::from_millis(ahead.unsigned_abs());
    if ahead < 0 { now - by } else { now + by }
}

pub(super) fn fill(bytes: &mut [u8]) {
    fastrand::fill(bytes);
}
