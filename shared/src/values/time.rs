//! Points in time: UTC, whole seconds, RFC 3339 on the wire and in the tables.
//!
//! Nothing else asks for the time but `moment.rs`, for ages, so that nothing can
//! confuse seconds with milliseconds or local time with UTC.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::clock;

/// A point in time, to the second, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// Returns the time now, cut to the second.
    #[must_use]
    pub fn now() -> Self {
        Self::cut(OffsetDateTime::from(clock::wall()))
    }

    /// Returns the time `seconds` after 1970-01-01T00:00:00Z, or `None` outside
    /// the years 0 to 9999, which RFC 3339 can write.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// Reads RFC 3339 text such as `2026-11-21T10:00:00Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Self::cut(time.to_offset(time::UtcOffset::UTC)))
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Adds a duration; returns this time unchanged if the sum is past the year
    /// 9999.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self::from_unix(self.unix().saturating_add(seconds)).unwrap_or(self)
    }

    /// Takes a duration away; returns this time unchanged if that is before the
    /// year 0.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self::from_unix(self.unix().saturating_sub(seconds)).unwrap_or(self)
    }

    /// Returns how long it is from this time until `end`, or `None` if `end` has
    /// passed.
    #[must_use]
    pub fn until(self, end: Self) -> Option<Duration> {
        u64::try_from(end.unix() - self.unix())
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
    }

    /// Returns the form that AWS signatures use, such as `20261121T100000Z`.
    #[must_use]
    pub fn basic(self) -> String {
        self.to_string()
            .chars()
            .filter(|c| !matches!(c, '-' | ':'))
            .collect()
    }

    /// Returns the day of this time.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.0.date())
    }

    fn cut(time: OffsetDateTime) -> Self {
        Self(time.replace_nanosecond(0).unwrap_or(time))
    }
}

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(time::Date);

impl Day {
    /// Returns today.
    #[must_use]
    pub fn today() -> Self {
        Timestamp::now().day()
    }

    /// Reads a day such as `2026-11-21`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = time::macros::format_description!("[year]-[month]-[day]");
        let date = time::Date::parse(text, format).ok()?;
        (1970..=9999).contains(&date.year()).then_some(Self(date))
    }

    /// Returns its first and its last millisecond, counted from 1970.
    pub(crate) fn millis(self) -> (u64, u64) {
        let start = self.0.midnight().assume_utc().unix_timestamp();
        let start = u64::try_from(start).unwrap_or(0) * 1000;
        (start, start + 24 * 60 * 60 * 1000 - 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

/// Returns the milliseconds since 1970, for the time part of a ULID.
pub(crate) fn unix_millis() -> u64 {
    let since = clock::wall().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        let time = Timestamp::parse("2026-11-21T10:00:05.9Z").unwrap();
        assert_eq!(time.to_string(), "2026-11-21T10:00:05Z");
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        assert_eq!(Timestamp::from_unix(time.unix()), Some(time));
        assert_eq!(time.basic(), "20261121T100005Z");
    }

    #[test]
    fn a_day_reads_back_and_nothing_else_is_one() {
        let day = Day::parse("2026-11-21").unwrap();
        assert_eq!(day.to_string(), "2026-11-21");
        let noon = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        assert_eq!(noon.day(), day);
        for text in [
            "",
            "2026-11-31",
            "2026-1-1",
            "21.11.2026",
            "1969-12-31",
            "2026-11-21#0",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn another_offset_becomes_utc() {
        let time = Timestamp::parse("2026-11-21T12:00:00+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-21T10:00:00Z");
    }

    #[test]
    fn what_has_passed_leaves_no_time() {
        let now = Timestamp::from_unix(1000).unwrap();
        assert_eq!(now.until(Timestamp::from_unix(1000).unwrap()), None);
        assert_eq!(
            now.until(now.plus(Duration::from_secs(7))),
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn years_that_cannot_be_written_are_refused() {
        assert_eq!(Timestamp::from_unix(i64::MAX), None);
        assert_eq!(Timestamp::from_unix(-62_167_219_201), None);
    }
}
