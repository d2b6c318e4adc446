//! What the run is told on the command line.

use std::path::PathBuf;

use clap::Parser;

/// Lets customers buy while everything fails, and checks that no order is lost, doubled or wrong.
///
/// Paths are relative to the folder `tests`.
#[derive(Parser)]
#[command(bin_name = "cargo test -p tests --test chaos --")]
pub(crate) struct Arguments {
    /// How many things the clients do, most of them checkouts
    #[arg(long, value_name = "NUMBER", default_value_t = 300)]
    pub(crate) operations: usize,
    /// Chooses what the clients do and which calls fail; when all this meets is the machine's doing
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The part of DynamoDB's calls that fail, from 0 to 1; a fifth of it and four times as many at
    /// times
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    pub(crate) fault_rate: f64,
    /// How many clients there are, of eight customers
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) clients: usize,
    /// Writes the report to a file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Keeps the run, which the checker reads, in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) runs: Option<PathBuf>,
    /// Measures instead how checkouts of one product get on beside each other
    #[arg(long)]
    pub(crate) contention: bool,
}

/// What this test is called where tests are chosen by their names.
const NAME: &str = "chaos";

/// Options of libtest that have a value, as the next argument or behind `=`.
const LIBTEST_WITH_VALUE: [&str; 7] = [
    "--test-threads",
    "--skip",
    "--color",
    "--format",
    "--logfile",
    "--shuffle-seed",
    "-Z",
];

/// Options of libtest without a value.
const LIBTEST: [&str; 14] = [
    "--bench",
    "--exact",
    "--ignored",
    "--include-ignored",
    "--list",
    "--no-capture",
    "--nocapture",
    "--quiet",
    "-q",
    "--report-time",
    "--show-output",
    "--shuffle",
    "--test",
    "--ensure-time",
];

impl Arguments {
    /// Reads the command line; `None` if there is nothing to run. `cargo test` hands every test
    /// target the same arguments, so that those of libtest may come instead of this run's own.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let arguments: Vec<String> = arguments.collect();
        let is_own = |argument: &String| {
            let name = argument.split('=').next().unwrap_or_default();
            name.starts_with('-') && !LIBTEST.contains(&name) && !LIBTEST_WITH_VALUE.contains(&name)
        };
        if arguments.iter().any(is_own) {
            let name = String::from(NAME);
            return Some(Self::parse_from([name].into_iter().chain(arguments)));
        }
        if arguments.iter().any(|it| it == "--list") {
            println!("{NAME}: test");
            return None;
        }
        is_chosen(&arguments).then(|| Self::parse_from([NAME]))
    }
}

/// Returns whether libtest's arguments choose this test.
fn is_chosen(arguments: &[String]) -> bool {
    let (mut names, mut skipped) = (Vec::new(), false);
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--ignored" | "--bench" => return false,
            "--skip" => skipped |= arguments.next().is_some_and(|it| NAME.contains(it)),
            it if LIBTEST_WITH_VALUE.contains(&it) => drop(arguments.next()),
            it if it.starts_with('-') => {}
            name => names.push(name),
        }
    }
    !skipped && (names.is_empty() || names.iter().any(|name| NAME.contains(name)))
}
