//! Calls that come by the clock.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// That it is time. A schedule says when it was to be, which nobody needs: it may come late or
/// twice.
pub struct Schedule;

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
