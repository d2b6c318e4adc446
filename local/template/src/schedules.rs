//! When a schedule is due: `rate(…)` and `cron(…)`, in UTC.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use std::collections::BTreeSet;
use std::time::Duration;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleExpression {
    /// Again and again after this time.
    Rate(Duration),
    /// At each minute that fits.
    Cron(Cron),
}

/// The minutes at which a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    days: BTreeSet<u16>,
    months: BTreeSet<u16>,
    weekdays: BTreeSet<u16>,
    years: BTreeSet<u16>,
}

/// A minute of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// From 1970.
    pub year: u16,
    /// From 1 to 12.
    pub month: u16,
    /// From 1 to 31.
    pub day: u16,
    /// From 1, which is Sunday, to 7.
    pub weekday: u16,
    /// From 0 to 23.
    pub hour: u16,
    /// From 0 to 59.
    pub minute: u16,
}

impl ScheduleExpression {
    /// Reads `rate(5 minutes)` or `cron(0 12 * * ? *)`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let inside = |name: &str| {
            let rest = text.strip_prefix(name)?.strip_prefix('(')?;
            Some(
                rest.strip_suffix(')')?
                    .split_whitespace()
                    .collect::<Vec<_>>(),
            )
        };
        if let Some(parts) = inside("rate") {
            let [number, unit] = parts.as_slice() else {
                return Err("must be rate(value unit)".to_owned());
            };
            let number: u32 = number.parse().map_err(|_| "must be a whole number")?;
            let seconds = match (number, *unit) {
                (1, "minute") | (2.., "minutes") => 60,
                (1, "hour") | (2.., "hours") => 60 * 60,
                (1, "day") | (2.., "days") => 24 * 60 * 60,
                _ => return Err("must be a number of minutes, hours or days".to_owned()),
            };
            return Ok(Self::Rate(Duration::from_secs(u64::from(number) * seconds)));
        }
        let Some(parts) = inside("cron") else {
            return Err("the local cloud knows rate(…) and cron(…) only".to_owned());
        };
        let [minutes, hours, days, months, weekdays, years] = parts.as_slice() else {
            return Err("cron has six fields".to_owned());
        };
        if (*days == "?") == (*weekdays == "?") {
            return Err("either the day of the month or the weekday must be ?".to_owned());
        }
        Ok(Self::Cron(Cron {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 1, 7, &WEEKDAYS)?,
            years: field(years, 1970, 2199, &[])?,
        }))
    }
}

impl Cron {
    /// Returns whether the schedule is due then.
    #[must_use]
    pub fn fits(&self, at: Minute) -> bool {
        self.minutes.contains(&at.minute)
            && self.hours.contains(&at.hour)
            && self.days.contains(&at.day)
            && self.months.contains(&at.month)
            && self.weekdays.contains(&at.weekday)
            && self.years.contains(&at.year)
    }
}

/// Reads one field: `*`, `?`, values, names, ranges and steps, in a list.
fn field(text: &str, min: u16, max: u16, names: &[&str]) -> Result<BTreeSet<u16>, String> {
    let wrong = || format!("the local cloud does not know {text} in cron");
    let number = |text: &str| -> Result<u16, String> {
        let name = names.iter().position(|it| it.eq_ignore_ascii_case(text));
        let number = match name {
            Some(position) => u16::try_from(position + 1).map_err(|_| wrong())?,
            None => text.parse().map_err(|_| wrong())?,
        };
        Some(number)
            .filter(|it| (min..=max).contains(it))
            .ok_or_else(wrong)
    };
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().map_err(|_| wrong())?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None if range == "*" || range == "?" => (min, max),
            None if step.is_some() => (number(range)?, max),
            None => (number(range)?, number(range)?),
        };
        let step: u16 = step.unwrap_or(1);
        if step == 0 || first > last {
            return Err(wrong());
        }
        values.extend((first..=last).step_by(usize::from(step)));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn at(hour: u16, minute: u16) -> Minute {
        // A Friday.
        Minute {
            year: 2027,
            month: 1,
            day: 15,
            weekday: 6,
            hour,
            minute,
        }
    }

    #[test]
    fn a_rate_is_a_time_of_minutes_hours_or_days() {
        for (text, seconds) in [
            ("rate(1 minute)", 60),
            ("rate(5 minutes)", 300),
            ("rate(1 hour)", 3600),
            ("rate(2 days)", 172_800),
        ] {
            let rate = ScheduleExpression::Rate(Duration::from_secs(seconds));
            assert_eq!(ScheduleExpression::parse(text).unwrap(), rate, "{text}");
        }
    }

    #[test]
    fn a_cron_fits_the_minutes_that_all_its_fields_have() {
        for (text, fits) in [
            ("cron(30 12 * * ? *)", true),
            ("cron(31 12 * * ? *)", false),
            ("cron(0/15 * ? * MON-FRI 2027)", true),
            ("cron(0/15 * ? * 1,7 *)", false),
            ("cron(20-40/10 10-14 15 JAN ? *)", true),
            ("cron(30 12 15 2-12 ? *)", false),
            ("cron(30 12 15 1 ? 2028)", false),
        ] {
            let ScheduleExpression::Cron(cron) = ScheduleExpression::parse(text).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(cron.fits(at(12, 30)), fits, "{text}");
        }
    }

    #[test]
    fn what_a_schedule_says_that_is_not_understood_is_refused() {
        for text in [
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(2 hour)",
            "rate(5 seconds)",
            "rate(5)",
            "at(2027-01-01T00:00:00)",
            "cron(* * * * *)",
            "cron(60 * * * ? *)",
            "cron(* * * * * *)",
            "cron(* * ? * ? *)",
            "cron(* * L * ? *)",
            "cron(0/0 * * * ? *)",
            "cron(5-3 * * * ? *)",
        ] {
            assert!(ScheduleExpression::parse(text).is_err(), "{text}");
        }
    }
}
