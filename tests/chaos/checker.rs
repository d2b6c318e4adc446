//! Hands a run to the checker, which judges it.

use std::path::{Path, PathBuf};

use tests::{Checker, Verdict};

use crate::run::Run;

/// A run as it was judged.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// Where the run is kept, if it is.
    pub(crate) kept: Option<PathBuf>,
}

/// Lets the checker judge a run. The run is kept where the caller wishes, and in any case if
/// something does not hold.
pub(crate) fn judge(run: &Run, keep: Option<&Path>) -> Judged {
    let line = run.json.to_string();
    let mut checker = Checker::start();
    let verdict = checker.judge(&line);
    let all_holds = verdict.violations.is_empty();
    // It says twice whether all holds.
    assert_eq!(checker.end(), all_holds);
    let kept = keep.map(Path::to_owned);
    let kept = kept.or_else(|| {
        let name = format!("chaos-run-{}.jsonl", std::process::id());
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        (!all_holds).then(|| target.join(name))
    });
    if let Some(file) = &kept {
        std::fs::write(file, format!("{line}\n")).unwrap();
    }
    Judged { verdict, kept }
}
