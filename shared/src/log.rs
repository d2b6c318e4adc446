//! The log: one JSON object a line on standard output, which Lambda hands to
//! CloudWatch. Ids, codes, durations and causes; never a password, a token,
//! an e-mail address, a body or a raw query.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::metrics::{Dimensions, Metric, Namespace};
use crate::problem::Cause;
use crate::time::Timestamp;

/// Longer than any honest browser's name for itself.
const MAX_USER_AGENT: usize = 256;
/// Over all routes.
const IN_ALL: Dimensions = &[&[]];
/// Over all routes, and per route. Each route is a metric more to pay for.
const BY_ROUTE: Dimensions = &[&[], &["route"]];

/// The line that every request leaves, with its metrics.
pub(crate) struct Access<'a> {
    pub(crate) request_id: &'a str,
    /// The route's template, not the path: a path carries ids.
    pub(crate) route: &'a str,
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    /// The `code` of the problem that was answered.
    pub(crate) code: Option<&'static str>,
    /// Milliseconds.
    pub(crate) duration: u64,
    pub(crate) source_ip: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) role: Option<&'a str>,
    /// Whether this was the first request of the process.
    pub(crate) cold_start: bool,
    /// Why the fault was ours, with all its causes.
    pub(crate) error: Option<String>,
    pub(crate) namespace: &'a Namespace,
}

impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &Timestamp::now())?;
        line.serialize_entry("requestId", self.request_id)?;
        line.serialize_entry("route", self.route)?;
        line.serialize_entry("method", self.method)?;
        line.serialize_entry("status", &self.status)?;
        optional(&mut line, "code", self.code)?;
        line.serialize_entry("duration", &self.duration)?;
        line.serialize_entry("sourceIp", self.source_ip)?;
        line.serialize_entry("userAgent", self.user_agent)?;
        optional(&mut line, "userId", self.user_id)?;
        optional(&mut line, "role", self.role)?;
        line.serialize_entry("coldStart", &self.cold_start)?;
        optional(&mut line, "error", self.error.as_deref())?;
        let mut by_route = vec![(Metric::Latency, self.duration)];
        let mut in_all = Vec::new();
        match self.status {
            400..500 => by_route.push((Metric::ClientErrors, 1)),
            500.. => by_route.push((Metric::ServerErrors, 1)),
            _ => {}
        }
        if self.status == 409 {
            in_all.push((Metric::Conflicts, 1));
        }
        if self.cold_start {
            in_all.push((Metric::ColdStarts, 1));
        }
        let metrics = [(BY_ROUTE, by_route.as_slice()), (IN_ALL, &in_all)];
        self.namespace.write(&mut line, &metrics)?;
        line.end()
    }
}

/// Writes a member that is left out when there is nothing to say.
pub(crate) fn optional<M: SerializeMap>(
    line: &mut M,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => line.serialize_entry(name, value),
        None => Ok(()),
    }
}

/// Writes one line. JSON escapes what would break it: one line is one event.
pub(crate) fn write(line: &impl Serialize) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        // A log that can't be written is no reason to fail a request.
        let _ = std::io::stdout().lock().write_all(&text);
    }
}

/// Writes that something failed which the caller need not know of.
pub(crate) fn warn(event: &'static str, cause: &(dyn std::error::Error + 'static)) {
    failure(event, &chain(cause));
}

/// Writes that something failed, in a text that holds no input of anyone's.
pub(crate) fn failure(event: &'static str, error: &str) {
    #[derive(serde::Serialize)]
    struct Failure<'a> {
        time: Timestamp,
        event: &'static str,
        error: &'a str,
    }
    write(&Failure {
        time: Timestamp::now(),
        event,
        error,
    });
}

/// A user agent, cut to a length that nobody can flood a log with.
pub(crate) fn user_agent(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_USER_AGENT);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// An error with all its causes, outermost first.
pub(crate) fn causes(cause: &Cause) -> String {
    chain(cause.as_ref())
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(user_agent: &str, status: u16, cold_start: bool) -> String {
        let line = Access {
            request_id: "r1",
            route: "GET /api/orders/{orderId}",
            method: "GET",
            status,
            code: None,
            duration: 7,
            source_ip: "192.0.2.1",
            user_agent,
            user_id: None,
            role: None,
            cold_start,
            error: None,
            namespace: &Namespace::for_tests(),
        };
        serde_json::to_string(&line).unwrap()
    }

    #[test]
    fn a_line_break_in_a_user_agent_can_not_forge_a_line() {
        let line = access(
            "x\r\n{\"event\":\"signed-in\"}\u{1b}[31m\u{2028}",
            200,
            false,
        );
        assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(read.get("event").is_none());
        let back = read["userAgent"].as_str().unwrap();
        assert!(back.starts_with("x\r\n{"), "{back}");
    }

    #[test]
    fn a_user_agent_is_cut_at_256_characters() {
        assert_eq!(user_agent("short"), "short");
        assert_eq!(user_agent(&"\u{e4}".repeat(300)).chars().count(), 256);
    }

    #[test]
    fn a_line_carries_the_metrics_of_what_happened_and_no_zeros() {
        let metrics = |line: &str| -> Vec<String> {
            let read: serde_json::Value = serde_json::from_str(line).unwrap();
            let directives = read["_aws"]["CloudWatchMetrics"].as_array().unwrap();
            let defined = directives.iter().flat_map(|directive| {
                assert_eq!(directive["Namespace"], "tests");
                directive["Metrics"].as_array().unwrap()
            });
            let names = defined.map(|it| it["Name"].as_str().unwrap());
            // What is defined must be a member of the line.
            names
                .inspect(|name| assert!(read[name].is_u64(), "{name}"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(metrics(&access("", 200, false)), ["Latency"]);
        assert_eq!(
            metrics(&access("", 409, true)),
            ["Latency", "ClientErrors", "Conflicts", "ColdStarts"]
        );
        assert_eq!(
            metrics(&access("", 503, false)),
            ["Latency", "ServerErrors"]
        );
    }
}
