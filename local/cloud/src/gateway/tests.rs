//! Requests through the gateway to real processes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::events::Surroundings;
use crate::service::{ANY_PORT, Service};
use crate::sqs::Queues;
use crate::testing::{Answer, iam, launch, runtime, send};
use template::Deployment;

const TEMPLATE: &str = r#"
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: [http://localhost:3000]
        AllowMethods: [GET]
        ExposeHeaders: [etag]
      RouteSettings:
        "GET /limited": {ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2}
  Echo:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: echo}}
    Properties:
      FunctionName: stack-echo
      Timeout: 1
      Events:
        Rest: {Type: HttpApi}
        Order: {Type: HttpApi, Properties: {Method: GET, Path: "/orders/{orderId}"}}
        Limited: {Type: HttpApi, Properties: {Method: GET, Path: /limited}}
  Off:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: off}}
    Properties:
      ReservedConcurrentExecutions: 0
      Events:
        Off: {Type: HttpApi, Properties: {Method: GET, Path: /off}}
"#;

struct Api {
    service: Service,
    runtime: Arc<Runtime>,
    logs: Logs,
    /// Events are delivered as long as this is kept.
    _stopping: tokio::sync::watch::Sender<bool>,
}

impl Api {
    async fn start(text: &str) -> Self {
        let deployment = Deployment {
            stack: "stack".into(),
            parameters: BTreeMap::new(),
        };
        let template = Template::parse(text, &deployment).unwrap();
        let launches = template.functions.iter().map(|it| launch(it.clone(), &[]));
        let (runtime, logs) = runtime(launches.collect(), 4);
        let own = [("x-content-type-options", "nosniff")]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let own = HeaderMap::from_iter(own);
        let (iam, queues) = (iam(&template.functions, &logs), Queues::new(&[]));
        let around = Surroundings {
            runtime: &runtime,
            queues: &queues,
            iam: &iam,
            logs: &logs,
            retry_delay: Duration::from_millis(10),
        };
        let stopping = tokio::sync::watch::Sender::new(false);
        let events = Arc::new(Deliveries::new(&around, stopping.subscribe()));
        let router = Gateway::router(&template, true, &events, own, logs.clone());
        Self {
            service: Service::start_router(ANY_PORT, router).await.unwrap(),
            runtime,
            logs,
            _stopping: stopping,
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(&self.service.url(), "GET", path, headers, b"").await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(&self.service.url(), "POST", path, headers, body).await
    }

    async fn stop(self) {
        self.runtime.stop().await;
        self.service.stop().await;
    }
}

/// What every answer of the gateway's own has.
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let body = answer.json();
    assert_eq!(body["status"], status);
    assert_eq!(body["code"], code);
    assert_eq!(body["requestId"], answer.header("x-request-id"));
    let retry = if status >= 500 || status == 429 {
        "1"
    } else {
        ""
    };
    assert_eq!(answer.header("retry-after"), retry);
}

#[tokio::test]
async fn a_request_reaches_its_function_and_the_answer_comes_back() {
    let api = Api::start(TEMPLATE).await;
    let answer = api
        .get("/orders/a%20b?x=1", &[("x-forwarded-for", "203.0.113.9")])
        .await;
    assert_eq!(answer.status, 200);
    let event = &answer.json()["event"];
    assert_eq!(event["routeKey"], "GET /orders/{orderId}");
    assert_eq!(event["pathParameters"]["orderId"], "a b");
    assert_eq!(event["rawPath"], "/orders/a b");
    let context = &event["requestContext"];
    assert_eq!(
        context["http"]["sourceIp"], "127.0.0.1",
        "never a header's word"
    );
    assert_eq!(context["requestId"], answer.header("apigw-requestid"));
    assert_eq!(context["requestId"].as_str().unwrap().len(), 16);

    let elsewhere = api.post("/nowhere", &[], b"x").await.json();
    assert_eq!(elsewhere["event"]["routeKey"], "$default");

    let with = r#"{"statusCode":418,"headers":{"x-own":"1"},"cookies":["a=1"],"body":"tea"}"#;
    let with: String = form_urlencoded::byte_serialize(with.as_bytes()).collect();
    let answer = api.get(&format!("/?do=respond&with={with}"), &[]).await;
    assert_eq!((answer.status, answer.text().as_str()), (418, "tea"));
    assert_eq!(answer.header("x-own"), "1");
    assert_eq!(answer.header("set-cookie"), "a=1");
    api.stop().await;
}

/// All of 127.0.0.0/8 is this machine's on Linux; elsewhere only what is configured.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_is_known_by_the_address_that_it_connects_from() {
    let api = Api::start(TEMPLATE).await;
    for source in ["127.0.0.2", "127.255.255.254"] {
        let client = reqwest::Client::builder()
            .no_proxy()
            .local_address(source.parse::<std::net::IpAddr>().unwrap())
            .build()
            .unwrap();
        let answer = client
            .get(api.service.url())
            .header("x-forwarded-for", "203.0.113.9")
            .header("forwarded", "for=203.0.113.9");
        let answer: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
        let event = &answer["event"];
        assert_eq!(event["requestContext"]["http"]["sourceIp"], source);
        assert_eq!(
            event["headers"]["x-forwarded-for"],
            format!("203.0.113.9, {source}")
        );
    }
    api.stop().await;
}

#[tokio::test]
async fn what_the_gateway_refuses_is_a_problem_that_is_never_cached() {
    let api = Api::start(TEMPLATE).await;
    assert_problem(&api.get("/?do=exit", &[]).await, 502, "unavailable");
    assert_problem(&api.get("/?do=error", &[]).await, 502, "unavailable");
    assert_problem(
        &api.get("/?do=respond&with=%5B", &[]).await,
        502,
        "unavailable",
    );
    assert_problem(&api.get("/off", &[]).await, 503, "unavailable");
    assert_problem(&api.get("/?do=sleep", &[]).await, 504, "unavailable");
    assert_problem(&api.get("/%zz", &[]).await, 400, "malformed");
    for host in ["a b", "evil/path", "user@host", "999.999.999.999", "[::1"] {
        assert_problem(&api.get("/", &[("host", host)]).await, 400, "malformed");
    }
    let long = "x".repeat(MAX_HEADERS);
    assert_problem(
        &api.get("/", &[("x-long", &long)]).await,
        431,
        "payload-too-large",
    );
    let path = format!("/{long}");
    assert_problem(&api.get(&path, &[]).await, 431, "payload-too-large");
    // More than the gateway takes, and more than a function takes.
    for size in [MAX_BODY + 1, crate::runtime::MAX_PAYLOAD] {
        let answer = api
            .post("/", &[("content-type", "text/plain")], &vec![b'x'; size])
            .await;
        assert_problem(&answer, 413, "payload-too-large");
    }
    assert_eq!(api.get("/", &[]).await.status, 200, "and it still works");
    let logged = api.logs.lines().join("\n");
    assert!(
        logged.contains("gateway: $default: echo died during a request"),
        "{logged}"
    );
    api.stop().await;
}

#[tokio::test]
async fn an_api_without_a_default_route_has_a_404_of_its_own() {
    let text = TEMPLATE.replace("        Rest: {Type: HttpApi}\n", "");
    let api = Api::start(&text).await;
    assert_problem(&api.get("/nowhere", &[]).await, 404, "not-found");
    api.stop().await;
}

#[tokio::test]
async fn cors_is_the_gateways_and_not_the_functions() {
    let api = Api::start(TEMPLATE).await;
    let preflight = [
        ("origin", "http://localhost:3000"),
        ("access-control-request-method", "GET"),
    ];
    let url = api.service.url();
    let answer = send(&url, "OPTIONS", "/orders/1", &preflight, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert_eq!(answer.header("access-control-allow-methods"), "GET");
    assert_eq!(answer.header("cache-control"), "no-store");
    let foreign = [("origin", "http://evil.example"), preflight[1]];
    let answer = send(&url, "OPTIONS", "/orders/1", &foreign, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("access-control-allow-methods"), "");
    // An OPTIONS request that is no preflight is a route's.
    let answer = send(&url, "OPTIONS", "/orders/1", &[], b"").await;
    assert_eq!(answer.json()["event"]["routeKey"], "$default");

    for path in ["/orders/1", "/off"] {
        let answer = api.get(path, &preflight[..1]).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "http://localhost:3000"
        );
        assert_eq!(answer.header("access-control-expose-headers"), "etag");
        let answer = api.get(path, &[]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    api.stop().await;
}

#[tokio::test]
async fn a_route_that_is_asked_too_often_is_refused_and_no_other() {
    let api = Api::start(TEMPLATE).await;
    let mut refused = 0;
    // More than the burst and all that a slow run of this adds to it.
    for _ in 0..60 {
        let answer = api.get("/limited", &[]).await;
        if answer.status != 200 {
            assert_problem(&answer, 429, "rate-limited");
            refused += 1;
        }
        assert_eq!(api.get("/orders/1", &[]).await.status, 200);
    }
    assert!(refused > 0);
    api.stop().await;
}

#[tokio::test]
async fn functions_can_be_invoked_directly() {
    let api = Api::start(TEMPLATE).await;
    let path = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:stack-echo";
    for name in ["echo", "stack-echo", arn, &arn.replace(':', "%3A")] {
        let answer = api.post(&path(name), &[], br#"{"a":1}"#).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.json()["event"], json!({"a": 1}));
        assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
        assert_eq!(answer.header("x-amz-function-error"), "");
    }
    let answer = api.post(&path("echo"), &[], br#"{"do":"error"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorType"], "Sorry");
    let answer = api.post(&path("echo"), &[], br#"{"do":"sleep"}"#).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorType"], "Sandbox.Timedout");

    for (name, status, kind) in [
        ("nobody", 404, "ResourceNotFoundException"),
        ("off", 429, "TooManyRequestsException"),
    ] {
        let answer = api.post(&path(name), &[], b"{}").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-amzn-errortype"), kind);
        assert!(answer.json()["Message"].is_string());
    }
    for (kind, status) in [("DryRun", 204), ("Event", 202), ("Other", 400)] {
        let headers = [("x-amz-invocation-type", kind)];
        let answer = api
            .post(&path("echo"), &headers, br#"{"do":"print"}"#)
            .await;
        assert_eq!(answer.status, status, "{kind}");
    }
    let page = [("origin", "http://localhost:3000")];
    assert_eq!(api.post(&path("echo"), &page, b"{}").await.status, 403);
    // The event is handled although nobody waits for it.
    while !api.logs.lines().contains(&"echo: to stdout".to_owned()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    api.stop().await;
}
