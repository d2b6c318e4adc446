//! Logs: where the functions' output goes, in place of CloudWatch.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines are kept in memory; the oldest go first.
const KEPT: usize = 100_000;

/// Where to write log lines.
#[derive(Debug, Clone)]
pub enum LogSink {
    /// The local cloud's own standard error, each line as the function wrote it.
    Stderr,
    /// The local cloud's own standard error, each line as this formats it from the function's
    /// name and the line that it wrote.
    Formatted(fn(&str, &str) -> String),
    /// A list that `Cloud::logs` returns, for tests.
    Memory,
}

/// An open log; clones write to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Logs(Arc<Target>);

#[derive(Debug)]
enum Target {
    Stderr,
    Formatted(fn(&str, &str) -> String),
    Memory(Mutex<VecDeque<String>>),
}

impl Logs {
    pub(crate) fn new(sink: &LogSink) -> Self {
        Self(Arc::new(match sink {
            LogSink::Stderr => Target::Stderr,
            LogSink::Formatted(format) => Target::Formatted(*format),
            LogSink::Memory => Target::Memory(Mutex::default()),
        }))
    }

    /// Writes one line as `source: line`. A log that can't be written must stop nothing else.
    pub(crate) fn line(&self, source: &str, line: &str) {
        match self.0.as_ref() {
            Target::Stderr => {
                let _ = writeln!(io::stderr().lock(), "{source}: {line}");
            }
            Target::Formatted(format) => {
                let _ = writeln!(io::stderr().lock(), "{}", format(source, line));
            }
            Target::Memory(lines) => {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.len() == KEPT {
                    lines.pop_front();
                }
                lines.push_back(format!("{source}: {line}"));
            }
        }
    }

    /// Returns the lines so far, if they are kept in memory.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self.0.as_ref() {
            Target::Memory(lines) => {
                let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.iter().cloned().collect()
            }
            Target::Stderr | Target::Formatted(_) => Vec::new(),
        }
    }
}
