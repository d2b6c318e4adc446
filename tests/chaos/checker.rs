//! Hands a run to the checker, which judges it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::Run;

/// What the checker says of a run.
pub(crate) struct Verdict {
    /// What does not hold: the invariant's number and a sentence.
    pub(crate) violations: Vec<(String, String)>,
    /// How many things were looked at for each invariant.
    pub(crate) judged: BTreeMap<String, u64>,
    /// Where the run is kept, if it is.
    pub(crate) kept: Option<PathBuf>,
}

/// Lets the checker judge a run. The run is kept where the caller wishes, and in any case if
/// something does not hold.
pub(crate) fn judge(run: &Run, keep: Option<&Path>) -> Verdict {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut line = run.json.to_string();
    line.push('\n');
    let mut checker = Command::new("python3")
        .arg(root.join("checker/check.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python 3 runs the checker");
    let mut input = checker.stdin.take().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    drop(input);
    let output = checker.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let verdict: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("the checker judges the run: {error}\n{text}"));
    let violations = verdict["violations"].as_array().unwrap().iter();
    let violations: Vec<_> = violations
        .map(|it| {
            let member = |name: &str| it[name].as_str().unwrap().to_owned();
            (member("invariant"), member("text"))
        })
        .collect();
    // It says twice whether all holds.
    assert_eq!(output.status.success(), violations.is_empty(), "{text}");
    let kept = keep.map(Path::to_owned);
    let kept = kept.or_else(|| {
        let name = format!("chaos-run-{}.jsonl", std::process::id());
        let file = root.join("../target").join(name);
        (!violations.is_empty()).then_some(file)
    });
    if let Some(file) = &kept {
        std::fs::write(file, &line).unwrap();
    }
    let judged = verdict["judged"].as_object().unwrap().iter();
    Verdict {
        violations,
        judged: judged
            .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
            .collect(),
        kept,
    }
}
