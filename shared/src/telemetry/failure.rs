//! The lines of failures that the client need not know of.

use std::error::Error;

use super::line::{Layout, Member};
use crate::aws::Cause;

const TARGET: &str = "shop::failure";

/// What such a line says.
pub(super) static LAYOUT: Layout = Layout {
    target: TARGET,
    // Functions fail at their start, too.
    needs_request: false,
    members: &[
        Member::event("event"),
        Member::request("requestId"),
        Member::event("error"),
    ],
    metrics: |_, _| Vec::new(),
};

/// Writes that something failed which the client need not know of, with all
/// its causes.
pub(crate) fn warn(event: &'static str, cause: &(dyn Error + 'static)) {
    failure(event, &chain(cause));
}

/// Writes that something failed, in a text that holds no input.
pub(crate) fn failure(event: &'static str, error: &str) {
    tracing::warn!(target: TARGET, event, error);
}

/// Returns the texts of an error and all its causes, outermost first.
pub(crate) fn causes(cause: &Cause) -> String {
    chain(cause.as_ref())
}

fn chain(error: &(dyn Error + 'static)) -> String {
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
    use crate::telemetry::RequestScope;
    use crate::telemetry::layer::written;

    #[test]
    fn a_failure_names_its_request_where_there_is_one() {
        let lines = written(None, || {
            failure("start-failed", "no such table");
            let request = RequestScope::of_event("r1");
            request
                .span()
                .in_scope(|| warn("it-failed", &std::fmt::Error));
        });
        let ends = [
            r#""event":"start-failed","error":"no such table"}"#,
            r#""event":"it-failed","requestId":"r1","error":"an error occurred when formatting an argument"}"#,
        ];
        assert_eq!(lines.len(), ends.len());
        for (line, end) in lines.iter().zip(ends) {
            assert!(line.starts_with(r#"{"time":""#), "{line}");
            assert!(line.ends_with(end), "{line}");
        }
    }
}
