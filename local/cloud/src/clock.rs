//! The clock of the local cloud.

use time::OffsetDateTime;

/// The time now, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where this crate asks; the shop's own clock has whole seconds only"
)]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Seconds since 1970 with their fraction, as AWS's JSON protocols write times.
pub(crate) fn epoch_seconds() -> f64 {
    now().unix_timestamp_nanos() as f64 / 1e9
}
