//! Writing one line, and the lines of failures.

use std::error::Error;
use std::io::Write;

use serde::ser::{Serialize, SerializeMap};

use crate::aws::Cause;
use crate::values::Timestamp;

/// Writes a member of a line, or nothing for `None`.
pub(super) fn optional<M: SerializeMap>(
    line: &mut M,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => line.serialize_entry(name, value),
        None => Ok(()),
    }
}

/// Writes one line. JSON escapes line breaks, so that one line is one event.
pub(super) fn write(line: &impl Serialize) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        // A log that can't be written is no reason to fail a request.
        let _ = std::io::stdout().lock().write_all(&text);
    }
}

/// Writes that something failed which the client need not know of, with all
/// its causes.
pub(crate) fn warn(event: &'static str, cause: &(dyn Error + 'static)) {
    failure(event, &chain(cause));
}

/// Writes that something failed, in a text that holds no input.
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
