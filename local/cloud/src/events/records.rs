//! What the records of failures and the events themselves have in common.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::runtime::InvokeError;

/// Returns what Lambda tells of an invocation that failed, for the record in the queue.
pub(super) fn response_of(error: &InvokeError) -> (Value, Option<Value>) {
    let Some(payload) = error.function_error() else {
        let status = StatusCode::TOO_MANY_REQUESTS.as_u16();
        return (json!({ "statusCode": status }), None);
    };
    let context = json!({
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    });
    let text = || Value::from(String::from_utf8_lossy(&payload).into_owned());
    let payload = serde_json::from_slice(&payload).unwrap_or_else(|_| text());
    (context, Some(payload))
}

/// Writes a time as AWS's events have it, in milliseconds.
pub(super) fn iso(time: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(format).unwrap_or_default()
}
