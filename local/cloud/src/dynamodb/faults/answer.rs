//! Answers in the form of DynamoDB's own.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::reason::Reason;

/// The most that DynamoDB answers, and more, in bytes.
pub(in crate::dynamodb) const MAX_ANSWER: usize = 64 * 1024 * 1024;

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";

/// Makes an answer.
pub(in crate::dynamodb) fn json(status: StatusCode, body: &Value) -> Response {
    text(status, body.to_string())
}

/// Makes an answer of JSON text.
pub(in crate::dynamodb) fn text(status: StatusCode, body: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, kind, body).into_response()
}

/// Makes an error of a kind with its namespace.
pub(in crate::dynamodb) fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    json(status, &json!({ "__type": kind, "Message": message }))
}

fn refused(kind: &str, message: &str) -> Response {
    let kind = format!("{DYNAMODB}#{kind}");
    error(StatusCode::BAD_REQUEST, &kind, message)
}

/// Answers that a single write met a transaction.
pub(super) fn conflict() -> Response {
    let message = "Transaction is ongoing for the item";
    refused("TransactionConflictException", message)
}

/// Answers that a transaction was sent again while it is being done.
pub(super) fn in_progress() -> Response {
    let message = "The transaction with the given request token is already in progress.";
    refused("TransactionInProgressException", message)
}

pub(super) fn throttled() -> Response {
    let kind = "com.amazon.coral.availability#ThrottlingException";
    let message = "Throughput exceeds the current capacity of your table or index.";
    error(StatusCode::BAD_REQUEST, kind, message)
}

pub(super) fn failed() -> Response {
    let kind = format!("{DYNAMODB}#InternalServerError");
    let message = "The request could not be processed.";
    error(StatusCode::INTERNAL_SERVER_ERROR, &kind, message)
}

/// Answers that a transaction was cancelled, for these reasons by position.
pub(super) fn cancelled(reasons: &[Reason]) -> Response {
    let codes: Vec<&str> = reasons.iter().map(Reason::code).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let reasons: Vec<Value> = reasons.iter().map(Reason::json).collect();
    let body = json!({
        "__type": format!("{DYNAMODB}#TransactionCanceledException"),
        "Message": message,
        "CancellationReasons": reasons,
    });
    json(StatusCode::BAD_REQUEST, &body)
}

/// Adds the keys that a batch hands back to its answer.
pub(super) async fn unprocessed(answer: Response, keys: Value) -> Response {
    let status = answer.status();
    let body = to_bytes(answer.into_body(), MAX_ANSWER).await;
    let body = body.ok().and_then(|it| serde_json::from_slice(&it).ok());
    match body {
        Some(Value::Object(mut body)) if status == StatusCode::OK => {
            body.insert("UnprocessedKeys".to_owned(), keys);
            json(status, &Value::Object(body))
        }
        Some(body) => json(status, &body),
        None => none(),
    }
}

/// Closes the connection without an answer: the server drops a connection whose body breaks off
/// before it has sent anything of the answer.
pub(super) fn none() -> Response {
    let broken = Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let body = futures_util::stream::once(std::future::ready(broken));
    Response::new(Body::from_stream(body))
}
