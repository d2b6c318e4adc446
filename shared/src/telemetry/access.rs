//! The line that every request leaves, with its metrics.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::line::{optional, write};
use super::metrics::{Dimensions, Metric};
use super::request::RequestScope;
use crate::values::Timestamp;

/// One metric over all routes.
const TOTAL: Dimensions = &[&[]];
/// One metric over all routes and one per route, each of which costs extra.
const BY_ROUTE: Dimensions = &[&[], &["route"]];

/// The line that every request leaves, with its metrics.
pub(crate) struct Access<'a> {
    pub(crate) request: &'a RequestScope,
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    /// The `code` of the problem that was answered.
    pub(crate) code: Option<&'static str>,
    /// Milliseconds.
    pub(crate) duration: u64,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) role: Option<&'a str>,
    /// Whether this was the first request of the process.
    pub(crate) cold_start: bool,
    /// Why the fault was ours, with all its causes.
    pub(crate) error: Option<String>,
}

impl Access<'_> {
    /// Writes the line.
    pub(crate) fn write(&self) {
        write(self);
    }
}

impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &Timestamp::now())?;
        line.serialize_entry("requestId", &self.request.request_id)?;
        // The route's template, not the path: a path carries ids.
        line.serialize_entry("route", &self.request.route)?;
        line.serialize_entry("method", self.method)?;
        line.serialize_entry("status", &self.status)?;
        optional(&mut line, "code", self.code)?;
        line.serialize_entry("duration", &self.duration)?;
        line.serialize_entry("sourceIp", &self.request.source_ip)?;
        line.serialize_entry("userAgent", &self.request.user_agent)?;
        optional(&mut line, "userId", self.user_id)?;
        optional(&mut line, "role", self.role)?;
        line.serialize_entry("coldStart", &self.cold_start)?;
        optional(&mut line, "error", self.error.as_deref())?;
        let mut by_route = vec![(Metric::Latency, self.duration)];
        let mut total = Vec::new();
        match self.status {
            400..500 => by_route.push((Metric::ClientErrors, 1)),
            500.. => by_route.push((Metric::ServerErrors, 1)),
            _ => {}
        }
        if self.status == 409 {
            total.push((Metric::Conflicts, 1));
        }
        if self.cold_start {
            total.push((Metric::ColdStarts, 1));
        }
        let metrics = [(BY_ROUTE, by_route.as_slice()), (TOTAL, &total)];
        self.request.namespace.write(&mut line, &metrics)?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Namespace;

    fn access(user_agent: &str, status: u16, cold_start: bool) -> String {
        let request = RequestScope::new(
            "r1",
            "GET /api/orders/{orderId}",
            "192.0.2.1",
            user_agent,
            &Namespace::for_tests(),
        );
        let line = Access {
            request: &request,
            method: "GET",
            status,
            code: None,
            duration: 7,
            user_id: None,
            role: None,
            cold_start,
            error: None,
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
