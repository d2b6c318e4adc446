//! The line that every request leaves, with its metrics.

use super::line::{Layout, LineFields, Member};
use super::metrics::{BY_ROUTE, Group, Metric, TOTAL};
use super::request::RequestScope;

const TARGET: &str = "shop::access";

/// What that line says.
pub(super) static LAYOUT: Layout = Layout {
    target: TARGET,
    needs_request: true,
    members: &[
        Member::request("requestId"),
        // The route's template, not the path: a path carries ids.
        Member::request("route"),
        Member::event("method"),
        Member::event("status"),
        Member::event("code"),
        Member::event("duration"),
        Member::request("sourceIp"),
        Member::request("clientIp"),
        Member::request("userAgent"),
        Member::request("userId"),
        Member::request("role"),
        Member::event("coldStart"),
        Member::event("error"),
    ],
    metrics,
};

/// How a request was answered.
pub(crate) struct Access<'a> {
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    /// The `code` of the problem that was answered.
    pub(crate) code: Option<&'static str>,
    /// Milliseconds.
    pub(crate) duration: u64,
    /// Whether this was the first request of the process.
    pub(crate) cold_start: bool,
    /// Why the fault was ours, with all its causes.
    pub(crate) error: Option<String>,
}

impl Access<'_> {
    /// Writes the line of this request.
    pub(crate) fn write(&self, request: &RequestScope) {
        tracing::info!(
            target: TARGET,
            parent: request.span(),
            method = self.method,
            status = self.status,
            code = self.code,
            duration = self.duration,
            coldStart = self.cold_start,
            error = self.error.as_deref(),
        );
    }
}

/// The role that buys; every other works for the shop.
const CUSTOMER: &str = "customer";

fn metrics(line: &LineFields, request: Option<&LineFields>) -> Vec<Group> {
    let status = line.number("status").unwrap_or_default();
    let mut by_route = vec![(Metric::Latency, line.number("duration").unwrap_or_default())];
    let mut total = Vec::new();
    match status {
        400..500 => by_route.push((Metric::ClientErrors, 1)),
        500.. => by_route.push((Metric::ServerErrors, 1)),
        _ => {}
    }
    if status == 409 {
        total.push((Metric::Conflicts, 1));
    }
    if line.flag("coldStart") {
        total.push((Metric::ColdStarts, 1));
    }
    let role = request.and_then(|it| it.text("role"));
    if role.is_some_and(|role| role != CUSTOMER) {
        total.push((Metric::StaffRequests, 1));
    }
    vec![(BY_ROUTE, by_route), (TOTAL, total)]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::telemetry::layer::{recorder, written};
    use crate::telemetry::record_identity;

    const ACCESS: Access<'_> = Access {
        method: "GET",
        status: 200,
        code: None,
        duration: 7,
        cold_start: false,
        error: None,
    };

    fn access(user_agent: &str, status: u16, cold_start: bool) -> String {
        let lines = written(None, || {
            let route = "GET /api/orders/{orderId}";
            let request = RequestScope::new("r1", route, "192.0.2.1", user_agent);
            let access = Access {
                status,
                cold_start,
                ..ACCESS
            };
            access.write(&request);
        });
        assert_eq!(lines.len(), 1);
        lines.into_iter().next().unwrap()
    }

    /// Without what differs from one moment to the next.
    fn timeless(line: &str) -> String {
        let (_, line) = line.split_once(r#","requestId""#).unwrap();
        let (line, rest) = line.split_once(r#""Timestamp":"#).unwrap();
        let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        format!("{line}{}", rest.trim_start_matches(','))
    }

    #[test]
    fn a_line_has_its_members_in_order() {
        let lines = written(None, || {
            let request = RequestScope::new("r1", "GET /", "192.0.2.1", "test");
            let span = request.span();
            span.record("userId", "usr_1").record("role", "staff");
            let access = Access {
                status: 409,
                code: Some("conflict"),
                cold_start: true,
                error: Some("it broke".to_owned()),
                ..ACCESS
            };
            access.write(&request);
        });
        let expected = concat!(
            r#":"r1","route":"GET /","method":"GET","status":409,"code":"conflict","#,
            r#""duration":7,"sourceIp":"192.0.2.1","userAgent":"test","userId":"usr_1","#,
            r#""role":"staff","coldStart":true,"error":"it broke","Latency":7,"ClientErrors":1,"#,
            r#""Conflicts":1,"ColdStarts":1,"StaffRequests":1,"_aws":{"CloudWatchMetrics":["#,
            r#"{"Namespace":"tests","Dimensions":[[],["route"]],"Metrics":["#,
            r#"{"Name":"Latency","Unit":"Milliseconds"},{"Name":"ClientErrors","Unit":"Count"}]},"#,
            r#"{"Namespace":"tests","Dimensions":[[]],"Metrics":["#,
            r#"{"Name":"Conflicts","Unit":"Count"},{"Name":"ColdStarts","Unit":"Count"},"#,
            r#"{"Name":"StaffRequests","Unit":"Count"}]}]}}"#,
        );
        assert_eq!(timeless(&lines[0]), expected);
    }

    #[test]
    fn the_staffs_requests_are_counted_and_no_customers() {
        let line = |role: Option<&str>| {
            let lines = written(None, || {
                let request = RequestScope::new("r1", "GET /", "192.0.2.1", "test");
                role.into_iter().for_each(|it| {
                    request.span().record("role", it);
                });
                ACCESS.write(&request);
            });
            lines.into_iter().next().unwrap()
        };
        for (role, counted) in [
            (None, false),
            (Some("customer"), false),
            (Some("staff"), true),
            (Some("super-admin"), true),
        ] {
            let line = line(role);
            assert_eq!(line.contains(r#""StaffRequests":1"#), counted, "{line}");
        }
    }

    #[tokio::test]
    async fn a_line_names_the_sender_once_that_is_proven_and_of_its_own_request_alone() {
        let (subscriber, lines) = recorder(None);
        let answered = async |user: Option<&'static str>| {
            let request = Arc::new(RequestScope::new("r1", "GET /", "192.0.2.1", "test"));
            let work = async { user.into_iter().for_each(|it| record_identity(it, "staff")) };
            Arc::clone(&request).enter(work).await;
            ACCESS.write(&request);
        };
        let work = async {
            answered(Some("usr_1")).await;
            answered(None).await;
        };
        work.with_subscriber(subscriber).await;
        let lines = lines();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(r#""userId":"usr_1","role":"staff""#));
        for word in ["userId", "role", "usr_1"] {
            assert!(!lines[1].contains(word), "{}", lines[1]);
        }
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
