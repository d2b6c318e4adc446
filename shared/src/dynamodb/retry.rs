//! Backoff and number of retries, above those of the SDK, of calls that met a
//! conflict, were throttled or were answered in part.

use std::time::Duration;

use crate::values::{NoEntropy, random_bytes};

/// How often a call is sent again at most.
pub(super) const MAX_RETRIES: u32 = 5;

/// Returns how long to wait before retry `tried` (from 0). Full jitter: a
/// random part of 50 ms, doubled with every retry, 3.2 s at most
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub(super) fn backoff(tried: u32) -> Result<Duration, NoEntropy> {
    let most = 50_u64 << tried.min(6);
    let random = u64::from(u16::from_be_bytes(random_bytes()?));
    Ok(Duration::from_millis(most * random / u64::from(u16::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_and_stays_bounded() {
        for tried in 0..20 {
            assert!(backoff(tried).unwrap() <= Duration::from_millis(3200));
        }
    }
}
