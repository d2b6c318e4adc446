//! The chaos run: a whole shop of real processes, customers who buy from it at the same time, and
//! all that can go wrong around checkout: a database that fails, throttles, conflicts and loses
//! answers, processes that are killed at any call, clocks that are wrong, answers that nobody waits
//! for, and everybody sending again. What was sent, answered and written is judged afterwards by
//! the checker, a program of its own (`tests/checker/`).
//!
//! `cargo test -p tests --test chaos` is a short run of about half a minute;
//! `cargo test -p tests --test chaos -- --operations 10000 --report chaos.txt` a long one;
//! `-- --help` tells the rest.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop, and say where"
)]

mod arguments;
mod checker;
mod client;
mod clock_skew;
mod contention;
mod coverage;
mod history;
mod matrix;
mod population;
mod report;
mod run;
mod workload;

use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        return ExitCode::SUCCESS;
    };
    if !cfg!(target_os = "linux") {
        // Nothing else takes the whole of 127.0.0.0/8 for its own.
        println!("The chaos run was left out: it needs Linux, where each client has an address.");
        return ExitCode::SUCCESS;
    }
    if let Err(error) = client::claim_address() {
        println!("No client can have an address of its own: {error}");
        return ExitCode::FAILURE;
    }
    if is_in_ci() && clock_skew::library().is_none() {
        println!("libfaketime is not installed, so that no clock would be wrong");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if arguments.contention {
            contention::measure().await;
            return ExitCode::SUCCESS;
        }
        let matrix = matrix::run().await;
        let run = run::run(&arguments).await;
        let judged = checker::judge(&run, arguments.runs.as_deref());
        let missing = coverage::missing(&arguments, &run, &judged);
        let text = report::text(&arguments, &matrix, &run, &judged, &missing);
        println!("{text}");
        if let Some(file) = &arguments.report {
            std::fs::write(file, &text).unwrap();
        }
        if judged.verdict.violations.is_empty() && missing.is_empty() {
            return ExitCode::SUCCESS;
        }
        ExitCode::FAILURE
    })
}

/// Returns whether this is where everything must have been run: services that build what was
/// pushed set this variable.
fn is_in_ci() -> bool {
    std::env::var("CI").is_ok_and(|it| it == "true")
}
