//! What the shop answers, and what every answer must be like.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::contract::contract;

/// What the shop answered. Each is held to the contract as it comes in,
/// whatever the test is about.
#[derive(Clone, Debug)]
pub struct TestResponse {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

/// Sends a request and reads the answer.
pub async fn send(request: reqwest::RequestBuilder) -> TestResponse {
    let answer = try_send(request).await.expect("the shop answers");
    answer.assert_contract();
    answer
}

/// Sends a request that may get no answer, or one without all that is promised of every
/// answer. One that comes is held to openapi.yaml.
pub async fn try_send(request: reqwest::RequestBuilder) -> Result<TestResponse, reqwest::Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    let answer = TestResponse {
        status,
        headers,
        text,
        body,
    };
    // A preflight is the gateway's business.
    if method != Method::OPTIONS {
        let operation = contract().find(method.as_str(), &path);
        contract().judge(operation, method != Method::HEAD, &answer);
    }
    Ok(answer)
}

impl TestResponse {
    /// Returns this answer, if it has that status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Returns this answer, if it is a problem of that status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.body["code"], code, "{self:#?}");
        self.expect(status)
    }

    /// Returns a header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or(""))
    }

    /// Returns where each bad field stands, in order.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        let errors = errors.map_or(&[][..], Vec::as_slice);
        errors
            .iter()
            .map(|e| e["pointer"].as_str().unwrap())
            .collect()
    }

    /// Asserts what the shop promises of every answer, errors included.
    #[track_caller]
    pub(crate) fn assert_contract(&self) {
        for (name, value) in [
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains; preload",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("cross-origin-resource-policy", "same-site"),
            ("x-xss-protection", "0"),
        ] {
            assert_eq!(self.header(name), value, "{name} of {self:#?}");
        }
        let cache = self.header("cache-control");
        let catalogue = "public, max-age=60, stale-while-revalidate=300";
        if cache == catalogue && matches!(self.status, 200 | 304) {
            // Any cache may hand it to anyone: it says nothing of who asked.
            assert_eq!(self.header("vary"), "Origin");
            for name in self.headers.keys().map(HeaderName::as_str) {
                let own = name == "x-request-id" || name.starts_with("ratelimit-");
                assert!(!own, "{self:#?}");
            }
        } else {
            assert_eq!(cache, "no-store", "{self:#?}");
            assert!(!self.header("x-request-id").is_empty(), "{self:#?}");
        }
        if self.status >= 400 {
            assert_eq!(
                self.header("content-type"),
                "application/problem+json",
                "{self:#?}"
            );
            assert_eq!(self.body["status"], self.status, "{self:#?}");
            for member in ["type", "title", "detail", "code", "requestId"] {
                assert!(self.body[member].is_string(), "{member} of {self:#?}");
            }
            for word in [
                "dynamodb",
                "DynamoDB",
                "arn:aws",
                "panicked",
                "src/",
                "Exception",
            ] {
                assert!(!self.text.contains(word), "{word} in {self:#?}");
            }
        }
        if self.status == 401 {
            assert_eq!(self.header("www-authenticate"), "Bearer", "{self:#?}");
        }
        if self.status >= 500 {
            assert!(!self.header("retry-after").is_empty(), "{self:#?}");
        }
    }
}
