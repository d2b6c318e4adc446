//! A function for tests. It is the test binary itself, told by an environment variable to be a
//! function: a program that speaks the Runtime API over plain sockets, and misbehaves on demand.

#![allow(
    clippy::disallowed_methods,
    reason = "a process of its own that is to be slow on demand"
)]

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

/// The variable that makes the test binary a function.
pub(crate) const MARK: &str = "LOCAL_TEST_FUNCTION";
/// The test that is the function, by its path.
pub(crate) const TEST: &str = "testing::child::a_function";

/// Does nothing in a test run.
#[test]
fn a_function() {
    if env::var_os(MARK).is_some() {
        run();
    }
}

/// One HTTP exchange: head and body of the answer.
fn call(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
    let Ok(mut stream) = TcpStream::connect(address) else {
        // The local cloud is gone: so is this function, as with the real runtime.
        std::process::exit(1);
    };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    let mut answer = Vec::new();
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    if sent.and_then(|()| stream.read_to_end(&mut answer)).is_err() || answer.is_empty() {
        std::process::exit(1);
    }
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    (head, answer[end + 4..].to_vec())
}

fn run() {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let post = |path: &str, body: &[u8]| {
        call(
            &api,
            "POST",
            &format!("/2018-06-01/runtime/{path}"),
            "",
            body,
        );
    };
    match env::var("START").as_deref() {
        Ok("exit") => {
            eprintln!("first line\nTABLE is missing");
            std::process::exit(3);
        }
        Ok("init-error") => {
            post(
                "init/error",
                br#"{"errorMessage":"no table","errorType":"Init"}"#,
            );
            sleep(Duration::from_secs(60));
        }
        // Never asks for a request.
        Ok("hang") => sleep(Duration::from_secs(60)),
        _ => {}
    }
    loop {
        let (head, event) = call(&api, "GET", "/2018-06-01/runtime/invocation/next", "", b"");
        let header = |name: &str| {
            let line = head
                .split("\r\n")
                .find_map(|line| line.strip_prefix(&format!("{name}: ")));
            line.unwrap_or_default().to_owned()
        };
        let id = header("lambda-runtime-aws-request-id");
        let event: Value = serde_json::from_slice(&event).unwrap();
        let answer = |body: &[u8]| post(&format!("invocation/{id}/response"), body);
        let query = &event["queryStringParameters"]["do"];
        match event["do"].as_str().or(query.as_str()).unwrap_or_default() {
            "exit" => {
                eprintln!("last words");
                std::process::exit(3);
            }
            "abort" => std::process::abort(),
            "sleep" => {
                sleep(Duration::from_millis(
                    event["ms"].as_u64().unwrap_or(60_000),
                ));
                answer(std::process::id().to_string().as_bytes());
            }
            "error" => post(
                &format!("invocation/{id}/error"),
                br#"{"errorMessage":"sorry","errorType":"Sorry"}"#,
            ),
            "huge" => answer(&vec![b'1'; crate::MAX_PAYLOAD + 1]),
            "silent" => {}
            "answer-and-exit" => {
                answer(b"\"bye\"");
                std::process::exit(0);
            }
            "print" => {
                println!("to stdout");
                eprintln!("to stderr");
                answer(b"null");
            }
            "respond" => answer(
                event["queryStringParameters"]["with"]
                    .as_str()
                    .unwrap()
                    .as_bytes(),
            ),
            _ if event.get("Step").is_some() => {
                rotate(&event);
                answer(b"null");
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
                answer(echo.to_string().as_bytes());
            }
        }
    }
}

/// The four steps of a rotation function that puts the rotation's token in as the new value.
fn rotate(event: &Value) {
    let url = env::var("AWS_ENDPOINT_URL_SECRETS_MANAGER").unwrap();
    let address = url.strip_prefix("http://").unwrap();
    let (secret, token) = (&event["SecretId"], &event["ClientRequestToken"]);
    let ask = |action: &str, input: Value| -> Value {
        let headers = format!(
            "x-amz-target: secretsmanager.{action}\r\nauthorization: {}\r\n",
            super::operator()
        );
        let (_, answer) = call(address, "POST", "/", &headers, input.to_string().as_bytes());
        serde_json::from_slice(&answer).unwrap()
    };
    let stages = ask("DescribeSecret", json!({ "SecretId": secret }))["VersionIdsToStages"].clone();
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
            );
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
            );
        }
        _ => {}
    }
}
