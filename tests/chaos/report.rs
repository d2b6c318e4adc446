//! What a run did and what held, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use tests::measure::percentile;

use crate::arguments::Arguments;
use crate::checker::Judged;
use crate::clock_skew;
use crate::matrix::{self, Matrix, Process};
use crate::run::Run;

/// How many violations are told, each in a sentence.
const MAX_SENTENCES: usize = 30;

/// What each invariant says.
const INVARIANTS: [(&str, &str); 10] = [
    ("input", "journal, tables and answers fit each other"),
    ("I1", "nothing is sold that is not there"),
    (
        "I3",
        "every order is what its customer agreed to, at the prices of its moment",
    ),
    (
        "I4",
        "every piece that left the stock is in an order, and the other way round",
    ),
    (
        "I5",
        "one key is one order, whatever is sent how often, and a refusal is true",
    ),
    ("I6", "every order that was confirmed is there and is shown"),
    ("I7", "no customer sees anything of another"),
    (
        "I8",
        "everybody knows what became of their request soon after the faults end",
    ),
    ("I9", "answers are what the contract declares, and in time"),
    ("I10", "every change by the staff has its record"),
];

/// Writes the report.
pub(crate) fn text(
    arguments: &Arguments,
    matrix: &Matrix,
    run: &Run,
    judged: &Judged,
    missing: &[String],
) -> String {
    let mut text = String::new();
    let out = &mut text;
    let heading = |out: &mut String, title: &str| {
        writeln!(out, "\n{title}\n{}", "-".repeat(title.len())).unwrap();
    };
    writeln!(
        out,
        "Chaos run: {} operations by {} clients, seed {}, {:.0} s",
        arguments.operations,
        arguments.clients,
        arguments.seed,
        run.took.as_secs_f64()
    )
    .unwrap();

    heading(out, "What was done");
    for ((operation, outcome), count) in &run.outcomes {
        writeln!(out, "{:<36} {outcome:<28} {count:>7}", operation.name()).unwrap();
    }

    heading(out, "What was sent");
    let mut times: BTreeMap<&str, (usize, usize, Vec<f64>)> = BTreeMap::new();
    for send in &run.sends {
        let (all, unanswered, times) = times.entry(send.request.operation).or_default();
        *all += 1;
        match (send.ended, &send.answer) {
            (Some(ended), Some(_)) => times.push((ended - send.began).as_secs_f64() * 1000.0),
            _ => *unanswered += 1,
        }
    }
    writeln!(
        out,
        "{:<24} {:>8} {:>12} {:>9} {:>9}",
        "operation", "requests", "no answer", "p50 ms", "p99 ms"
    )
    .unwrap();
    for (operation, (all, unanswered, times)) in &times {
        let of = |hundredths| match times.is_empty() {
            true => f64::NAN,
            false => percentile(times, hundredths),
        };
        let (middle, late) = (of(50), of(99));
        writeln!(
            out,
            "{operation:<24} {all:>8} {unanswered:>12} {middle:>9.0} {late:>9.0}"
        )
        .unwrap();
    }
    writeln!(out, "{} of them were sent again", run.retries).unwrap();

    heading(out, "What went wrong");
    for (fault, count) in &run.faults {
        writeln!(out, "{fault:<44} {count:>7}").unwrap();
    }
    let all: u64 = run.faults.values().sum();
    writeln!(out, "{:<44} {all:>7}", "faults in all").unwrap();
    for (function, count) in &run.kills {
        let what = format!("process killed: {function}");
        writeln!(out, "{what:<44} {count:>7}").unwrap();
    }
    match clock_skew::library() {
        Some(_) => writeln!(
            out,
            "of every {} processes of {}, two had a clock that was {} minutes fast or slow, and \
             two one that was {} seconds fast or slow; {} requests were 401, of clients whose \
             tokens were good; orders with a time that is wrong: {} minutes ahead, {} minutes \
             behind, {} seconds ahead",
            clock_skew::EVERY,
            clock_skew::FUNCTIONS.join(", "),
            clock_skew::MINUTES,
            clock_skew::SECONDS,
            run.sends
                .iter()
                .filter(|it| it.status() == Some(401))
                .count(),
            run.wrong_times.minutes_ahead,
            run.wrong_times.minutes_behind,
            run.wrong_times.seconds_ahead,
        ),
        None => writeln!(
            out,
            "NO CLOCK WAS WRONG: libfaketime is not installed (Debian's package libfaketime)"
        ),
    }
    .unwrap();

    heading(out, "Checkout's process killed at every call");
    for process in Process::ALL {
        let calls = match process {
            Process::New => &matrix.new,
            Process::Used => &matrix.used,
        };
        for (place, call) in calls.iter().enumerate() {
            let what = format!("{}, {}. {}", process.name(), place + 1, matrix::name(call));
            let kills = matrix.kills.iter();
            let kills = kills.filter(|it| it.process == process && it.nth == place + 1);
            let points = kills.map(|it| {
                let ordered = if it.was_ordered { "ordered" } else { "nothing" };
                format!("{}: {ordered}", format!("{:?}", it.point).to_lowercase())
            });
            let points = points.collect::<Vec<_>>().join(", ");
            writeln!(out, "{what:<72} {points}").unwrap();
        }
    }
    writeln!(
        out,
        "{} kills in {:.0} s; each time one order, its stock taken once, the cart empty, and the \
         key answers the order",
        matrix.kills.len(),
        matrix.took.as_secs_f64()
    )
    .unwrap();

    heading(out, "What held");
    let Judged { verdict, kept } = judged;
    for (name, count) in &verdict.judged {
        let says = INVARIANTS.iter().find(|(it, _)| it == name);
        let says = says.map_or("", |(_, says)| says);
        let broken = verdict.violations.iter().filter(|it| it.invariant == *name);
        let broken = match broken.count() {
            0 => "held".to_owned(),
            broken => format!("{broken} VIOLATIONS"),
        };
        writeln!(out, "{name:<4} {broken:<14} {count:>7} judged  {says}").unwrap();
    }
    for it in verdict.violations.iter().take(MAX_SENTENCES) {
        writeln!(out, "{}: {}", it.invariant, it.sentence).unwrap();
    }
    let more = verdict.violations.len().saturating_sub(MAX_SENTENCES);
    if more > 0 {
        writeln!(out, "and {more} more, which the checker tells of the run").unwrap();
    }
    for sentence in missing {
        writeln!(out, "TOO LITTLE WAS MET: {sentence}").unwrap();
    }
    if let Some(file) = kept {
        writeln!(out, "The run is kept in {}", file.display()).unwrap();
    }
    text
}
