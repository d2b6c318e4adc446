//! The two clocks of this process. Nothing else reads them, so that a
//! simulation can stand in for both.

use std::time::{Instant, SystemTime};

/// Returns the moment that is now by the monotonic clock.
#[cfg(not(feature = "simulation"))]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// Returns the moment that is now by the wall clock.
#[cfg(not(feature = "simulation"))]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Returns the moment that is now by tokio's clock, which a simulation has
/// paused.
#[cfg(feature = "simulation")]
pub(crate) fn monotonic() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Returns the moment that is now by the simulated wall clock.
#[cfg(feature = "simulation")]
pub(crate) fn wall() -> SystemTime {
    super::simulated::wall()
}
