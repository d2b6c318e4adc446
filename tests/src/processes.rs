//! Signals to the processes of functions.

use std::process::{Command, Stdio};

/// Sends a signal to a process that this test's shop started.
pub fn send_signal(pid: u32, name: &str) {
    assert!(try_signal(pid, name), "{pid} is there for {name}");
}

/// Sends a signal to a process that this test's shop started and that may just have ended.
/// Returns whether it was there.
pub fn try_signal(pid: u32, name: &str) -> bool {
    let sent = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.unwrap().success()
}
