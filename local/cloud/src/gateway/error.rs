//! Answers that the gateway makes itself, as problem documents (RFC 9457).
//!
//! AWS's gateway answers with a shorter body (`{"message":"Service Unavailable"}`) and none of
//! these headers; a client must not rely on them for 413, 429, 431 and 5xx answers there.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::runtime::InvokeError;

/// Why the gateway answers instead of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GatewayError {
    /// 400: the request line or the `Host` header can't be understood.
    Malformed,
    /// 404: the API has no route for it, not even `$default`.
    NotFound,
    /// 413: the body, or the event made of it, is too large.
    TooLarge,
    /// 429: the route takes no more requests now.
    TooManyRequests,
    /// 431: request line and headers are too large together.
    HeadersTooLarge,
    /// 502: the function failed, died, or answered something that isn't a response.
    BadGateway,
    /// 503: no instance of the function is free, or it is switched off.
    Unavailable,
    /// 504: no answer in time.
    Timeout,
}

impl GatewayError {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "malformed",
                "The request can't be understood.",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is nothing here."),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload-too-large",
                "The request's body is too large.",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate-limited",
                "There are too many requests. Try again later.",
            ),
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "payload-too-large",
                "The request's headers are too large.",
            ),
            Self::BadGateway => (
                StatusCode::BAD_GATEWAY,
                "unavailable",
                "The request failed. It can be tried again.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service is busy. The request can be tried again.",
            ),
            Self::Timeout => (
                StatusCode::GATEWAY_TIMEOUT,
                "unavailable",
                "The request took too long. It can be tried again.",
            ),
        }
    }

    /// Makes the answer. It says nothing of the cause, which is in the log.
    pub(super) fn into_response(self, request_id: &str, own: &HeaderMap) -> Response<Body> {
        let (status, code, detail) = self.parts();
        let body = json!({
            "type": format!("/problems/{code}"),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
            "requestId": request_id,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status.is_server_error() || self == Self::TooManyRequests {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        add_own_headers(headers, request_id, own);
        response
    }
}

impl From<&InvokeError> for GatewayError {
    fn from(error: &InvokeError) -> Self {
        match error {
            InvokeError::TooLarge => Self::TooLarge,
            InvokeError::Throttled { .. } | InvokeError::Busy { .. } | InvokeError::Stopping => {
                Self::Unavailable
            }
            InvokeError::TimedOut { .. } => Self::Timeout,
            InvokeError::UnknownFunction(_)
            | InvokeError::Init { .. }
            | InvokeError::Crashed { .. }
            | InvokeError::Failed { .. }
            | InvokeError::ResponseTooLarge { .. } => Self::BadGateway,
        }
    }
}

/// Adds the headers that every answer of the gateway's own carries.
pub(super) fn add_own_headers(headers: &mut HeaderMap, request_id: &str, own: &HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(own.clone());
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
