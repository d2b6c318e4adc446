//! Functions that behave and functions that don't, as real processes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod crash;

use serde_json::{Value, json};

use super::*;
use crate::testing::{function, launch, runtime};

const WAIT: Duration = Duration::from_secs(25);

async fn ask(runtime: &Runtime, event: Value) -> Result<Value, InvokeError> {
    let payload = Bytes::from(event.to_string());
    let answer = runtime.invoke("echo", payload, None, WAIT).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

fn echo() -> Launch {
    launch(function("echo"), &[])
}

#[tokio::test]
async fn a_warm_process_is_used_again_and_is_told_what_lambda_tells() {
    let (runtime, _) = runtime(vec![echo()], 4);
    let first = ask(&runtime, json!({"n": 1})).await.unwrap();
    let second = ask(&runtime, json!({"n": 2})).await.unwrap();
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!(runtime.pids("echo").len(), 1);
    assert_eq!(second["event"], json!({"n": 2}));
    assert_ne!(first["requestId"], second["requestId"]);
    assert_eq!(
        first["arn"],
        "arn:aws:lambda:eu-central-1:000000000000:function:stack-echo"
    );
    assert!(first["trace"].as_str().unwrap().starts_with("Root=1-"));
    let deadline: i64 = first["deadline"].as_str().unwrap().parse().unwrap();
    assert!(deadline > crate::clock::now().unix_timestamp() * 1000);

    // Nothing of this machine's environment is inherited.
    let variables: Vec<&str> = first["variables"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(variables.contains(&"FROM_TEMPLATE"));
    assert!(variables.contains(&"AWS_LAMBDA_RUNTIME_API"));
    assert!(!variables.contains(&"HOME"), "{variables:?}");
    runtime.stop().await;
    assert!(runtime.pids("echo").is_empty());
}

#[tokio::test]
async fn requests_at_once_have_a_process_each_up_to_the_limit() {
    let (runtime, _) = runtime(vec![echo()], 3);
    let sleep = || ask(&runtime, json!({"do": "sleep", "ms": 300}));
    let (a, b, c, d) = tokio::join!(sleep(), sleep(), sleep(), sleep());
    let mut pids = [a, b, c, d]
        .map(|it| it.unwrap().as_u64().unwrap())
        .to_vec();
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 3, "the fourth request waited for one of three");
    assert_eq!(runtime.pids("echo").len(), 3);
    runtime.stop().await;
}

#[tokio::test]
async fn a_request_that_finds_no_free_process_in_time_is_told_so() {
    let (runtime, _) = runtime(vec![echo()], 1);
    let slow = ask(&runtime, json!({"do": "sleep", "ms": 1500}));
    let hasty = async {
        // The slow one must have its process first.
        while runtime.pids("echo").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let payload = Bytes::from_static(b"{}");
        runtime
            .invoke("echo", payload, None, Duration::from_millis(10))
            .await
    };
    let (slow, hasty) = tokio::join!(slow, hasty);
    assert!(slow.is_ok());
    assert_eq!(
        hasty,
        Err(InvokeError::Busy {
            function: "echo".into()
        })
    );
    runtime.stop().await;
}

#[tokio::test]
async fn reserved_concurrency_refuses_at_once_and_zero_switches_a_function_off() {
    for (reserved, at_once) in [(0, false), (1, true)] {
        let mut limited = function("echo");
        limited.reserved_concurrency = Some(reserved);
        let (runtime, _) = runtime(vec![launch(limited, &[])], 4);
        let sleep = || ask(&runtime, json!({"do": "sleep", "ms": 200}));
        let (first, second) = tokio::join!(sleep(), sleep());
        assert_eq!(first.is_ok(), at_once);
        assert_eq!(
            second,
            Err(InvokeError::Throttled {
                function: "echo".into()
            })
        );
        // What was reserved is free again.
        assert_eq!(ask(&runtime, json!({})).await.is_ok(), at_once);
        runtime.stop().await;
    }
}

#[tokio::test]
async fn a_process_that_ends_in_a_request_fails_that_request_only() {
    let (runtime, logs) = runtime(vec![echo()], 4);
    for (how, expected) in [("exit", "exit status: 3"), ("abort", "signal: 6")] {
        let error = ask(&runtime, json!({"do": how})).await.unwrap_err();
        let InvokeError::Crashed { reason, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(reason.contains(expected), "{reason}");
        assert!(ask(&runtime, json!({})).await.is_ok(), "after {how}");
    }
    let logged = logs.lines().join("\n");
    assert!(logged.contains("exit status: 3): last words"), "{logged}");
    runtime.stop().await;
}

#[tokio::test]
async fn a_process_that_is_killed_while_idle_is_replaced() {
    let (runtime, _) = runtime(vec![echo()], 4);
    let pid = ask(&runtime, json!({})).await.unwrap()["pid"].clone();
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
    // Until the system has ended it, it could still be given a request.
    while !runtime.pids("echo").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = ask(&runtime, json!({})).await.unwrap();
    assert_ne!(next["pid"], pid);
    runtime.stop().await;
}

#[tokio::test]
async fn a_process_that_takes_too_long_is_killed() {
    let mut hasty = function("echo");
    hasty.timeout = Duration::from_secs(1);
    let (runtime, logs) = runtime(vec![launch(hasty, &[])], 4);
    let error = ask(&runtime, json!({"do": "sleep"})).await.unwrap_err();
    assert_eq!(error.to_string(), "echo timed out after 1.00 seconds");
    assert!(runtime.pids("echo").is_empty());
    assert!(logs.lines().contains(&format!("echo: {error}")));
    assert!(ask(&runtime, json!({})).await.is_ok());
    runtime.stop().await;
}

#[tokio::test]
async fn a_reported_error_keeps_the_process() {
    let (runtime, _) = runtime(vec![echo()], 4);
    let error = ask(&runtime, json!({"do": "error"})).await.unwrap_err();
    let payload: Value = serde_json::from_slice(&error.function_error().unwrap()).unwrap();
    assert_eq!(
        payload,
        json!({"errorMessage": "sorry", "errorType": "Sorry"})
    );
    assert_eq!(runtime.pids("echo").len(), 1);
    runtime.stop().await;
}

#[tokio::test]
async fn what_breaks_the_runtime_api_is_an_error_and_not_a_hang() {
    let (runtime, _) = runtime(vec![echo()], 4);
    let error = ask(&runtime, json!({"do": "silent"})).await.unwrap_err();
    assert!(matches!(error, InvokeError::Crashed { .. }), "{error:?}");
    let error = ask(&runtime, json!({"do": "huge"})).await.unwrap_err();
    assert!(
        matches!(error, InvokeError::ResponseTooLarge { .. }),
        "{error:?}"
    );
    let bye = ask(&runtime, json!({"do": "answer-and-exit"})).await;
    assert_eq!(
        bye,
        Ok(json!("bye")),
        "an answer counts although the process ended"
    );
    assert!(ask(&runtime, json!({})).await.is_ok());
    let huge = Bytes::from(vec![b'1'; MAX_PAYLOAD + 1]);
    let refused = runtime.invoke("echo", huge, None, WAIT).await;
    assert_eq!(refused, Err(InvokeError::TooLarge));
    runtime.stop().await;
}

#[tokio::test]
async fn a_function_that_does_not_start_says_why() {
    for (how, expected) in [
        (
            "exit",
            "its process ended (exit status: 3): TABLE is missing",
        ),
        ("init-error", "no table"),
    ] {
        let (runtime, _) = runtime(vec![launch(function("echo"), &[("START", how)])], 4);
        let error = ask(&runtime, json!({})).await.unwrap_err();
        let InvokeError::Init { reason, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(runtime.warm().await, Err(error));
        assert!(runtime.pids("echo").is_empty());
    }

    let mut missing = echo();
    missing.program = "/nowhere/echo".into();
    let (runtime, _) = runtime(vec![missing], 4);
    let error = ask(&runtime, json!({})).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/echo cannot be run"), "{error}");
}

#[tokio::test]
async fn what_a_function_prints_is_in_the_log_under_its_name() {
    let (runtime, logs) = runtime(vec![echo()], 4);
    ask(&runtime, json!({"do": "print"})).await.unwrap();
    runtime.stop().await;
    for expected in ["echo: to stdout", "echo: to stderr"] {
        while !logs.lines().iter().any(|line| line == expected) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_function_is_found_by_each_of_its_names() {
    let (runtime, _) = runtime(vec![echo()], 1);
    for name in [
        "echo",
        "stack-echo",
        "echo-id",
        "echo:$LATEST",
        "arn:aws:lambda:eu-central-1:000000000000:function:stack-echo",
        "arn:aws:lambda:eu-central-1:000000000000:function:stack-echo:$LATEST",
    ] {
        assert!(runtime.function(name).is_ok(), "{name}");
    }
    let unknown = runtime.function("other").unwrap_err();
    assert_eq!(unknown, InvokeError::UnknownFunction("other".into()));
}

#[tokio::test]
async fn stopping_ends_processes_in_the_middle_of_a_request() {
    let (runtime, _) = runtime(vec![echo()], 4);
    let running = {
        let runtime = Arc::clone(&runtime);
        tokio::spawn(async move { ask(&runtime, json!({"do": "sleep"})).await })
    };
    while runtime.pids("echo").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runtime.stop().await;
    assert_eq!(running.await.unwrap(), Err(InvokeError::Stopping));
    assert!(runtime.pids("echo").is_empty());
}

#[tokio::test]
async fn an_instance_with_a_wrong_clock_is_given_its_deadline_by_that_clock() {
    const MINUTE: i64 = 60_000;
    let variation = |remainder, clock_ahead| Variation {
        function: "echo".into(),
        every: 3,
        remainder,
        variables: BTreeMap::new(),
        clock_ahead,
    };
    let mut varied = echo();
    varied.variations = vec![variation(2, 5 * MINUTE), variation(0, -5 * MINUTE)];
    let (runtime, _) = runtime(vec![varied], 1);
    for ahead in [0, 5 * MINUTE, -5 * MINUTE, 0] {
        let now = crate::clock::now().unix_timestamp() * 1000;
        // The second time it is a used one.
        for _ in 0..2 {
            let answer = ask(&runtime, json!({})).await.unwrap();
            let deadline: i64 = answer["deadline"].as_str().unwrap().parse().unwrap();
            assert!((0..MINUTE).contains(&(deadline - now - ahead)), "{ahead}");
        }
        runtime.kill_at_next("echo");
        ask(&runtime, json!({})).await.unwrap_err();
    }
    runtime.stop().await;
}

#[tokio::test]
async fn some_instances_have_more_in_their_environment() {
    let mut varied = echo();
    varied.variations = vec![Variation {
        function: "echo".into(),
        every: 3,
        remainder: 2,
        variables: BTreeMap::from([("CLOCK".into(), "late".into())]),
        clock_ahead: 0,
    }];
    let (runtime, _) = runtime(vec![varied], 1);
    let mut nth = Vec::new();
    for _ in 0..5 {
        let answer = ask(&runtime, json!({})).await.unwrap();
        nth.push(
            answer["variables"]
                .as_array()
                .unwrap()
                .contains(&json!("CLOCK")),
        );
        runtime.kill_at_next("echo");
        ask(&runtime, json!({})).await.unwrap_err();
    }
    assert_eq!(nth, [false, true, false, false, true]);
    runtime.end_variations();
    for _ in 0..3 {
        let answer = ask(&runtime, json!({})).await.unwrap();
        let variables = answer["variables"].as_array().unwrap();
        assert!(!variables.contains(&json!("CLOCK")));
        runtime.kill_at_next("echo");
        ask(&runtime, json!({})).await.unwrap_err();
    }
    runtime.stop().await;
}
