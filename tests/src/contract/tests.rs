use reqwest::header::HeaderMap;
use serde_json::Value;

use super::*;

fn small() -> Contract {
    let document = "
paths:
  /a/{b}:
    get:
      operationId: get-a
      responses:
        '200': {$ref: '#/components/responses/A'}
        '204': {description: Nothing.}
        '409':
          content:
            application/problem+json:
              schema:
                oneOf:
                  - {properties: {code: {const: one}}}
                  - {$ref: '#/components/schemas/Two'}
x-not-found: {operationId: not-found, responses: {'404': {description: None.}}}
x-gateway:
  operationId: gateway
  responses: {'502': {content: {application/json: {schema: {const: broken}}}}}
components:
  headers:
    Count: {required: true, schema: {type: integer, maximum: 7}}
  responses:
    A:
      headers: {X-Count: {$ref: '#/components/headers/Count'}, ETag: {schema: {type: string}}}
      content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}
  schemas:
    A:
      type: object
      additionalProperties: false
      required: [at]
      properties: {at: {type: string, format: date-time}}
    Two: {properties: {code: {const: two}}}
";
    Contract::read(template::document(document).unwrap())
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], text: &str) -> TestResponse {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    TestResponse {
        status,
        headers: HeaderMap::from_iter(headers),
        text: text.to_owned(),
        body: serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const GOOD: &str = r#"{"at":"2026-11-21T10:00:00Z"}"#;

#[test]
fn an_answer_that_is_as_documented_has_no_fault() {
    let contract = small();
    let operation = contract.find("GET", "/a/b");
    for good in [
        answer(200, &[JSON, ("x-count", "7")], GOOD),
        answer(
            200,
            &[JSON, ("x-count", "0"), ("etag", "x"), ("date", "now")],
            GOOD,
        ),
        answer(204, &[], ""),
    ] {
        assert_eq!(contract.fault(operation, true, &good), None);
    }
    // A HEAD request's answer has the headers alone.
    let headers = answer(200, &[JSON, ("x-count", "7")], "");
    assert_eq!(contract.fault(operation, false, &headers), None);
}

#[test]
fn whatever_is_not_documented_is_a_fault() {
    let contract = small();
    let operation = contract.find("GET", "/a/b");
    for (bad, fault) in [
        (answer(201, &[], ""), "the status 201"),
        (answer(200, &[JSON], GOOD), "the header X-Count is missing"),
        (
            answer(200, &[JSON, ("x-count", "8")], GOOD),
            "the header X-Count",
        ),
        (
            answer(200, &[JSON, ("x-count", "x")], GOOD),
            "the header X-Count",
        ),
        (
            answer(204, &[("etag", "x")], ""),
            "the header etag is not documented",
        ),
        (answer(204, &[], "x"), "it has a body"),
        (
            answer(
                200,
                &[("content-type", "text/html"), ("x-count", "1")],
                GOOD,
            ),
            "the media type",
        ),
        (
            answer(200, &[JSON, ("x-count", "1")], "{}"),
            "missing properties 'at'",
        ),
        (
            answer(200, &[JSON, ("x-count", "1")], r#"{"at":"today"}"#),
            "date-time",
        ),
        (
            answer(
                200,
                &[JSON, ("x-count", "1")],
                r#"{"at":"2026-11-21T10:00:00Z","hash":""}"#,
            ),
            "additionalProperties 'hash' not allowed",
        ),
    ] {
        let found = contract.fault(operation, true, &bad).unwrap();
        assert!(found.contains(fault), "{found}");
    }
}

#[test]
fn what_is_no_operations_is_judged_as_a_route_that_does_not_exist() {
    let contract = small();
    for (method, path, id) in [
        ("GET", "/a/b", "get-a"),
        ("GET", "/a/", "not-found"),
        ("GET", "/a/b/c", "not-found"),
        ("PUT", "/a/b", "not-found"),
        ("GET", "", "not-found"),
    ] {
        assert_eq!(contract.find(method, path).id, id, "{method} {path}");
    }
}

#[test]
fn what_was_never_seen_is_named_by_status_and_code() {
    let contract = small();
    contract.judge(contract.find("GET", "/a/b"), true, &answer(204, &[], ""));
    contract.judge(
        contract.find("GET", "/a/b"),
        true,
        &answer(502, &[JSON], "\"broken\""),
    );
    let unseen = [
        "get-a 200",
        "get-a 409 one",
        "get-a 409 two",
        "not-found 404",
    ];
    assert_eq!(contract.unseen(), unseen);
}

#[test]
#[should_panic(expected = "not what openapi.yaml says of get-a")]
fn an_answer_with_a_fault_ends_its_test() {
    let contract = small();
    contract.judge(contract.find("GET", "/a/b"), true, &answer(418, &[], ""));
}
