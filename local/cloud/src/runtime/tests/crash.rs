//! Processes that are killed at a given point.

use super::*;

fn crashed() -> Result<Value, InvokeError> {
    Err(InvokeError::Crashed {
        function: "echo".into(),
        reason: "it was killed".into(),
    })
}

#[tokio::test]
async fn a_process_that_has_a_request_is_gone_once_it_was_killed() {
    let (runtime, _) = runtime(vec![echo()], 4);
    assert!(!runtime.kill_busy("echo").await);
    ask(&runtime, json!({})).await.unwrap();
    // An idle one has nothing to lose.
    assert!(runtime.is_idle());
    assert!(!runtime.kill_busy("echo").await);
    let pid = runtime.pids("echo")[0];
    let killer = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!runtime.is_idle());
        assert!(runtime.kill_busy("echo").await);
        let signal = std::process::Command::new("kill")
            .args(["-0", &pid.to_string()])
            .stderr(std::process::Stdio::null())
            .status();
        assert!(!signal.unwrap().success(), "nobody has this number");
        assert!(runtime.pids("echo").is_empty());
    };
    let (answer, ()) = tokio::join!(ask(&runtime, json!({"do": "sleep"})), killer);
    assert_eq!(answer, crashed());
    ask(&runtime, json!({})).await.unwrap();
    runtime.stop().await;
}

#[tokio::test]
async fn an_answer_is_told_to_nobody_if_the_process_is_to_die_first() {
    let (runtime, _) = runtime(vec![echo()], 4);
    ask(&runtime, json!({})).await.unwrap();
    let pids = runtime.pids("echo");
    runtime.kill_at_next("echo");
    assert!(runtime.is_kill_due("echo"));
    assert_eq!(ask(&runtime, json!({})).await, crashed());
    assert!(!runtime.is_kill_due("echo"));
    let next = ask(&runtime, json!({})).await.unwrap();
    assert_ne!(next["pid"], pids[0]);
    runtime.stop().await;
}

#[tokio::test]
async fn a_process_that_starts_can_be_killed() {
    let hangs = launch(function("echo"), &[("START", "hang")]);
    let (runtime, _) = runtime(vec![hangs], 4);
    let killer = async {
        while runtime.pids("echo").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(runtime.kill_busy("echo").await);
    };
    let (answer, ()) = tokio::join!(ask(&runtime, json!({})), killer);
    let killed = InvokeError::Init {
        function: "echo".into(),
        reason: "it was killed".into(),
    };
    assert_eq!(answer, Err(killed));
}
