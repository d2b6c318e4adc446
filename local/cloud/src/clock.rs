//! The clock of the local cloud.

use time::OffsetDateTime;

/// Returns the time, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where this crate asks for the time"
)]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Returns the seconds since 1970 with their fraction, as AWS's JSON protocols write times.
pub(crate) fn epoch_seconds() -> f64 {
    now().unix_timestamp_nanos() as f64 / 1e9
}
