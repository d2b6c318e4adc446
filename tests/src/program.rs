//! The program that `cargo run` starts, as a process of its own.

use std::path::PathBuf;
use std::time::Duration;

use local::Profile;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{build_once, send_signal};

/// How long a shop may take from its start to its ready file, demo included.
const START: Duration = Duration::from_secs(120);
/// How long it may take to end.
const END: Duration = Duration::from_secs(30);

/// A shop that was started as a newcomer starts it.
pub struct Program {
    process: Child,
    folder: PathBuf,
    /// What its ready file says.
    pub ready: Value,
}

impl Program {
    /// Starts a shop on free ports with these arguments, and waits until it is open.
    pub async fn start(arguments: &[&str]) -> Self {
        let name = format!(
            "tests-program-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let ready_file = folder.join("ready.json");
        let file = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
        let errors = || std::fs::read_to_string(folder.join("errors")).unwrap();
        let mut process = command()
            .args(["--port", "0", "--ready-file"])
            .arg(&ready_file)
            .args(arguments)
            .stdout(file("output"))
            .stderr(file("errors"))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let open = tokio::time::timeout(START, async {
            loop {
                if let Ok(text) = std::fs::read(&ready_file) {
                    break serde_json::from_slice(&text).unwrap();
                }
                if let Some(status) = process.try_wait().unwrap() {
                    panic!("the shop ended before it was open: {status}\n{}", errors());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let ready = open.await;
        let ready = ready.unwrap_or_else(|_| panic!("the shop opens in time\n{}", errors()));
        Self {
            process,
            folder,
            ready,
        }
    }

    /// Runs the program where it can't start, and returns what it says of that.
    pub async fn refused(arguments: &[&str]) -> String {
        let run = command().args(arguments).kill_on_drop(true).output();
        let run = tokio::time::timeout(END, run).await;
        let output = run.expect("it ends at once").unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns an address of the ready file.
    pub fn url(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// Returns what it printed so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.folder.join("output")).unwrap()
    }

    /// Tells it to end, as Ctrl-C does, and waits until it has. Returns whether the ready file
    /// is gone.
    pub async fn stop(mut self) -> bool {
        send_signal(self.process.id().expect("it runs"), "INT");
        let ended = tokio::time::timeout(END, self.process.wait()).await;
        assert!(ended.expect("the shop ends in time").unwrap().success());
        let is_gone = !self.folder.join("ready.json").exists();
        std::fs::remove_dir_all(&self.folder).unwrap();
        is_gone
    }
}

fn command() -> Command {
    build_once();
    Command::new(local::function_binary(Profile::Dev, "local"))
}
