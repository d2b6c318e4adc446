//! Answers with files, redirects and short texts, to whoever may only read.

use std::hash::{DefaultHasher, Hasher};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

/// What every answer that a browser may show carries beside its `Content-Security-Policy`.
pub(crate) const STRICT_HEADERS: [(&str, &str); 6] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// A file as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    content_type: String,
    etag: String,
    bytes: Vec<u8>,
}

impl File {
    /// Makes a file of that name, which says what its content is.
    pub(crate) fn new(name: &str, bytes: Vec<u8>) -> Self {
        let content_type = mime_guess::from_path(name).first_or_octet_stream();
        let content_type = match content_type.type_() == "text" {
            true => format!("{content_type}; charset=utf-8"),
            false => content_type.to_string(),
        };
        Self::of_type(content_type, bytes)
    }

    /// Makes a file with that content.
    pub(crate) fn of_type(content_type: String, bytes: Vec<u8>) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        Self {
            content_type,
            etag: format!("\"{:016x}\"", hasher.finish()),
            bytes,
        }
    }
}

/// Sends a file, or says that the browser has it. Browsers ask anew each time: whoever changes
/// the file sees it with the next reload.
pub(crate) fn file(file: File, request: &HeaderMap) -> Response {
    let known = request.get(header::IF_NONE_MATCH);
    let known = known.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_known = known
        .split(',')
        .map(|it| it.trim().trim_start_matches("W/"))
        .any(|it| it == "*" || it == file.etag);
    let (status, body) = match is_known {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, file.bytes.into()),
    };
    let mut response = response(status, body, &file.content_type, "no-cache");
    set(&mut response, header::ETAG, &file.etag);
    response
}

/// Sends JSON that no cache may keep.
pub(crate) fn json(text: String) -> Response {
    response(StatusCode::OK, text.into(), "application/json", "no-store")
}

/// Sends a sentence in place of what was asked for.
pub(crate) fn sentence(status: StatusCode, text: &'static str) -> Response {
    response(status, text.into(), "text/plain; charset=utf-8", "no-store")
}

/// Sends the browser to another path.
pub(crate) fn moved(to: &str) -> Response {
    let mut response = sentence(StatusCode::PERMANENT_REDIRECT, "");
    set(&mut response, header::LOCATION, to);
    response
}

/// Returns the refusal of a method that would do more than read.
pub(crate) fn refusal(method: &Method) -> Option<Response> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let mut response = sentence(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
    set(&mut response, header::ALLOW, "GET, HEAD");
    Some(response)
}

/// Makes headers of their names and values; leaves out what HTTP can't send.
pub(crate) fn headers<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> HeaderMap {
    let pairs = pairs.into_iter().filter_map(|(name, value)| {
        let value = HeaderValue::from_str(value).ok()?;
        Some((HeaderName::from_static(name), value))
    });
    pairs.collect()
}

fn response(status: StatusCode, body: Body, content_type: &str, cache_control: &str) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, cache_control);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
