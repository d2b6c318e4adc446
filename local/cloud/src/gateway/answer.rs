//! A function's answer as API Gateway understands it: payload format 2.0, where an answer
//! without `statusCode` is taken as the body of a 200.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response>

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Headers that are the connection's business, not the function's.
const NOT_THE_FUNCTIONS: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Returns the HTTP response that a function's answer stands for.
///
/// # Errors
/// A sentence for the log, if it stands for none: the client then gets 502.
pub(super) fn read(answer: &[u8]) -> Result<Response<Body>, String> {
    let answer: Value = serde_json::from_slice(answer)
        .map_err(|error| format!("the answer is not JSON: {error}"))?;
    let Some(status) = answer.get("statusCode") else {
        return Ok(inferred(&answer));
    };
    let status = status
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (200..=599).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| format!("the answer's statusCode is {status}"))?;

    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if is_set(answer.get("isBase64Encoded")) => STANDARD
            .decode(text)
            .map_err(|error| format!("the answer's body is not Base64: {error}"))?,
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return Err("the answer's body is not a string".to_owned()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(given) = answer.get("headers").and_then(Value::as_object) {
        for (name, value) in given {
            let value = match value {
                Value::String(value) => value.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!("the answer's header {name} is not a string"));
                }
            };
            let (name, value) = pair(name, &value)?;
            if !NOT_THE_FUNCTIONS.contains(&name) {
                headers.insert(name, value);
            }
        }
    }
    if let Some(cookies) = answer.get("cookies").and_then(Value::as_array) {
        for cookie in cookies.iter().filter_map(Value::as_str) {
            let (name, value) = pair("set-cookie", cookie)?;
            headers.append(name, value);
        }
    }
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("text/plain;charset=utf-8"));
    Ok(response)
}

fn inferred(answer: &Value) -> Response<Body> {
    let body = match answer {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn is_set(flag: Option<&Value>) -> bool {
    flag.and_then(Value::as_bool).unwrap_or_default()
}

fn pair(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = |_| format!("the answer's header {name} can't be sent");
    Ok((
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(()))?,
        HeaderValue::from_str(value).map_err(|_| wrong(()))?,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    async fn answer(value: Value) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let response = read(value.to_string().as_bytes()).unwrap();
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, headers, body.to_vec())
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[tokio::test]
    async fn a_full_answer_becomes_a_response() {
        let (status, headers, body) = answer(json!({
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "X-Number": 5, "Content-Length": "999"},
            "cookies": ["a=1; Secure", "b=2"],
            "body": "eyJhIjoxfQ==",
            "isBase64Encoded": true,
        }))
        .await;
        assert_eq!(status, 201);
        assert_eq!(body, b"{\"a\":1}");
        for expected in [
            header("content-type", "application/json"),
            header("x-number", "5"),
            header("set-cookie", "a=1; Secure"),
            header("set-cookie", "b=2"),
        ] {
            assert!(headers.contains(&expected), "{expected:?} in {headers:?}");
        }
        assert_eq!(headers.len(), 4, "{headers:?}");
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_the_body_of_a_200() {
        let json = header("content-type", "application/json");
        assert_eq!(
            answer(json!({"items": []})).await,
            (200, vec![json.clone()], b"{\"items\":[]}".to_vec())
        );
        assert_eq!(
            answer(json!("Hello")).await,
            (200, vec![json], b"Hello".to_vec())
        );
    }

    #[tokio::test]
    async fn an_answer_without_a_type_is_plain_text() {
        let (_, headers, _) = answer(json!({"statusCode": 200, "body": "x"})).await;
        assert_eq!(
            headers,
            [header("content-type", "text/plain;charset=utf-8")]
        );
    }

    #[test]
    fn an_answer_that_stands_for_no_response_is_refused() {
        for wrong in [
            "not JSON",
            r#"{"statusCode": "abc"}"#,
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": 1000}"#,
            r#"{"statusCode": 200, "body": {}}"#,
            r#"{"statusCode": 200, "body": "%", "isBase64Encoded": true}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "headers": {"a": "b\nc"}}"#,
        ] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
