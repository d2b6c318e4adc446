//! Signals to the processes of functions.

/// Sends a signal to a process that this test's shop started.
pub fn send_signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}
