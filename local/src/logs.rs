//! Where the functions' output goes: CloudWatch's place on a laptop.

mod terse;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use terse::terse;

/// How many lines are kept in memory; the oldest go first.
const KEPT: usize = 100_000;

/// Where to write log lines.
#[derive(Debug, Clone, Default)]
pub enum LogSink {
    /// The local cloud's own standard error, each line as the function wrote it.
    #[default]
    Stderr,
    /// The local cloud's own standard error, shortened and made safe for a terminal.
    Terminal,
    /// A file, appended to.
    File(PathBuf),
    /// A list that [`Cloud::logs`](crate::Cloud::logs) returns, for tests.
    Memory,
}

/// An open log; clones write to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Logs(Arc<Target>);

#[derive(Debug)]
enum Target {
    Stderr,
    Terminal,
    File(Mutex<File>),
    Memory(Mutex<VecDeque<String>>),
}

impl Logs {
    pub(crate) fn open(sink: &LogSink) -> io::Result<Self> {
        Ok(Self(Arc::new(match sink {
            LogSink::Stderr => Target::Stderr,
            LogSink::Terminal => Target::Terminal,
            LogSink::File(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                Target::File(Mutex::new(file))
            }
            LogSink::Memory => Target::Memory(Mutex::new(VecDeque::new())),
        })))
    }

    /// Writes one line as `source: line`. A log that can't be written must not stop the shop.
    pub(crate) fn line(&self, source: &str, line: &str) {
        match self.0.as_ref() {
            Target::Stderr => {
                let _ = writeln!(io::stderr().lock(), "{source}: {line}");
            }
            Target::Terminal => {
                let _ = writeln!(io::stderr().lock(), "{}", terse(source, line));
            }
            Target::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(file, "{source}: {line}");
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

    /// The lines so far, if they are kept in memory.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self.0.as_ref() {
            Target::Memory(lines) => {
                let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.iter().cloned().collect()
            }
            Target::Stderr | Target::Terminal | Target::File(_) => Vec::new(),
        }
    }
}
