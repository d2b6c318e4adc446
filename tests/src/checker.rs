//! The checker, a program of its own, which shares no code with the shop, and what it reads.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cloud::Change;
use serde_json::{Value, json};

/// The invariants that are judged, as the checker calls them.
const INVARIANTS: [&str; 9] = ["I1", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10"];

/// Returns the invariants for which nothing was looked at, by how much was for each.
pub fn unjudged(judged: &BTreeMap<String, u64>) -> impl Iterator<Item = &'static str> {
    let never = |name: &&str| judged.get(*name).is_none_or(|count| *count == 0);
    INVARIANTS.into_iter().filter(never)
}

/// A running checker, which judges one run after the other.
pub struct Checker {
    process: Child,
    runs: Option<ChildStdin>,
    verdicts: BufReader<ChildStdout>,
}

/// What the checker says of a run.
pub struct Verdict {
    pub violations: Vec<Violation>,
    /// How many things were looked at for each invariant.
    pub judged: BTreeMap<String, u64>,
}

/// Something that does not hold.
pub struct Violation {
    pub invariant: String,
    pub sentence: String,
    /// The numbers of the sends and of the commits that it is about, as JSON.
    pub places: String,
}

impl Checker {
    pub fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("checker/check.py");
        let mut process = Command::new("python3")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python 3 runs the checker");
        Self {
            runs: process.stdin.take(),
            verdicts: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    /// Judges a run.
    pub fn judge(&mut self, run: &str) -> Verdict {
        let runs = self.runs.as_mut().unwrap();
        writeln!(runs, "{run}")
            .and_then(|()| runs.flush())
            .expect("the checker reads");
        let mut text = String::new();
        self.verdicts.read_line(&mut text).unwrap();
        let verdict: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("the checker judges the run: {error}\n{text}"));
        let violations = verdict["violations"].as_array().unwrap().iter();
        let judged = verdict["judged"].as_object().unwrap().iter();
        Verdict {
            violations: violations.map(Violation::read).collect(),
            judged: judged
                .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
                .collect(),
        }
    }

    /// Ends it, and returns whether it says that all held in all runs.
    pub fn end(mut self) -> bool {
        drop(self.runs.take());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        drop(self.runs.take());
        let _ = self.process.wait();
    }
}

impl Violation {
    fn read(told: &Value) -> Self {
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Self {
            invariant: text("invariant"),
            sentence: text("text"),
            places: format!("sends {}, commits {}", told["sends"], told["commits"]),
        }
    }
}

/// Writes a change down as the checker reads it: when it was in milliseconds of the run, and what
/// the table is called.
pub fn commit(change: &Change, at: u64, table: &str) -> Value {
    json!({
        "commit": change.commit, "at": at,
        "by": change.caller.as_deref().unwrap_or("operator"), "table": table,
        "key": change.item.attributes(), "before": change.before, "after": change.after,
    })
}
