//! What a run must have met, or that nothing was violated says little.

use tests::unjudged;

use crate::arguments::Arguments;
use crate::checker::Judged;
use crate::clock_skew;
use crate::run::Run;

/// From how many operations on every invariant must have been judged: those of a short run.
const SHORT: usize = 300;
/// From how many operations on everything must have been met.
const LONG: usize = 1000;
/// How many faults there are at least in ten operations, at the rate that is usual.
const FAULTS_IN_TEN: f64 = 2.0;
const USUAL_RATE: f64 = 0.05;
/// For how many operations a process is killed at least.
const OPERATIONS_PER_KILL: usize = 165;
/// Faults that no long run goes without, as they are counted.
const FAULTS: [&str; 16] = [
    "500, but done",
    "500, not done",
    "answered 2 s late or later",
    "answered late",
    "begun late",
    "conflict",
    "conflict in part",
    "conflict with a transaction in flight",
    "connection lost, but done",
    "connection lost, not done",
    "killed before the call is answered",
    "killed before the call is done",
    "throttled",
    "transaction seen in part",
    "transaction seen in part for 2 s or longer",
    "same transaction still in progress",
];

/// Returns what is missing, in sentences.
pub(crate) fn missing(arguments: &Arguments, run: &Run, judged: &Judged) -> Vec<String> {
    let mut missing = Vec::new();
    if arguments.operations >= SHORT {
        let unjudged = unjudged(&judged.verdict.judged);
        missing.extend(unjudged.map(|name| format!("nothing was judged for {name}")));
    }
    // Whoever asks for no faults gets none.
    if arguments.fault_rate <= 0.0 {
        return missing;
    }
    let faults: u64 = run.faults.values().sum();
    if arguments.operations < LONG {
        if faults == 0 {
            missing.push("there was no fault".to_owned());
        }
        return missing;
    }
    let rate = (arguments.fault_rate / USUAL_RATE).min(1.0);
    let least = arguments.operations as f64 / 10.0 * FAULTS_IN_TEN * rate;
    if (faults as f64) < least {
        missing.push(format!("{faults} faults are fewer than {least:.0}"));
    }
    let kills: u32 = run.kills.values().sum();
    let least = arguments.operations / OPERATIONS_PER_KILL;
    if (kills as usize) < least {
        missing.push(format!("{kills} killed processes are fewer than {least}"));
    }
    if rate >= 1.0 {
        let unmet = FAULTS.iter().filter(|name| !run.faults.contains_key(*name));
        missing.extend(unmet.map(|name| format!("no call met this: {name}")));
    }
    if clock_skew::library().is_some() {
        let times = &run.wrong_times;
        let counts = [
            (times.minutes_ahead, "minutes ahead"),
            (times.minutes_behind, "minutes behind"),
            (times.seconds_ahead, "seconds ahead"),
        ];
        let none = counts.iter().filter(|(count, _)| *count == 0);
        missing.extend(none.map(|(_, what)| format!("no order has a time that is {what}")));
    }
    missing
}
