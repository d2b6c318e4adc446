//! Whose pages may read what the shop answers: exactly those of the origins
//! that the deployment lists. To everybody else the answers are the same, but
//! for the header that would let a page read them.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use tests::{
    Client, Shop, TestRequest, TestResponse, checkout_body, product_body, send, spawn_shop,
};

/// The one origin that the tests' deployment lists.
const ALLOWED: &str = "http://localhost:3000";

/// One of each class of origins that are not the allowed one.
const FORGED: &[&str] = &[
    // Another host.
    "http://evil.example",
    "https://evil.example",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    // The allowed one is only its beginning, its end, or a part of it.
    "http://localhost:3000.evil.example",
    "http://localhost.evil.example:3000",
    "http://localhost:3000evil.example",
    "http://evil-localhost:3000",
    "http://xlocalhost:3000",
    "http://evil.example/http://localhost:3000",
    "http://evil.example?http://localhost:3000",
    "http://evil.example#http://localhost:3000",
    // A name below it, and one that only looks like it.
    "http://evil.localhost:3000",
    "http://www.localhost:3000",
    "http://localh0st:3000",
    "http://l\u{43e}calhost:3000",
    // Another scheme.
    "https://localhost:3000",
    "ftp://localhost:3000",
    "ws://localhost:3000",
    "//localhost:3000",
    "localhost:3000",
    // Another port, or none.
    "http://localhost",
    "http://localhost:",
    "http://localhost:80",
    "http://localhost:30000",
    "http://localhost:300",
    "http://localhost:03000",
    // What pages without an origin send.
    "null",
    "file://",
    "data:",
    "about:blank",
    // The same host in another spelling.
    "HTTP://LOCALHOST:3000",
    "http://LocalHost:3000",
    "http://localhost:3000/",
    "http://localhost.:3000",
    "http://localhost:3000.",
    "http://%6cocalhost:3000",
    // Somebody of that name elsewhere.
    "http://localhost:3000@evil.example",
    "http://localhost@evil.example:3000",
    "http://evil@localhost:3000",
    // No origin at all, all of them, and two in one.
    "",
    "*",
    "http://*",
    "http://localhost:*",
    "http://localhost:3000 http://evil.example",
    "http://localhost:3000,http://evil.example",
    "http://localhost:3000, http://localhost:3000",
];

/// Signs that one parser takes for a part of a host and another for its end.
const SIGNS: &str = "!$&'()*+,;=%_`{|}~^\"<>\\ ";

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap()
}

fn cors_headers(answer: &TestResponse) -> Vec<&str> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// A list in a header, in no particular order.
fn listed(text: &str) -> BTreeSet<String> {
    let words = text.split(',').map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn list(words: &[String]) -> BTreeSet<String> {
    words.iter().cloned().collect()
}

/// Refused: no page of another origin may read this.
#[track_caller]
fn lets_nobody_read(answer: &TestResponse, of: &str) {
    assert!(answer.status < 500, "{of}: {answer:#?}");
    assert_eq!(cors_headers(answer), [""; 0], "{of}: {answer:#?}");
}

fn preflight(shop: &Shop, path: &str, method: &str) -> RequestBuilder {
    let request = shop.anonymous().request(Method::OPTIONS, path);
    request
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization")
}

/// Requests of every audience, and what each is answered.
struct Requests {
    shop: Shop,
    alice: Client,
    admin: Client,
    etag: String,
}

/// What a preflight asks for.
const ROUTES: [(&str, &str); 4] = [
    ("GET", "/api/products"),
    ("GET", "/api/orders"),
    ("POST", "/api/admin/products"),
    ("GET", "/api/nothing"),
];

impl Requests {
    async fn open() -> Self {
        let shop = spawn_shop().await;
        let (alice, admin) = (shop.alice().await, shop.admin().await);
        let products = shop.anonymous().get("/api/products").await;
        // So many tries at the staff's sign-in that the next is one too many.
        shop.wait_for_limit_window(120).await;
        for _ in 0..5 {
            let nobody = TestRequest::with_body(nobody());
            shop.call_from("127.0.0.1", "admin-login", nobody)
                .await
                .expect(401);
        }
        Self {
            etag: products.expect(200).header("etag").to_owned(),
            alice,
            admin,
            shop,
        }
    }

    /// Public, a customer's and an admin's; and each kind of refusal.
    fn all(&self) -> Vec<(u16, RequestBuilder)> {
        let anonymous = self.shop.anonymous();
        let json = |text: &'static str| {
            let request = anonymous.request(Method::POST, "/api/auth/refresh");
            let request = request.header("content-type", "application/json");
            request.body(text)
        };
        let get = |client: &Client, path: &str| client.request(Method::GET, path);
        let seen = get(&anonymous, "/api/products").header("if-none-match", &self.etag);
        let staff_only = self.alice.request(Method::POST, "/api/admin/products");
        let bad_fields = self.admin.request(Method::POST, "/api/admin/products");
        let text = anonymous.request(Method::POST, "/api/auth/refresh");
        let large = get(&anonymous, "/api/products").header("x-large", "x".repeat(11_000));
        let checkout = self.alice.request(Method::POST, "/api/checkout");
        let sign_out = anonymous.request(Method::POST, "/api/auth/logout");
        let too_often = anonymous.request(Method::POST, "/api/admin/login");
        vec![
            (200, get(&anonymous, "/api/products")),
            (304, seen),
            (200, get(&self.alice, "/api/orders")),
            (204, sign_out.json(&json!({ "refreshToken": "x" }))),
            (400, json("{")),
            (401, get(&anonymous, "/api/orders")),
            (401, get(&anonymous.with_token("x"), "/api/cart")),
            (403, get(&self.admin, "/api/orders")),
            (403, staff_only.json(&product_body("No", 1, 1))),
            (404, get(&anonymous, "/api/nothing")),
            (404, get(&anonymous, "/api/products/x")),
            (
                409,
                checkout
                    .header("idempotency-key", "k")
                    .json(&checkout_body(100)),
            ),
            (413, {
                let request = anonymous.request(Method::POST, "/api/auth/refresh");
                let request = request.header("content-type", "application/json");
                request.body(format!("\"{}\"", "x".repeat(300_000)))
            }),
            (415, text.header("content-type", "text/plain").body("{}")),
            (422, bad_fields.json(&json!({ "name": "" }))),
            (429, too_often.json(&nobody())),
            (431, large),
        ]
    }
}

/// Someone who has no account.
fn nobody() -> Value {
    json!({ "email": "nobody@example.com", "password": "nothing" })
}

/// The headers that are the same for the same request asked again.
fn lasting(headers: &HeaderMap) -> Vec<(String, String)> {
    let lasting = headers.iter().filter(|(name, _)| {
        !["x-request-id", "apigw-requestid", "date"].contains(&name.as_str())
            && !name.as_str().starts_with("ratelimit-")
            && name.as_str() != "retry-after"
    });
    let texts =
        lasting.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes())));
    let mut texts: Vec<_> = texts
        .map(|(name, text)| (name, text.into_owned()))
        .collect();
    texts.sort();
    texts
}

fn without_request_id(answer: &TestResponse) -> Value {
    let mut body = answer.body.clone();
    if let Some(id) = body.get_mut("requestId") {
        *id = Value::Null;
    }
    // A second may pass between two requests: how many are left to wait is in
    // `Retry-After`, and there it is looked at.
    let wait = answer.header("retry-after");
    if answer.status == 429
        && let Some(detail) = body.get_mut("detail")
    {
        let told = detail.as_str().unwrap();
        assert!(told.contains(wait), "{told}");
        *detail = told.replace(wait, "N").into();
    }
    body
}

#[tokio::test]
async fn an_origin_that_is_not_the_allowed_one_is_told_nothing() {
    let requests = Requests::open().await;
    let shop = &requests.shop;
    for origin in FORGED {
        for (method, path) in ROUTES {
            let request = preflight(shop, path, method).header("origin", value(origin));
            let answer = send(request).await.expect(204);
            lets_nobody_read(&answer, origin);
            assert_eq!(
                (answer.text.as_str(), answer.header("cache-control")),
                ("", "no-store")
            );
        }
        for (path, status) in [("/api/products", 200), ("/api/orders", 401)] {
            let request = shop.anonymous().request(Method::GET, path);
            let answer = send(request.header("origin", value(origin))).await;
            lets_nobody_read(&answer.expect(status), origin);
        }
    }
}

#[tokio::test]
async fn a_sign_that_ends_a_host_for_some_ends_no_comparison() {
    let requests = Requests::open().await;
    let shop = &requests.shop;
    assert_eq!(SIGNS.chars().count(), 24);
    for sign in SIGNS.chars() {
        for origin in [
            format!("http://localhost:3000{sign}.evil.example"),
            format!("http://localhost{sign}.evil.example:3000"),
            format!("http://localhost{sign}:3000"),
            format!("http://localhost:3000{sign}x"),
            format!("http://{sign}localhost:3000"),
        ] {
            let request = preflight(shop, "/api/admin/products", "POST");
            let answer = send(request.header("origin", value(&origin))).await;
            lets_nobody_read(&answer.expect(204), &origin);
            let request = requests.alice.request(Method::GET, "/api/orders");
            let answer = send(request.header("origin", value(&origin))).await;
            lets_nobody_read(&answer.expect(200), &origin);
        }
    }
}

#[tokio::test]
async fn two_origins_are_none() {
    let requests = Requests::open().await;
    for (first, second) in [
        (ALLOWED, "http://evil.example"),
        ("http://evil.example", ALLOWED),
        (ALLOWED, ALLOWED),
        (ALLOWED, "null"),
        (ALLOWED, ""),
    ] {
        let of = format!("{first} and {second}");
        for (method, path) in ROUTES {
            let request = preflight(&requests.shop, path, method);
            let request = request.header("origin", first).header("origin", second);
            lets_nobody_read(&send(request).await, &of);
        }
        for (status, request) in requests.all() {
            let request = request.header("origin", first).header("origin", second);
            lets_nobody_read(&send(request).await.expect(status), &of);
        }
    }
}

#[tokio::test]
async fn whoever_asks_gets_the_same_answer() {
    let requests = Requests::open().await;
    let origins = [
        ALLOWED,
        "http://evil.example",
        "http://localhost:3000.evil.example",
        "null",
        "*",
        "",
    ];
    let plain = requests.all();
    for (at, (status, request)) in plain.into_iter().enumerate() {
        let plain = send(request).await.expect(status);
        lets_nobody_read(&plain, "no origin");
        for origin in origins {
            let (_, request) = requests.all().swap_remove(at);
            let answer = send(request.header("origin", value(origin))).await;
            assert_eq!(answer.status, status, "{origin}: {answer:#?}");
            assert_eq!(
                without_request_id(&answer),
                without_request_id(&plain),
                "{origin}"
            );
            let mut headers = lasting(&answer.headers);
            if origin == ALLOWED {
                headers.retain(|(name, _)| !name.starts_with("access-control-"));
            }
            assert_eq!(headers, lasting(&plain.headers), "{origin}");
        }
    }
}

#[tokio::test]
async fn the_allowed_origin_reads_every_answer_and_only_as_itself() {
    let requests = Requests::open().await;
    let cors = requests.shop.cloud.template().cors.clone().unwrap();
    assert_eq!(cors.allow_origins, [ALLOWED]);
    for (status, request) in requests.all() {
        let answer = send(request.header("origin", ALLOWED)).await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
        assert_eq!(
            cors_headers(&answer).into_iter().collect::<BTreeSet<_>>(),
            BTreeSet::from([
                "access-control-allow-origin",
                "access-control-expose-headers"
            ])
        );
        let exposed = listed(answer.header("access-control-expose-headers"));
        assert_eq!(exposed, list(&cors.expose_headers));
        if answer.header("cache-control") != "no-store" {
            assert_eq!(answer.header("vary"), "Origin");
        }
    }
    // Nobody but the operator says what is allowed: not the one who asks.
    let request = requests.alice.request(Method::GET, "/api/orders");
    let request = request
        .header("origin", "http://evil.example")
        .header("access-control-allow-origin", "*")
        .header("access-control-allow-credentials", "true")
        .header("referer", "http://localhost:3000/")
        .header("x-forwarded-host", "localhost:3000");
    lets_nobody_read(&send(request).await.expect(200), "headers of an answer");
}

#[tokio::test]
async fn a_preflight_is_answered_as_the_template_says_and_not_as_it_asks() {
    let requests = Requests::open().await;
    let shop = &requests.shop;
    let cors = shop.cloud.template().cors.clone().unwrap();
    assert!(!cors.allow_credentials);
    for word in cors
        .allow_origins
        .iter()
        .chain(&cors.allow_methods)
        .chain(&cors.allow_headers)
        .chain(&cors.expose_headers)
    {
        assert!(!word.contains('*'), "{word}");
    }
    for (method, headers) in [
        ("GET", "authorization"),
        ("POST", "authorization,content-type,idempotency-key"),
        ("DELETE", "x-evil"),
        ("TRACE", "authorization"),
        ("CONNECT", "cookie"),
        ("EVIL", "x-evil, cookie, host"),
        ("*", "*"),
        ("get", "AUTHORIZATION"),
        ("", ""),
    ] {
        for (_, path) in ROUTES {
            let request = shop.anonymous().request(Method::OPTIONS, path);
            let request = request
                .header("origin", ALLOWED)
                .header("access-control-request-method", method)
                .header("access-control-request-headers", headers);
            let answer = send(request).await.expect(204);
            assert_eq!(answer.text, "");
            assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
            let methods = listed(answer.header("access-control-allow-methods"));
            assert_eq!(methods, list(&cors.allow_methods));
            let allowed = listed(answer.header("access-control-allow-headers"));
            assert_eq!(allowed, list(&cors.allow_headers));
            let max_age = answer.header("access-control-max-age").parse().ok();
            assert_eq!(max_age, cors.max_age);
            let credentials = answer.header("access-control-allow-credentials");
            assert_eq!(credentials, "");
            for word in ["TRACE", "CONNECT", "EVIL", "OPTIONS"] {
                assert!(!methods.contains(word), "{word}");
            }
            for word in ["x-evil", "cookie", "host"] {
                assert!(!allowed.contains(word), "{word}");
            }
        }
    }
    // What asks for no method is no preflight, but a request like any other.
    let plain = shop.anonymous().request(Method::OPTIONS, "/api/products");
    let answer = send(plain.header("origin", "http://evil.example")).await;
    lets_nobody_read(&answer.expect_problem(404, "not-found"), "OPTIONS");
}

#[tokio::test]
async fn the_security_headers_stand_on_every_status() {
    // `send` holds each answer to them; this makes sure of every status.
    let requests = Requests::open().await;
    let shop = &requests.shop;
    let upload = json!({
        "productId": shop.product(0), "contentType": "image/png", "contentLength": 10,
    });
    let made = requests.admin.post("/api/admin/uploads", &upload).await;
    let mut seen = BTreeSet::from([made.expect(201).status]);
    for origin in [None, Some(ALLOWED), Some("http://evil.example")] {
        for (status, request) in requests.all() {
            let request = match origin {
                None => request,
                Some(origin) => request.header("origin", origin),
            };
            seen.insert(send(request).await.expect(status).status);
        }
        let request = preflight(shop, "/api/cart", "GET");
        let request = request.header("origin", origin.unwrap_or("null"));
        let answer = send(request).await.expect(204);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    shop.cloud.stop_dynamodb().await;
    for (path, origin) in [
        ("/api/products", ALLOWED),
        ("/api/products", "http://evil.example"),
        ("/api/orders", ALLOWED),
    ] {
        let request = requests.alice.request(Method::GET, path);
        let answer = send(request.header("origin", origin)).await;
        let answer = answer.expect_problem(503, "unavailable");
        let readable = answer.header("access-control-allow-origin");
        assert_eq!(readable, if origin == ALLOWED { ALLOWED } else { "" });
        seen.insert(answer.status);
    }
    let all = [
        200, 201, 204, 304, 400, 401, 403, 404, 409, 413, 415, 422, 429, 431, 503,
    ];
    assert_eq!(seen, BTreeSet::from(all));
}
