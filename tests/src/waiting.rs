//! Waits that end by themselves.

use std::time::{Duration, Instant, SystemTime};

use crate::Shop;

/// Waits until something is so. Fails the test after 20 s.
pub async fn wait_until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it never came to be"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Shop {
    /// Waits until the present window of the limits, a quarter of an hour, has this
    /// long to go, so that what a test counts is counted in one window.
    pub async fn wait_for_limit_window(&self, seconds: u64) {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let left = 900 - now.as_secs() % 900;
        if left < seconds {
            tokio::time::sleep(Duration::from_secs(left + 1)).await;
        }
    }
}
