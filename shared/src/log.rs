//! The log: one JSON object a line on standard output, which Lambda hands to
//! CloudWatch. Ids, codes, durations and causes; never a password, a token,
//! an e-mail address, a body or a raw query.

use std::io::Write;

use serde::Serialize;

use crate::problem::Cause;

/// Longer than any honest browser's name for itself.
const MAX_USER_AGENT: usize = 256;

/// The line that every request leaves.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Access<'a> {
    pub(crate) request_id: &'a str,
    /// The route's template, not the path: a path carries ids.
    pub(crate) route: &'a str,
    pub(crate) method: &'a str,
    pub(crate) status: u16,
    /// Milliseconds.
    pub(crate) duration: u64,
    pub(crate) source_ip: &'a str,
    pub(crate) user_agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a str>,
    /// Whether this was the first request of the process.
    pub(crate) cold_start: bool,
    /// Why the fault was ours, with all its causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// Writes one line. JSON escapes what would break it: one line is one event.
pub(crate) fn write(line: &impl Serialize) {
    #[derive(Serialize)]
    struct Line<'a, T> {
        time: crate::Timestamp,
        #[serde(flatten)]
        line: &'a T,
    }
    let line = Line {
        time: crate::Timestamp::now(),
        line,
    };
    if let Ok(mut text) = serde_json::to_vec(&line) {
        text.push(b'\n');
        // A log that can't be written is no reason to fail a request.
        let _ = std::io::stdout().lock().write_all(&text);
    }
}

/// Writes that something failed which the caller need not know of.
pub(crate) fn warn(event: &'static str, cause: &(dyn std::error::Error + 'static)) {
    #[derive(Serialize)]
    struct Warning {
        event: &'static str,
        error: String,
    }
    write(&Warning {
        event,
        error: chain(cause),
    });
}

/// A user agent, cut to a length that nobody can flood a log with.
pub(crate) fn user_agent(text: &str) -> String {
    text.chars().take(MAX_USER_AGENT).collect()
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
