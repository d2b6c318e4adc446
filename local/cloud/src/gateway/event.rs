//! An HTTP request as API Gateway gives it to a function: payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Version, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::routes::{DecodedPath, Match};
use template::{ACCOUNT, REGION};

/// The API's id, as the first label of its domain name.
const API_ID: &str = "local";

/// Headers that concern one connection only and therefore never reach a function.
const HOP_BY_HOP: [header::HeaderName; 7] = [
    header::CONNECTION,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What the gateway adds to a request's own bytes.
pub(super) struct GatewayContext<'a> {
    pub(super) route: &'a Match<'a>,
    pub(super) path: &'a DecodedPath,
    /// The address of the connection's other end, never a header's word.
    pub(super) source: IpAddr,
    pub(super) request_id: &'a str,
    /// The X-Ray trace header.
    pub(super) trace: &'a str,
    pub(super) now: OffsetDateTime,
}

/// Builds the event of one request.
pub(super) fn build(parts: &Parts, body: &Bytes, context: &GatewayContext<'_>) -> Value {
    let text = context.path.text();
    // API Gateway cuts the path at an encoded question mark.
    let path = text.split('?').next().unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let domain = format!("{API_ID}.execute-api.{REGION}.amazonaws.com");
    let mut event = json!({
        "version": "2.0",
        "routeKey": context.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, body, context),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": API_ID,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": protocol(parts.version),
                "sourceIp": context.source.to_string(),
                "userAgent": joined(&parts.headers, &header::USER_AGENT).unwrap_or_default(),
            },
            "requestId": context.request_id,
            "routeKey": context.route.key,
            "stage": "$default",
            "time": clf_time(context.now),
            "timeEpoch": i64::try_from(context.now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default(),
        },
        "isBase64Encoded": false,
    });
    let Some(event_map) = event.as_object_mut() else {
        return event;
    };
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event_map.insert("cookies".into(), cookies.into());
    }
    if !query.is_empty() {
        event_map.insert("queryStringParameters".into(), parameters(query).into());
    }
    if !context.route.parameters.is_empty() {
        let parameters: Map<String, Value> = context
            .route
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        event_map.insert("pathParameters".into(), parameters.into());
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok();
        match text.filter(|_| is_text(&parts.headers)) {
            Some(text) => event_map.insert("body".into(), text.into()),
            None => {
                event_map.insert("isBase64Encoded".into(), true.into());
                event_map.insert("body".into(), STANDARD.encode(body).into())
            }
        };
    }
    event
}

/// Headers in lower case, those that came several times joined with commas. Cookies are in a
/// list of their own.
fn headers(request: &HeaderMap, body: &Bytes, context: &GatewayContext<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in request.keys() {
        if HOP_BY_HOP.contains(name) || name == header::COOKIE {
            continue;
        }
        if let Some(value) = joined(request, name) {
            headers.insert(name.as_str().to_owned(), value.into());
        }
    }
    let mut forwarded = context.source.to_string();
    if let Some(before) = headers.get("x-forwarded-for").and_then(Value::as_str) {
        forwarded = format!("{before}, {forwarded}");
    }
    let port = request
        .get(header::HOST)
        .and_then(|host| host.to_str().ok()?.rsplit_once(':'))
        .map_or("80", |(_, port)| port);
    for (name, value) in [
        ("x-forwarded-for", forwarded.as_str()),
        ("x-forwarded-port", port),
        // API Gateway always says https; said here, a function would make links that don't work.
        ("x-forwarded-proto", "http"),
        ("x-amzn-trace-id", context.trace),
        ("content-length", body.len().to_string().as_str()),
    ] {
        headers.insert(name.to_owned(), value.into());
    }
    headers
}

fn joined(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            value
                .split(';')
                .map(|cookie| cookie.trim().to_owned())
                .filter(|cookie| !cookie.is_empty())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Returns query parameters, decoded, those that came several times joined with commas.
fn parameters(query: &str) -> Map<String, Value> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        all.entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    all.into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect()
}

/// Returns whether the body's type is text; a body of any other type travels as Base64.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let kind = String::from_utf8_lossy(kind.as_bytes()).to_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
            "application/x-www-form-urlencoded",
        ]
        .contains(&kind)
}

fn protocol(version: Version) -> &'static str {
    if version == Version::HTTP_10 {
        "HTTP/1.0"
    } else {
        "HTTP/1.1"
    }
}

/// Returns the time as in web servers' logs, `12/Mar/2020:19:03:58 +0000`.
fn clf_time(now: OffsetDateTime) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    now.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use axum::http::Request;
    use time::macros::datetime;

    use super::*;

    fn event(request: Request<&'static [u8]>, path: &str, found: &Match<'_>) -> Value {
        event_from("192.0.2.1", request, path, found)
    }

    fn event_from(
        source: &str,
        request: Request<&'static [u8]>,
        path: &str,
        found: &Match<'_>,
    ) -> Value {
        let (parts, body) = request.into_parts();
        let context = GatewayContext {
            route: found,
            path: &DecodedPath::parse(path).unwrap(),
            source: source.parse().unwrap(),
            request_id: "id=",
            trace: "Root=1-5e6b4a90-example",
            now: datetime!(2026-11-21 10:00:00.5 UTC),
        };
        build(&parts, &Bytes::from_static(body), &context)
    }

    fn get_order() -> Match<'static> {
        Match {
            function: "GetOrderFunction",
            key: "GET /my/{path}".into(),
            parameters: BTreeMap::from([("path".into(), "a b".into())]),
        }
    }

    #[test]
    fn every_field_of_the_documented_example_is_there() {
        let request = Request::builder()
            .method("POST")
            .uri("/my/a%20b?parameter1=value1&parameter1=value2&parameter2=value")
            .header("Host", "127.0.0.1:9000")
            .header("Cookie", "cookie1=1; cookie2=2")
            .header("Cookie", "cookie3=3")
            .header("Header1", "value1")
            .header("Header2", "value1")
            .header("header2", "value2")
            .header("User-Agent", "agent")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Forwarded-For", "198.51.100.7")
            .header("Connection", "keep-alive")
            .body(&b"{\"a\":1}"[..])
            .unwrap();
        assert_eq!(
            event(request, "/my/a%20b", &get_order()),
            json!({
                "version": "2.0",
                "routeKey": "GET /my/{path}",
                "rawPath": "/my/a b",
                "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
                "cookies": ["cookie1=1", "cookie2=2", "cookie3=3"],
                "headers": {
                    "content-length": "7",
                    "content-type": "application/json; charset=utf-8",
                    "header1": "value1",
                    "header2": "value1,value2",
                    "host": "127.0.0.1:9000",
                    "user-agent": "agent",
                    "x-amzn-trace-id": "Root=1-5e6b4a90-example",
                    "x-forwarded-for": "198.51.100.7, 192.0.2.1",
                    "x-forwarded-port": "9000",
                    "x-forwarded-proto": "http",
                },
                "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "domainName": "local.execute-api.eu-central-1.amazonaws.com",
                    "domainPrefix": "local",
                    "http": {
                        "method": "POST",
                        "path": "/my/a b",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "192.0.2.1",
                        "userAgent": "agent",
                    },
                    "requestId": "id=",
                    "routeKey": "GET /my/{path}",
                    "stage": "$default",
                    "time": "21/Nov/2026:10:00:00 +0000",
                    "timeEpoch": 1_795_255_200_500_i64,
                },
                "body": "{\"a\":1}",
                "pathParameters": {"path": "a b"},
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn the_source_is_the_connections_other_end_whatever_headers_say() {
        for source in ["127.0.0.1", "127.0.0.2", "::1", "2001:db8::7"] {
            let request = Request::get("/")
                .header("X-Forwarded-For", "198.51.100.7")
                .header("X-Forwarded-For", "198.51.100.8, 198.51.100.9")
                .header("Forwarded", "for=198.51.100.7;proto=https")
                .header("X-Real-IP", "198.51.100.7")
                .header("X-Forwarded-Proto", "https")
                .header("X-Forwarded-Port", "1")
                .body(&b""[..])
                .unwrap();
            let event = event_from(source, request, "/", &get_order());
            assert_eq!(event["requestContext"]["http"]["sourceIp"], source);
            // As on AWS, who called is added after what they said.
            let forwarded = event["headers"]["x-forwarded-for"].as_str().unwrap();
            let before = "198.51.100.7,198.51.100.8, 198.51.100.9";
            assert_eq!(forwarded, format!("{before}, {source}"));
            assert_eq!(event["headers"]["x-forwarded-proto"], "http");
            assert_eq!(event["headers"]["x-forwarded-port"], "80");
        }
        let bare = Request::get("/").body(&b""[..]).unwrap();
        let event = event_from("::1", bare, "/", &get_order());
        assert_eq!(event["headers"]["x-forwarded-for"], "::1");
    }

    #[test]
    fn what_a_request_does_not_have_is_absent_from_its_event() {
        let request = Request::get("/").body(&b""[..]).unwrap();
        let found = Match {
            parameters: BTreeMap::new(),
            key: "$default".into(),
            ..get_order()
        };
        let event = event(request, "/", &found);
        for absent in [
            "cookies",
            "queryStringParameters",
            "pathParameters",
            "stageVariables",
            "body",
        ] {
            assert_eq!(event.get(absent), None, "{absent}");
        }
        assert_eq!(event["rawQueryString"], "");
    }

    #[test]
    fn a_body_that_is_not_text_travels_as_base64() {
        let cases: [(Option<&str>, &[u8], bool); 8] = [
            (Some("application/json"), b"{}", false),
            (Some("application/problem+json"), b"{}", false),
            (Some("text/plain"), "é".as_bytes(), false),
            (Some("application/x-www-form-urlencoded"), b"a=1", false),
            (Some("application/json"), b"\xff", true),
            (Some("image/png"), b"abc", true),
            (Some("multipart/form-data; boundary=x"), b"abc", true),
            (None, b"abc", true),
        ];
        for (kind, body, encoded) in cases {
            let mut request = Request::post("/").body(body).unwrap();
            if let Some(kind) = kind {
                request
                    .headers_mut()
                    .insert("content-type", kind.parse().unwrap());
            }
            let event = event(request, "/", &get_order());
            assert_eq!(event["isBase64Encoded"], encoded, "{kind:?} {body:?}");
            if encoded {
                assert_eq!(event["body"], STANDARD.encode(body));
            }
        }
    }
}
