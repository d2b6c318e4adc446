//! The Lambda Runtime API of one instance. Each instance has a listener of its own, so that a
//! call is known by the port it came to and `AWS_LAMBDA_RUNTIME_API` is a plain `host:port`, as
//! on Lambda.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::error::MAX_PAYLOAD;

/// One request on its way to a function.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// The request id of Lambda, a UUID.
    pub(super) id: String,
    /// When the function must have answered, in milliseconds since 1970.
    pub(super) deadline_ms: i64,
    /// The function's ARN.
    pub(super) arn: String,
    /// The X-Ray trace header.
    pub(super) trace: String,
    /// The event.
    pub(super) payload: Bytes,
}

/// A call that a process made to its Runtime API.
#[derive(Debug)]
pub(super) enum RuntimeMessage {
    /// It waits for a request.
    Next(oneshot::Sender<Invocation>),
    /// It answered the request of this id; `None` is an answer that is too large.
    Response(String, Option<Bytes>),
    /// It failed on the request of this id.
    Error(String, Bytes),
    /// It could not start.
    InitError(Bytes),
}

type Messages = mpsc::Sender<RuntimeMessage>;

/// Makes the router of the Runtime API, which sends what comes in to `messages`.
pub(super) fn router(messages: Messages) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(messages)
}

async fn next(State(messages): State<Messages>) -> Response {
    let (sender, receiver) = oneshot::channel();
    if messages.send(RuntimeMessage::Next(sender)).await.is_err() {
        return gone();
    }
    // The process waits here, for hours if need be, until it is given a request.
    let Ok(invocation) = receiver.await else {
        return gone();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (name("lambda-runtime-aws-request-id"), invocation.id),
        (
            name("lambda-runtime-deadline-ms"),
            invocation.deadline_ms.to_string(),
        ),
        (name("lambda-runtime-invoked-function-arn"), invocation.arn),
        (name("lambda-runtime-trace-id"), invocation.trace),
    ];
    (headers, invocation.payload).into_response()
}

async fn response(
    State(messages): State<Messages>,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    match to_bytes(body, MAX_PAYLOAD).await {
        Ok(body) => accept(&messages, RuntimeMessage::Response(id, Some(body))).await,
        Err(_) => {
            let _ = messages.send(RuntimeMessage::Response(id, None)).await;
            let error = json!({
                "errorType": "RequestEntityTooLarge",
                "errorMessage": format!("The response is larger than {MAX_PAYLOAD} bytes."),
            });
            (StatusCode::PAYLOAD_TOO_LARGE, Json(error)).into_response()
        }
    }
}

async fn error(State(messages): State<Messages>, Path(id): Path<String>, body: Body) -> Response {
    let body = to_bytes(body, MAX_PAYLOAD).await.unwrap_or_default();
    accept(&messages, RuntimeMessage::Error(id, body)).await
}

async fn init_error(State(messages): State<Messages>, body: Body) -> Response {
    let body = to_bytes(body, MAX_PAYLOAD).await.unwrap_or_default();
    accept(&messages, RuntimeMessage::InitError(body)).await
}

async fn accept(messages: &Messages, message: RuntimeMessage) -> Response {
    match messages.send(message).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
        Err(_) => gone(),
    }
}

/// Answers a process whose instance is being ended, so that nobody listens to it any more.
fn gone() -> Response {
    let error = json!({
        "errorType": "InternalServerError",
        "errorMessage": "This instance is being stopped.",
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response()
}

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
