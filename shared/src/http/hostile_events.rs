//! Events as no gateway should send them. Whatever stands in one, the answer
//! is ours: no panic, no 5xx, and `no-store` unless it is public.

use std::cell::Cell;
use std::path::Path as FilePath;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

use super::tests::{Notice, context, request};
use super::*;
use crate::carts::SetQuantity;
use crate::http::{
    Endpoint, IdempotencyKey, IfMatch, Json, NoContent, PageRequest, Path, Private, Public, start,
};
use crate::identity::Customer;
use crate::limits::FrontGate;
use crate::values::OrderId;

/// More than a URI may hold.
const LONG: usize = 70_000;

type Probe = Box<dyn Fn(Request) -> LocalBoxFuture<'static, Response>>;

/// Functions that read different things of a request.
struct Probes {
    nothing: Probe,
    token: Probe,
    path: Probe,
    page: Probe,
    body: Probe,
    key: Probe,
    version: Probe,
    public: Probe,
    turn: Cell<usize>,
}

async fn nothing((): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn token(_: Customer, (): ()) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn path(Path(id): Path<OrderId>, (): ()) -> Result<Private<String>, Problem> {
    Ok(Private(id.as_str().to_owned()))
}

async fn page(page: PageRequest, (): ()) -> Result<Private<u16>, Problem> {
    Ok(Private(page.limit))
}

async fn body(
    _: Result<Customer, Problem>,
    Json(_): Json<SetQuantity>,
    (): (),
) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

async fn key(key: IdempotencyKey, (): ()) -> Result<Private<String>, Problem> {
    Ok(Private(key.as_str().to_owned()))
}

async fn version(IfMatch(version): IfMatch, (): ()) -> Result<Private<Option<u64>>, Problem> {
    Ok(Private(version))
}

async fn public((): ()) -> Result<Public<Notice>, Problem> {
    Public::new(&Notice)
}

fn probe<H, Args>(env: &Env, handler: H) -> Probe
where
    H: Endpoint<Args> + 'static,
    Args: 'static,
{
    let gate = FrontGate::from_env(env).unwrap();
    let function = Rc::new(Function::new(gate, start(handler)(env).unwrap()));
    Box::new(move |request| {
        let function = Rc::clone(&function);
        Box::pin(async move { function.answer(&request, &context(60_000)).await })
    })
}

impl Probes {
    fn new(env: &Env) -> Self {
        Self {
            nothing: probe(env, nothing),
            token: probe(env, token),
            path: probe(env, path),
            page: probe(env, page),
            body: probe(env, body),
            key: probe(env, key),
            version: probe(env, version),
            public: probe(env, public),
            turn: Cell::new(0),
        }
    }

    fn all(&self) -> [&Probe; 8] {
        [
            &self.nothing,
            &self.token,
            &self.path,
            &self.page,
            &self.body,
            &self.key,
            &self.version,
            &self.public,
        ]
    }

    /// Sends an event to the function that reads nothing and returns its
    /// status; and to another one, in turn.
    async fn status(&self, event: &str) -> u16 {
        let all = self.all();
        let turn = self.turn.get();
        self.turn.set(turn + 1);
        self.ask(all[turn % all.len()], event).await;
        self.ask(&self.nothing, event).await.0
    }

    /// Sends an event to a function, checks what holds for every answer, and
    /// returns its status and body.
    async fn ask(&self, probe: &Probe, event: &str) -> (u16, String) {
        let shown: String = event.chars().take(2_000).collect();
        let answer = probe(request(event)).await;
        let (status, body) = (answer.status(), answer.body());
        assert!(status < 500, "{status} to {shown}");
        let answer = serde_json::to_value(Answer::from(answer)).unwrap();
        assert_eq!(answer["statusCode"], status, "{shown}");
        assert_eq!(answer["body"], body, "{shown}");
        let headers = &answer["headers"];
        let is_public = std::ptr::eq(probe, &raw const self.public) && status == 200;
        assert_eq!(headers["cache-control"] != "no-store", is_public, "{shown}");
        assert_eq!(headers["x-frame-options"], "DENY", "{shown}");
        assert_eq!(headers["x-request-id"].is_string(), !is_public, "{shown}");
        (status, body)
    }
}

/// The events of all functions, as the gateway sends them.
fn events() -> Vec<Value> {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let files = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let texts = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let events = texts.map(|text| serde_json::from_str(&text).unwrap());
    events
        .filter(|event: &Value| event["version"] == "2.0")
        .collect()
}

/// A sound event with a member changed, by its JSON pointer.
fn with(pointer: &str, value: Value) -> String {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "GET /api/orders/{orderId}",
        "rawPath": "/api/orders/ord_01arz3ndektsv4rrffq69g5fav",
        "rawQueryString": "limit=7",
        "headers": {
            "authorization": "Bearer x",
            "content-type": "application/json",
            "host": "api.example.com",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "domainName": "api.example.com",
            "http": {
                "method": "GET",
                "path": "/api/orders/ord_01arz3ndektsv4rrffq69g5fav",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "a browser",
            },
            "requestId": "request-1",
            "routeKey": "GET /api/orders/{orderId}",
            "stage": "$default",
        },
        "pathParameters": { "orderId": "ord_01arz3ndektsv4rrffq69g5fav" },
        "body": "{\"quantity\": 2}",
        "isBase64Encoded": false,
    });
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap();
    parent[name.replace("~1", "/")] = value;
    event.to_string()
}

async fn probes() -> (crate::testing::Tables, Probes) {
    let tables = crate::testing::tables().await;
    // So that the general limit doesn't hide what is asked here.
    let probes = Probes::new(&tables.env_with("REQUEST_LIMIT", "1000000"));
    (tables, probes)
}

/// What a URI, a host name, a header or a log might trip over.
fn odd_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "a b",
        "<",
        "\"",
        "'",
        "\\",
        "`",
        "#",
        "?",
        "a#b",
        "a?b",
        "@",
        "*",
        "%",
        "%zz",
        "%00",
        "{}|^[]",
        "[",
        "]",
        "[::1",
        "::",
        ":",
        "h:port",
        "h:99999",
        ":99999/",
        ":99999",
        "@x:99999/",
        "//",
        "///",
        "/:99999/",
        "//@:99999/",
        "http://[",
        "xn--",
        "1.2.3.4.5",
        "256.256.256.256",
        "1",
        "ja va",
        "https, http",
        "javascript",
        "file",
        "\0",
        "\u{1}",
        "\t",
        "\n",
        "\r\nset-cookie: a=b",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{80}",
        "\u{9b}",
        "\u{e4}",
        "\u{2028}",
        "\u{fffd}",
        "\u{10ffff}",
        "/a b",
        "/<",
        "/\"",
        "/\0",
        "/\n",
        "/\u{7f}",
        "/\u{e4}",
        "/%zz",
        "/a?b#c",
        "/../..",
    ]
    .map(str::to_owned)
    .into();
    texts.push("a".repeat(LONG));
    texts.push(format!("/{}", "a".repeat(LONG)));
    // Less than a URI may hold until it is percent-encoded.
    texts.push(format!("/{}", "\u{e4}".repeat(LONG / 4)));
    texts.push(format!("/{}", "{".repeat(LONG / 3)));
    texts
}

#[tokio::test]
async fn odd_text_in_any_field_is_answered_as_if_it_were_plain() {
    let (_tables, probes) = probes().await;
    for pointer in [
        "/rawQueryString",
        "/rawPath",
        "/headers/host",
        "/headers/x-forwarded-proto",
        "/headers/authorization",
        "/headers/x-anything",
        "/requestContext/domainName",
        "/requestContext/stage",
        "/requestContext/requestId",
        "/requestContext/routeKey",
        "/requestContext/http/method",
        "/requestContext/http/path",
        "/requestContext/http/protocol",
        "/requestContext/http/sourceIp",
        "/requestContext/http/userAgent",
        "/pathParameters/orderId",
        "/pathParameters/anything",
        "/body",
    ] {
        for text in odd_texts() {
            let status = probes.status(&with(pointer, json!(text))).await;
            let shown: String = text.chars().take(80).collect();
            assert_eq!(status, 204, "{pointer} {shown:?}");
        }
    }
    for text in odd_texts() {
        let mut event: Value =
            serde_json::from_str(&with("/isBase64Encoded", json!(true))).unwrap();
        event["body"] = text.into();
        assert_eq!(probes.status(&event.to_string()).await, 204, "{event}");
    }
    for text in odd_texts() {
        for parent in ["headers", "pathParameters"] {
            let name = text.replace('/', "~1");
            let event = with(&format!("/{parent}/{name}"), json!("x"));
            let status = probes.status(&event).await;
            let shown: String = text.chars().take(80).collect();
            assert_eq!(status, 204, "{parent} {shown:?}");
        }
    }
}

#[tokio::test]
async fn what_is_null_or_missing_counts_as_absent() {
    let (_tables, probes) = probes().await;
    for event in [
        "{}",
        r#"{"requestContext":null}"#,
        r#"{"requestContext":{}}"#,
        r#"{"requestContext":{"http":null}}"#,
        r#"{"requestContext":{"http":{}}}"#,
        r#"{"headers":null,"pathParameters":null,"rawQueryString":null,"body":null}"#,
        r#"{"body":null,"isBase64Encoded":true}"#,
    ] {
        assert_eq!(probes.status(event).await, 204, "{event}");
    }
    let event: Value = serde_json::from_str(&with("/version", json!("2.0"))).unwrap();
    for pointer in pointers(&event) {
        let mut changed = event.clone();
        *changed.pointer_mut(&pointer).unwrap() = Value::Null;
        let status = probes.status(&changed.to_string()).await;
        assert_eq!(status, 204, "{pointer}");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = changed.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(name).unwrap();
        let status = probes.status(&changed.to_string()).await;
        assert_eq!(status, 204, "without {pointer}");
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_a_400_where_it_is_read_and_nothing_elsewhere() {
    let (_tables, probes) = probes().await;
    let (text, object) = (
        [json!(5), json!(true), json!({})],
        [json!(5), json!("x"), json!([])],
    );
    for (pointer, wrong) in [
        ("/rawPath", &text),
        ("/rawQueryString", &text),
        ("/headers", &object),
        ("/headers/authorization", &text),
        ("/pathParameters", &object),
        ("/pathParameters/orderId", &text),
        ("/requestContext", &object),
        ("/requestContext/requestId", &text),
        ("/requestContext/routeKey", &text),
        ("/requestContext/http", &object),
        ("/requestContext/http/sourceIp", &text),
        ("/requestContext/http/userAgent", &text),
        ("/body", &text),
        ("/isBase64Encoded", &object),
    ] {
        for value in wrong {
            let status = probes.status(&with(pointer, value.clone())).await;
            assert_eq!(status, 400, "{pointer} {value}");
        }
    }
    for pointer in [
        "/version",
        "/routeKey",
        "/path",
        "/cookies",
        "/queryStringParameters",
        "/stageVariables",
        "/httpMethod",
        "/anything",
        "/requestContext/authorizer",
        "/requestContext/authentication",
        "/requestContext/stage",
        "/requestContext/timeEpoch",
        "/requestContext/http/method",
    ] {
        for value in text.iter().chain(&object) {
            let status = probes.status(&with(pointer, value.clone())).await;
            assert_eq!(status, 204, "{pointer} {value}");
        }
    }
    let deep = format!(r#"{{"body":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    let many: Map<String, Value> = (0..30_000)
        .map(|number| (format!("x-{number}"), "".into()))
        .collect();
    for event in [
        "null",
        "5",
        "true",
        "\"\"",
        "[]",
        r#"{"body":"\ud800"}"#,
        r#"{"headers":{"\udfff":"x"}}"#,
        &deep,
        &with("/headers", many.into()),
    ] {
        let shown: String = event.chars().take(80).collect();
        assert_eq!(probes.status(event).await, 400, "{shown}");
    }
}

#[tokio::test]
async fn what_was_made_harmless_is_no_more_valid_than_it_was() {
    let (_tables, probes) = probes().await;
    let ask = async |probe, pointer, value| probes.ask(probe, &with(pointer, value)).await;
    for (query, status, limit) in [
        ("limit=7&q=a b<\"\n\u{7f}\0", 200, "7"),
        ("limit=%37#x", 400, ""),
        ("limit=%37", 200, "7"),
        ("limit=", 200, "24"),
        ("limit=7&limit=7", 400, ""),
        ("limit=7\0", 400, ""),
    ] {
        let (answered, body) = ask(&probes.page, "/rawQueryString", json!(query)).await;
        assert_eq!(answered, status, "{query}");
        assert!(answered != 200 || body == limit, "{query}: {body}");
    }
    let long = format!("limit=7&q={}", "a".repeat(LONG));
    let (_, body) = ask(&probes.page, "/rawQueryString", json!(long)).await;
    assert_eq!(body, "7");

    for (value, status, read) in [
        (json!("\"3\""), 200, "3"),
        (json!("*"), 200, "null"),
        (json!("\"3\"\0"), 400, ""),
        (json!("\"3\u{7f}\""), 400, ""),
        (json!("*\n"), 400, ""),
        (json!(["\"3\"", "\"4\""]), 400, ""),
    ] {
        let (answered, body) = ask(&probes.version, "/headers/if-match", value.clone()).await;
        assert_eq!(answered, status, "{value}");
        assert!(answered != 200 || body == read, "{value}: {body}");
    }
    for (value, status) in [
        (json!("k"), 200),
        (json!("k\0"), 400),
        // Joined by a comma, as the gateway does.
        (json!(["k", "l"]), 400),
    ] {
        let (answered, _) = ask(&probes.key, "/headers/idempotency-key", value.clone()).await;
        assert_eq!(answered, status, "{value}");
    }
    let (status, body) = ask(&probes.token, "/headers/authorization", json!("Bearer x\0")).await;
    assert_eq!(status, 401);
    assert!(body.contains("Invalid token."), "{body}");

    let (status, _) = ask(&probes.body, "/isBase64Encoded", json!(false)).await;
    assert_eq!(status, 204);
    let (status, body) = ask(&probes.body, "/isBase64Encoded", json!(true)).await;
    assert_eq!(status, 400);
    assert!(body.contains("The body can't be read."), "{body}");
    // Who doesn't read the body doesn't care.
    let (status, _) = ask(&probes.nothing, "/isBase64Encoded", json!(true)).await;
    assert_eq!(status, 204);
    let mut event: Value = serde_json::from_str(&with("/isBase64Encoded", json!(true))).unwrap();
    event["body"] = STANDARD.encode(r#"{"quantity": 2}"#).into();
    let (status, _) = probes.ask(&probes.body, &event.to_string()).await;
    assert_eq!(status, 204);
}

/// The JSON pointers of everything in a value but itself.
fn pointers(value: &Value) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(members) => (members.iter().enumerate())
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let inner = members.into_iter().flat_map(|(name, value)| {
        let below = pointers(value);
        let below = below.into_iter().map(|rest| format!("/{name}{rest}"));
        [format!("/{name}")]
            .into_iter()
            .chain(below)
            .collect::<Vec<_>>()
    });
    inner.collect()
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

#[tokio::test]
async fn no_event_whatever_stands_in_it_fails_the_function() {
    let (_tables, probes) = probes().await;
    let events = events();
    assert!(events.len() > 20, "{}", events.len());
    let mut odd: Vec<Value> = odd_texts()
        .into_iter()
        .filter(|text| text.len() < 1_000)
        .map(Value::from)
        .collect();
    odd.extend([
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!([null]),
        json!(["a", "\0"]),
        json!(["GET", "/", "HTTP/1.1"]),
        json!({"a": null}),
        json!({"a": {"a": {"a": "\0"}}}),
    ]);
    let mut random = Random(20_261_121);
    for _ in 0..1_500 {
        let mut event = random.pick(&events).clone();
        for _ in 0..=random.below(3) {
            let pointers = pointers(&event);
            let Some(pointer) = (!pointers.is_empty()).then(|| random.pick(&pointers)) else {
                break;
            };
            let value = random.pick(&odd).clone();
            let place = event.pointer_mut(pointer).unwrap();
            match place.as_object_mut() {
                // A member that nobody expects, under any name.
                Some(members) if random.below(2) == 0 => {
                    let name = random.pick(&odd).as_str().unwrap_or("x").to_owned();
                    members.insert(name, value);
                }
                _ => *place = value,
            }
        }
        let probe = *random.pick(&probes.all());
        probes.ask(probe, &event.to_string()).await;
    }
}
