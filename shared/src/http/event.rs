//! The event of one request as API Gateway sends it to a function, and the
//! answer as it takes it back: HTTP API, payload format 2.0
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
//!
//! `lambda_http` reads the event and holds the request. It
//! refuses some of what a sender may put into an event and panics on more
//! (`docs/lambda-http-panics.md`), so all of that is made harmless before it
//! makes a request of it: no event fails the invocation.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json_body::JsonBody;
use super::reply::{Headers, Response};

/// As much as API Gateway lets through for the request line and all headers.
/// Three times as much, which is what percent-encoding makes of it at worst,
/// is less than a URI may hold.
const MAX_PATH: usize = 10 * 1024;
/// More than fit into what API Gateway lets through, and less than the 24,576
/// at which a `HeaderMap` panics.
const MAX_HEADERS: usize = 10_000;
/// Events up to this size can't hold more than [`MAX_HEADERS`] headers and are
/// read directly.
const MAX_UNCHECKED_EVENT: usize = 64 * 1024;
/// The method of a request that has none, or one that can't be a method.
const NO_METHOD: &str = "-";
/// The members that an event is read for.
const MEMBERS: [&str; 7] = [
    "rawPath",
    "rawQueryString",
    "headers",
    "pathParameters",
    "requestContext",
    "body",
    "isBase64Encoded",
];
/// The members that its context is read for.
const CONTEXT_MEMBERS: [&str; 4] = ["requestId", "routeKey", "timeEpoch", "http"];

/// An event, or `None` if it is none. Reading one never fails: the runtime
/// would answer for us, without any of our headers.
pub(crate) struct Event(Option<ApiGatewayV2httpRequest>);

/// What of a request could not be read; kept in its extensions.
#[derive(Clone, Copy)]
pub(super) enum Unreadable {
    /// Everything.
    Event,
    /// The body: it isn't the base64 that the event says it is.
    Body,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(read(event.get())))
    }
}

impl Event {
    /// Makes a request of the event. One that could not be read becomes an
    /// empty request that says so.
    pub(crate) fn into_request(self) -> Request {
        self.0.map_or_else(
            || {
                let mut request = Request::default();
                *request.method_mut() = no_method();
                request.extensions_mut().insert(Unreadable::Event);
                request
            },
            to_request,
        )
    }
}

/// Reads an event. One that is refused is mended and read once more.
fn read(event: &str) -> Option<ApiGatewayV2httpRequest> {
    if event.len() <= MAX_UNCHECKED_EVENT
        && let Ok(event) = serde_json::from_str(event)
    {
        return Some(event);
    }
    let mut event = serde_json::from_str(event).ok()?;
    mend(&mut event)?;
    serde_json::from_value(event.into()).ok()
}

/// Changes what the reader refuses and a sender may write: null, which counts
/// as absent, headers and methods that HTTP doesn't know, and members that
/// nothing here asks for. Returns `None` if there are too many headers.
fn mend(event: &mut Map<String, Value>) -> Option<()> {
    event.retain(|name, value| MEMBERS.contains(&name.as_str()) && !value.is_null());
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        if headers.len() > MAX_HEADERS {
            return None;
        }
        headers.retain(|name, value| {
            HeaderName::from_bytes(name.as_bytes()).is_ok() && !value.is_null()
        });
        for value in headers.values_mut() {
            if let Value::String(value) = value
                && HeaderValue::from_str(value).is_err()
            {
                // U+FFFD is as unusable in a header as the control character was.
                *value = value.replace(char::is_control, "\u{fffd}");
            }
        }
    }
    if let Some(parameters) = event
        .get_mut("pathParameters")
        .and_then(Value::as_object_mut)
    {
        parameters.retain(|_, value| !value.is_null());
    }
    let context = event.entry("requestContext").or_insert_with(empty);
    if let Some(context) = context.as_object_mut() {
        context.retain(|name, value| CONTEXT_MEMBERS.contains(&name.as_str()) && !value.is_null());
        if context.get("timeEpoch").is_some_and(|it| !it.is_i64()) {
            context.remove("timeEpoch");
        }
        let http = context.entry("http").or_insert_with(empty);
        if let Some(http) = http.as_object_mut() {
            let method = http.get("method").and_then(Value::as_str);
            let method = method.and_then(|it| Method::from_bytes(it.as_bytes()).ok());
            let method = method.unwrap_or_else(no_method);
            http.insert("method".to_owned(), method.as_str().into());
        }
    }
    Some(())
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn no_method() -> Method {
    Method::from_bytes(NO_METHOD.as_bytes()).unwrap_or(Method::POST)
}

/// Makes a request of what was read, without handing over what panics.
fn to_request(mut event: ApiGatewayV2httpRequest) -> Request {
    // An address would be put together from these. No handler asks for one:
    // which function answers is the gateway's business.
    let headers = joined(mem::take(&mut event.headers));
    event.request_context.domain_name = None;
    event.request_context.stage = None;
    event.raw_path = event.raw_path.filter(|path| is_harmless(path));
    event.raw_path.get_or_insert_with(|| "/".to_owned());
    // The query doesn't become a part of the address either.
    let query = event.raw_query_string.take().unwrap_or_default();
    event.query_string_parameters = query.parse().unwrap_or_default();
    let body = body(event.body.take(), event.is_base64_encoded);

    let mut request = Request::from(LambdaRequest::ApiGatewayV2(event));
    *request.headers_mut() = headers;
    match body {
        Some(body) => *request.body_mut() = body,
        None => {
            request.extensions_mut().insert(Unreadable::Body);
        }
    }
    request
}

/// Joins the values of headers that have several by commas (RFC 9110 section
/// 5.3), as the gateway itself does.
fn joined(headers: HeaderMap) -> HeaderMap {
    if headers.len() == headers.keys_len() {
        return headers;
    }
    let names = headers.keys().map(|name| {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let value = HeaderValue::from_bytes(&values.join(&b',')).ok()?;
        Some((name.clone(), value))
    });
    names.flatten().collect()
}

/// Returns whether a path can be a part of an address. What it is made of
/// doesn't matter: it is percent-encoded.
fn is_harmless(path: &str) -> bool {
    path.starts_with('/') && path.len() <= MAX_PATH
}

/// Returns the body, or `None` if it isn't the base64 that it is said to be.
fn body(text: Option<String>, is_base64: bool) -> Option<Body> {
    match text {
        None => Some(Body::Empty),
        Some(text) if is_base64 => STANDARD.decode(text).ok().map(Body::Binary),
        Some(text) => Some(Body::Text(text)),
    }
}

/// An answer in the gateway's form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    status_code: u16,
    #[serde(serialize_with = "write_headers")]
    headers: Headers,
    #[serde(serialize_with = "write_body")]
    body: Option<Arc<JsonBody>>,
    is_base64_encoded: bool,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let (status_code, mut headers, body) = response.into_parts();
        // The gateway answers 500 in place of an answer with a value that HTTP
        // doesn't know. Constants are tested.
        headers.retain(|(_, value)| match value {
            Cow::Borrowed(_) => true,
            Cow::Owned(value) => HeaderValue::from_str(value).is_ok(),
        });
        Self {
            status_code,
            headers,
            body,
            is_base64_encoded: false,
        }
    }
}

fn write_headers<S: Serializer>(headers: &Headers, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

fn write_body<S: Serializer>(
    body: &Option<Arc<JsonBody>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match body {
        Some(body) => body.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}
