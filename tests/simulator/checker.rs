//! The checker, a program of its own, which shares no code with the shop.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running checker, which judges one run after the other.
pub(crate) struct Checker {
    process: Child,
    runs: Option<ChildStdin>,
    verdicts: BufReader<ChildStdout>,
}

impl Checker {
    pub(crate) fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("checker/check.py");
        let mut process = Command::new("python3")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        Self {
            runs: process.stdin.take(),
            verdicts: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    /// Judges a run.
    pub(crate) fn judge(&mut self, run: &str) -> Value {
        let runs = self.runs.as_mut().expect("a pipe");
        writeln!(runs, "{run}")
            .and_then(|()| runs.flush())
            .expect("the checker reads");
        let mut verdict = String::new();
        self.verdicts
            .read_line(&mut verdict)
            .expect("the checker answers");
        serde_json::from_str(&verdict).expect("the checker gives a verdict")
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        drop(self.runs.take());
        // It ends when there is nothing more to read.
        let _ = self.process.wait();
    }
}
