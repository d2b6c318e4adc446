//! A function for tests. It is the test binary itself, told by an environment variable to be a
//! function: a program that speaks the Runtime API, and misbehaves on demand.

use std::env;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::runtime::MAX_PAYLOAD;

/// The variable that makes the test binary a function.
pub(crate) const MARK: &str = "LOCAL_TEST_FUNCTION";
/// The test that is the function, by its path.
pub(crate) const TEST: &str = "testing::child::a_function";

/// Does nothing in a test run.
#[tokio::test]
async fn a_function() {
    if env::var_os(MARK).is_some() {
        run().await;
    }
}

/// Makes one HTTP exchange; returns headers and body of the answer.
async fn call(request: RequestBuilder) -> (HeaderMap, Bytes) {
    let exchange = async {
        let answer = request.send().await?;
        let headers = answer.headers().clone();
        Ok::<_, reqwest::Error>((headers, answer.bytes().await?))
    };
    match exchange.await {
        Ok(answer) => answer,
        // The local cloud is gone: so is this function, as with the real runtime.
        Err(_) => std::process::exit(1),
    }
}

async fn run() {
    let client = Client::builder().no_proxy().build().unwrap();
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let url = |path: &str| format!("http://{api}/2018-06-01/runtime/{path}");
    let post = async |path: &str, body: Vec<u8>| {
        call(client.post(url(path)).body(body)).await;
    };
    match env::var("START").as_deref() {
        Ok("exit") => {
            eprintln!("first line\nTABLE is missing");
            std::process::exit(3);
        }
        Ok("init-error") => {
            let error = json!({"errorMessage": "no table", "errorType": "Init"});
            post("init/error", error.to_string().into()).await;
            sleep(Duration::from_secs(60)).await;
        }
        // Never asks for a request.
        Ok("hang") => sleep(Duration::from_secs(60)).await,
        _ => {}
    }
    loop {
        let (headers, event) = call(client.get(url("invocation/next"))).await;
        let header = |name: &str| {
            let value = headers.get(name).map(|it| it.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let id = header("lambda-runtime-aws-request-id");
        let event: Value = serde_json::from_slice(&event).unwrap();
        let answer = async |body: Vec<u8>| post(&format!("invocation/{id}/response"), body).await;
        let query = &event["queryStringParameters"]["do"];
        match event["do"].as_str().or(query.as_str()).unwrap_or_default() {
            "exit" => {
                eprintln!("last words");
                std::process::exit(3);
            }
            "abort" => std::process::abort(),
            "sleep" => {
                let ms = event["ms"].as_u64().unwrap_or(60_000);
                sleep(Duration::from_millis(ms)).await;
                answer(std::process::id().to_string().into()).await;
            }
            "error" => {
                let error = json!({"errorMessage": "sorry", "errorType": "Sorry"});
                let path = format!("invocation/{id}/error");
                post(&path, error.to_string().into()).await;
            }
            "huge" => answer(vec![b'1'; MAX_PAYLOAD + 1]).await,
            "silent" => {}
            "answer-and-exit" => {
                answer(b"\"bye\"".to_vec()).await;
                std::process::exit(0);
            }
            "print" => {
                println!("to stdout");
                eprintln!("to stderr");
                answer(b"null".to_vec()).await;
            }
            "respond" => {
                let with = &event["queryStringParameters"]["with"];
                answer(with.as_str().unwrap().into()).await;
            }
            _ if event.get("Records").is_some() || event.get("detail-type").is_some() => {
                eprintln!("event {event}");
                match handle(&event) {
                    Some(response) => answer(response.to_string().into()).await,
                    None => {
                        let error = json!({"errorMessage": "sorry", "errorType": "Sorry"});
                        let path = format!("invocation/{id}/error");
                        post(&path, error.to_string().into()).await;
                    }
                }
            }
            _ if event.get("Step").is_some() => {
                rotate(&client, &event).await;
                answer(b"null".to_vec()).await;
            }
            _ => {
                let variables: Vec<String> = env::vars().map(|(name, _)| name).collect();
                let echo = json!({
                    "pid": std::process::id(),
                    "event": event,
                    "deadline": header("lambda-runtime-deadline-ms"),
                    "arn": header("lambda-runtime-invoked-function-arn"),
                    "trace": header("lambda-runtime-trace-id"),
                    "requestId": id,
                    "variables": variables,
                });
                answer(echo.to_string().into()).await;
            }
        }
    }
}

/// Handles records as the objects' keys, or the items' attribute `do`, say: `error` fails all,
/// `item` reports that record. Returns the answer, unless it fails.
fn handle(event: &Value) -> Option<Value> {
    let records = event["Records"].as_array().cloned().unwrap_or_default();
    let mut failures = Vec::new();
    for record in records {
        let key = record["s3"]["object"]["key"].as_str();
        let wish = record["dynamodb"]["NewImage"]["do"]["S"].as_str();
        match key.and_then(|it| it.rsplit('/').next()).or(wish) {
            Some("error") => return None,
            Some("item") => {
                let number = &record["dynamodb"]["SequenceNumber"];
                failures.push(json!({ "itemIdentifier": number }));
            }
            _ => {}
        }
    }
    Some(json!({ "batchItemFailures": failures }))
}

/// Takes one of the four steps of a rotation that puts its token in as the new value.
async fn rotate(client: &Client, event: &Value) {
    let url = env::var("AWS_ENDPOINT_URL_SECRETS_MANAGER").unwrap();
    let (secret, token) = (&event["SecretId"], &event["ClientRequestToken"]);
    let ask = async |action: &str, input: Value| -> Value {
        let request = client
            .post(&url)
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header("authorization", super::operator())
            .body(input.to_string());
        serde_json::from_slice(&call(request).await.1).unwrap()
    };
    let described = ask("DescribeSecret", json!({ "SecretId": secret })).await;
    let stages = described["VersionIdsToStages"].clone();
    assert!(stages.get(token.as_str().unwrap()).is_some(), "{stages}");
    match event["Step"].as_str().unwrap() {
        "createSecret" => {
            ask(
                "PutSecretValue",
                json!({
                    "SecretId": secret,
                    "ClientRequestToken": token,
                    "SecretString": token,
                    "VersionStages": ["AWSPENDING"],
                }),
            )
            .await;
        }
        "finishSecret" => {
            let current = stages
                .as_object()
                .unwrap()
                .iter()
                .find(|(_, stages)| stages.as_array().unwrap().contains(&json!("AWSCURRENT")));
            ask(
                "UpdateSecretVersionStage",
                json!({
                    "SecretId": secret,
                    "VersionStage": "AWSCURRENT",
                    "MoveToVersionId": token,
                    "RemoveFromVersionId": current.map(|(id, _)| id),
                }),
            )
            .await;
        }
        _ => {}
    }
}
