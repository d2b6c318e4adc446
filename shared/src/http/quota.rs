//! How much of a limit is left.

use std::time::Duration;

/// How much of a limit is left, as the `RateLimit-*` headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many requests there are in a window.
    pub(crate) limit: u32,
    /// How many are left in this one.
    pub(crate) remaining: u32,
    /// How long this window still lasts.
    pub(crate) reset: Duration,
}
