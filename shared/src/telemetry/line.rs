//! What a line may say: each kind of line lists its members, in order, and
//! where each comes from. What is not listed is not kept.

use std::fmt::Debug;

use serde::ser::{Serialize, SerializeMap, Serializer};
use tracing::field::{Field, Visit};

use super::metrics::{Group, Namespace};
use crate::values::Timestamp;

/// The target of the span of a request.
pub(super) const REQUEST: &str = "shop::request";

/// The fields of that span.
pub(super) const REQUEST_FIELDS: &[&str] = &[
    "requestId",
    "route",
    "sourceIp",
    "clientIp",
    "userAgent",
    "userId",
    "role",
];

/// A kind of line.
pub(super) struct Layout {
    /// The target of its events.
    pub(super) target: &'static str,
    /// Returns whether it is written for requests alone.
    pub(super) needs_request: bool,
    /// Its members, in order; those without a value are left out.
    pub(super) members: &'static [Member],
    /// Reads its metrics from the fields of the event and of its request.
    pub(super) metrics: fn(&LineFields, Option<&LineFields>) -> Vec<Group>,
}

/// A member of a line.
pub(super) struct Member {
    pub(super) name: &'static str,
    source: Source,
}

enum Source {
    /// The event's field of the same name.
    Event,
    /// A field of the request's span.
    Request(&'static str),
}

impl Member {
    /// Takes the event's field of the same name.
    pub(super) const fn event(name: &'static str) -> Self {
        let source = Source::Event;
        Self { name, source }
    }

    /// Takes the request's field of the same name.
    pub(super) const fn request(name: &'static str) -> Self {
        Self::renamed(name, name)
    }

    /// Takes a field of the request under another name.
    pub(super) const fn renamed(name: &'static str, field: &'static str) -> Self {
        let source = Source::Request(field);
        Self { name, source }
    }
}

impl Layout {
    /// Returns whether its events have a field of this name.
    fn takes(&self, name: &str) -> bool {
        // Not a member: the metrics are written in CloudWatch's own form.
        name == METRIC
            || self
                .members
                .iter()
                .any(|it| it.name == name && matches!(it.source, Source::Event))
    }
}

/// The field that names the metric which an event counts.
pub(super) const METRIC: &str = "metric";

/// A value of a field.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Signed(i64),
    Fraction(f64),
    Flag(bool),
}

/// The fields of a span or an event that may be written.
pub(super) struct LineFields {
    takes: Takes,
    found: Vec<(&'static str, Value)>,
}

/// Which fields are kept.
enum Takes {
    /// Those that the span of a request has.
    Request,
    /// Those that a kind of line has.
    Line(&'static Layout),
    /// All but these, for what other crates say.
    AllBut(&'static [&'static str]),
}

impl LineFields {
    pub(super) fn of_request() -> Self {
        Self::new(Takes::Request)
    }

    pub(super) fn of_line(layout: &'static Layout) -> Self {
        Self::new(Takes::Line(layout))
    }

    pub(super) fn all_but(withheld: &'static [&'static str]) -> Self {
        Self::new(Takes::AllBut(withheld))
    }

    fn new(takes: Takes) -> Self {
        let found = Vec::with_capacity(8);
        Self { takes, found }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.found.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Flag(true))
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.found.iter().position(|(it, _)| *it == name)?;
        Some(self.found.remove(place).1)
    }

    /// Keeps a field, if it may be kept. The last value counts.
    fn keep(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        let name = field.name();
        let kept = match self.takes {
            Takes::Request => REQUEST_FIELDS.contains(&name),
            Takes::Line(layout) => layout.takes(name),
            Takes::AllBut(withheld) => !withheld.contains(&name),
        };
        if kept {
            self.take(name);
            self.found.push((name, value()));
        }
    }
}

impl Visit for LineFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, || Value::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, || Value::Number(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, || Value::Signed(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, || Value::Fraction(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, || Value::Flag(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.keep(field, || Value::Text(format!("{value:?}")));
    }
}

/// As a JSON object.
impl Serialize for LineFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.found.iter().map(|(name, value)| (name, value)))
    }
}

/// A line of the shop's own.
pub(super) struct Line<'a> {
    pub(super) layout: &'static Layout,
    pub(super) event: &'a LineFields,
    pub(super) request: Option<&'a LineFields>,
    pub(super) namespace: &'a Namespace,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &Timestamp::now())?;
        for member in self.layout.members {
            let value = match member.source {
                Source::Event => self.event.get(member.name),
                Source::Request(field) => self.request.and_then(|it| it.get(field)),
            };
            if let Some(value) = value {
                line.serialize_entry(member.name, value)?;
            }
        }
        self.namespace
            .write(&mut line, &(self.layout.metrics)(self.event, self.request))?;
        line.end()
    }
}

/// A line of another crate's. Its fields are apart from the members of a line,
/// so that none of them can pass for one.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForeignLine<'a> {
    pub(super) time: Timestamp,
    pub(super) level: &'static str,
    pub(super) target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Value>,
    pub(super) fields: LineFields,
}
