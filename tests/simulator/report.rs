//! What many seeds came to.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use tests::{Verdict, unjudged};

/// How wide the progress bar is.
const BAR: usize = 30;

/// The fewest operations and faults of a seed.
const LEAST: (u64, u64) = (30, 2);
/// After how many seeds each invariant must have been judged.
const SOME: u64 = 100;
/// What must have happened after so many seeds.
const MANY: u64 = 2000;
const EXPECTED: [&str; 47] = [
    "orders that their customer cancelled",
    "cancellations that were refused",
    "changes of stock",
    "changes of stock that were sent again",
    "changes of stock below zero",
    "stale edits of products",
    "orders moved by the staff: processing",
    "orders moved by the staff: shipped",
    "orders moved by the staff: delivered",
    "orders moved by the staff: cancelled",
    "orders moved by the staff: refunded",
    "orders moved by the staff: invalid-transition",
    "orders moved by the staff: conflict",
    "orders moved by the staff: forbidden",
    "carts that are nearly full",
    "lines of carts that were refused: not sold",
    "lines of carts that were refused: one too many",
    "processes that took too long",
    "orders by a clock that is minutes off",
    "keys that another person had used, too",
    "fault: 500 after the effect",
    "fault: 500 before the effect",
    "fault: answer lost",
    "fault: batch done by half",
    "fault: clock minutes off",
    "fault: clock seconds off",
    "fault: conflict",
    "fault: conflict on some of the items",
    "fault: connection reset after the effect",
    "fault: connection reset before the effect",
    "fault: crash after a call",
    "fault: crash before a call",
    "fault: crash before the answer",
    "fault: duplicate delivery",
    "fault: effect after the time-out",
    "fault: late delivery",
    "fault: older state read",
    "fault: process stands still",
    "fault: slow",
    "fault: throttled",
    "fault: time-out after the effect",
    "fault: torn reads",
    "fault: transaction throttled",
    "refused: TransactWriteItems, TransactionInProgressException",
    "refused: TransactWriteItems, TransactionCanceledException TransactionConflict",
    "refused: TransactWriteItems, ConditionalCheckFailed TransactionCanceledException",
    "refused: TransactWriteItems, \
     ConditionalCheckFailed TransactionCanceledException TransactionConflict",
];

/// Sums over seeds.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) seeds: u64,
    counts: BTreeMap<String, u64>,
    judged: BTreeMap<String, u64>,
    /// The fewest operations, and the fewest faults, of a seed.
    least: Option<(u64, u64)>,
}

impl Report {
    /// Adds what one seed came to.
    pub(crate) fn add(&mut self, counts: &BTreeMap<String, u64>, verdict: &Verdict) {
        self.seeds += 1;
        let faults = counts
            .iter()
            .filter(|(name, _)| name.starts_with("fault: "));
        let faults: u64 = faults.map(|(_, count)| count).sum();
        let operations = counts.get("operations").copied().unwrap_or_default();
        let least = self.least.unwrap_or((operations, faults));
        self.least = Some((least.0.min(operations), least.1.min(faults)));
        for (name, count) in counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        for (name, count) in &verdict.judged {
            *self.judged.entry(name.clone()).or_default() += count;
        }
    }

    /// Returns what so many seeds should have shown and did not, a sentence each: then they prove
    /// less than it seems.
    pub(crate) fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        let (operations, faults) = self.least.unwrap_or_default();
        if operations < LEAST.0 || faults < LEAST.1 {
            lacks.push(format!(
                "a seed had {operations} operations and {faults} faults at least, not {} and {}",
                LEAST.0, LEAST.1
            ));
        }
        if self.seeds >= SOME {
            let unjudged = unjudged(&self.judged);
            lacks.extend(unjudged.map(|it| format!("{it} was never judged")));
        }
        if self.seeds >= MANY {
            let never = EXPECTED.iter().filter(|it| !self.counts.contains_key(**it));
            lacks.extend(never.map(|it| format!("this never happened: {it}")));
        }
        lacks
    }

    fn section(&self, f: &mut fmt::Formatter<'_>, title: &str, prefix: &str) -> fmt::Result {
        writeln!(f, "{title}")?;
        for (name, count) in &self.counts {
            if let Some(name) = name.strip_prefix(prefix) {
                writeln!(f, "  {count:>12}  {name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operations, faults) = self.least.unwrap_or_default();
        writeln!(
            f,
            "{} seeds, each with at least {operations} operations and {faults} faults",
            self.seeds
        )?;
        for name in [
            "operations",
            "sends",
            "sends that were repeated",
            "calls of DynamoDB",
            "processes that took too long",
            "orders by a clock that is minutes off",
            "keys that another person had used, too",
            "carts that are nearly full",
            "lines of carts that were refused: not sold",
            "lines of carts that were refused: one too many",
            "orders that their customer cancelled",
            "cancellations that were refused",
            "changes of stock",
            "changes of stock that were sent again",
            "changes of stock below zero",
            "stale edits of products",
        ] {
            let count = self.counts.get(name).copied().unwrap_or_default();
            writeln!(f, "  {count:>12}  {name}")?;
        }
        self.section(f, "Operations", "operation: ")?;
        self.section(
            f,
            "Orders moved by the staff",
            "orders moved by the staff: ",
        )?;
        self.section(f, "Answers", "answer: ")?;
        self.section(f, "Faults", "fault: ")?;
        self.section(
            f,
            "Refusals of DynamoDB, by the kinds of their reasons",
            "refused: ",
        )?;
        writeln!(f, "Judged")?;
        for (name, count) in &self.judged {
            writeln!(f, "  {count:>12}  {name}")?;
        }
        Ok(())
    }
}

/// A line that tells how far it is, on a terminal.
pub(crate) struct Progress {
    begun: Instant,
    told: Instant,
    all: u64,
}

impl Progress {
    pub(crate) fn begin(all: u64) -> Self {
        let begun = Instant::now();
        Self {
            begun,
            told: begun,
            all,
        }
    }

    pub(crate) fn tell(&mut self, done: u64, violated: usize) {
        let is_last = done == self.all;
        let terminal = std::io::stderr().is_terminal();
        let pause = Duration::from_secs(if terminal { 1 } else { 30 });
        if self.told.elapsed() < pause && !is_last {
            return;
        }
        self.told = Instant::now();
        let seconds = self.begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "it is shown roughly")]
        let (rate, left) = {
            let rate = done as f64 / seconds;
            (rate, (self.all - done) as f64 / rate)
        };
        let full = usize::try_from(done * BAR as u64 / self.all.max(1)).unwrap_or(BAR);
        let bar = format!("{}{}", "#".repeat(full), ".".repeat(BAR - full));
        let line = format!(
            "[{bar}] {done} of {} seeds, {violated} violated, {rate:.0} a second, {left:.0} s left",
            self.all
        );
        let mut out = std::io::stderr();
        let _ = match (terminal, is_last) {
            (true, false) => write!(out, "\r{line}   "),
            (true, true) => writeln!(out, "\r{line}   "),
            (false, _) => writeln!(out, "{line}"),
        };
    }
}
