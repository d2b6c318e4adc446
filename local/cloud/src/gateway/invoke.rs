//! Lambda's Invoke API, for `cargo lambda invoke`, the AWS CLI and SDKs.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use crate::events::Deliveries;
use crate::runtime::{InvokeError, MAX_PAYLOAD, MAX_WAIT};

/// The largest payload of an asynchronous invocation, in bytes.
const MAX_EVENT: usize = 1024 * 1024;

/// Makes the router of the Invoke API.
pub(super) fn router(events: Arc<Deliveries>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .with_state(events)
}

async fn invoke(
    State(events): State<Arc<Deliveries>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let runtime = events.runtime();
    // A page in a browser can send such a request across origins without asking first; Lambda
    // would refuse it for its missing signature.
    if headers.contains_key(header::ORIGIN) {
        return fault(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "Functions can't be invoked by a web page.",
        );
    }
    if let Err(error) = runtime.function(&name) {
        return refuse(&error);
    }
    let kind = headers
        .get("x-amz-invocation-type")
        .map_or(Some("RequestResponse"), |value| value.to_str().ok());
    let limit = match kind {
        Some("RequestResponse") => MAX_PAYLOAD,
        Some("Event") => MAX_EVENT,
        Some("DryRun") => return StatusCode::NO_CONTENT.into_response(),
        _ => {
            return fault(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun.",
            );
        }
    };
    let Ok(payload) = to_bytes(body, limit).await else {
        return refuse(&InvokeError::TooLarge);
    };
    let trace = headers
        .get("x-amzn-trace-id")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    if kind == Some("Event") {
        events.submit(&name, &payload);
        return StatusCode::ACCEPTED.into_response();
    }
    let version = (
        HeaderName::from_static("x-amz-executed-version"),
        HeaderValue::from_static("$LATEST"),
    );
    match runtime.invoke(&name, payload, trace, MAX_WAIT).await {
        Ok(answer) => ([version], answer).into_response(),
        Err(error) => match error.function_error() {
            None => refuse(&error),
            Some(payload) => {
                let failed = (
                    HeaderName::from_static("x-amz-function-error"),
                    HeaderValue::from_static("Unhandled"),
                );
                ([version, failed], payload).into_response()
            }
        },
    }
}

/// Answers as Lambda does when it doesn't run the function.
fn refuse(error: &InvokeError) -> Response {
    let (status, kind) = match error {
        InvokeError::UnknownFunction(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
        InvokeError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException"),
        InvokeError::Throttled { .. } | InvokeError::Busy { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException")
        }
        InvokeError::Init { .. }
        | InvokeError::Crashed { .. }
        | InvokeError::TimedOut { .. }
        | InvokeError::Failed { .. }
        | InvokeError::ResponseTooLarge { .. }
        | InvokeError::Stopping => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException"),
    };
    fault(status, kind, &error.to_string())
}

fn fault(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let header = (
        HeaderName::from_static("x-amzn-errortype"),
        HeaderValue::from_static(kind),
    );
    // Lambda writes the first two; `cargo lambda invoke` understands the other two only.
    let body = json!({
        "Type": "User",
        "Message": message,
        "errorType": kind,
        "errorMessage": message,
    });
    (status, [header], Json(body)).into_response()
}
