//! Simulates checkouts: the real handlers on the real AWS SDK, many processes of them in one
//! thread, before a DynamoDB that misbehaves. All that could be otherwise follows from a seed:
//! delays, interleavings, faults, clocks and random bytes. A program of its own, `tests/checker`,
//! judges what came of it.
//!
//! ```text
//! cargo test --profile simulation -p tests --features simulation --test simulator -- --seeds 2000
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop, and say where"
)]

mod client;
mod gateway;
mod people;
mod picture;
mod plan;
mod process;
mod report;
mod run;
mod staff;
mod story;
mod world;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use clap::Parser;
use cloud::{Deployment, Template};
use tests::{Checker, Verdict};

use crate::process::FUNCTIONS;
use crate::report::{Progress, Report};
use crate::run::{Run, STACK, run};

/// How many of the first seeds are run twice, to see that a seed decides everything.
const TWICE: u64 = 20;

/// Simulates checkouts with faults, and has them judged.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Runs one seed and tells what happened in it.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// Draws one purchase of that seed, as SVG.
    #[arg(long, requires = "seed")]
    picture: Option<PathBuf>,
    /// How many seeds run at once; as many as there are processors, by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Ends with the first violation.
    #[arg(long)]
    until_violation: bool,
    /// Writes what the checker reads to a file, one run a line.
    #[arg(long)]
    runs: Option<PathBuf>,
    /// Writes the report to a file, too.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// What a thread tells of a seed.
struct Judged {
    seed: u64,
    run: Run,
    verdict: Verdict,
    /// Whether the same seed gave another run.
    differs: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let template = Arc::new(template());
    match arguments.seed {
        Some(seed) => tell(&template, seed, &arguments),
        None => simulate(&template, &arguments),
    }
}

/// Reads the template's functions and tables.
fn template() -> Template {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let deployment = Deployment {
        stack: STACK.to_owned(),
        parameters: BTreeMap::from([("AllowedOrigins".to_owned(), String::new())]),
    };
    let mut template = Template::load(&path, &deployment).expect("the template is read");
    template
        .functions
        .retain(|it| FUNCTIONS.contains(&it.binary.as_str()));
    // Only the tables that these functions are told of: each is made anew for each seed.
    let names = template
        .functions
        .iter()
        .flat_map(|it| it.environment.values());
    let names: Vec<String> = names.cloned().collect();
    template.tables.retain(|it| names.contains(&it.name));
    template
}

fn tell(template: &Arc<Template>, seed: u64, arguments: &Arguments) -> ExitCode {
    let run = run(template, seed, true);
    if let Some(path) = &arguments.runs {
        std::fs::write(path, format!("{}\n", run.document)).expect("the file is written");
    }
    let verdict = Checker::start().judge(&run.document);
    for told in &run.story {
        println!("{told}");
    }
    if let Some(path) = &arguments.picture {
        let picture = picture::draw(seed, &run.story, &run.document);
        let picture = picture.expect("a purchase of this seed fits into a picture");
        std::fs::write(path, picture).expect("the picture is written");
    }
    let violations = violations(&verdict);
    println!("\nseed {seed}: {} violations", violations.len());
    for violation in &violations {
        println!("  {violation}");
    }
    if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns what a verdict says was violated, a sentence each.
fn violations(verdict: &Verdict) -> Vec<String> {
    let all = verdict.violations.iter();
    let all = all.map(|it| format!("{}: {} ({})", it.invariant, it.sentence, it.places));
    all.collect()
}

fn simulate(template: &Arc<Template>, arguments: &Arguments) -> ExitCode {
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (sender, judged) = mpsc::channel();
    let mut runs = arguments
        .runs
        .as_ref()
        .map(|path| BufWriter::new(File::create(path).expect("the file of runs is made")));
    let mut report = Report::default();
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                let mut checker = Checker::start();
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= arguments.seeds {
                        break;
                    }
                    let seed = arguments.first + number;
                    let own = run(template, seed, false);
                    let differs =
                        number < TWICE && run(template, seed, true).document != own.document;
                    let verdict = checker.judge(&own.document);
                    let told = sender.send(Judged {
                        seed,
                        run: own,
                        verdict,
                        differs,
                    });
                    if told.is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut progress = Progress::begin(arguments.seeds);
        for Judged {
            seed,
            run,
            verdict,
            differs,
        } in judged
        {
            report.add(&run.counts, &verdict);
            if let Some(runs) = &mut runs {
                writeln!(runs, "{}", run.document).expect("the file of runs is written");
            }
            let mut wrong = violations(&verdict);
            if differs {
                wrong.push("the same seed gave another run".to_owned());
            }
            if !wrong.is_empty() {
                eprintln!("\nseed {seed}:");
                for violation in &wrong {
                    eprintln!("  {violation}");
                }
                failed.push(seed);
                if arguments.until_violation {
                    stop.store(true, Ordering::SeqCst);
                }
            }
            progress.tell(report.seeds, failed.len());
        }
    });
    let text = format!("{report}{} violated\n", failed.len());
    println!("{text}");
    if let Some(path) = &arguments.report {
        std::fs::write(path, &text).expect("the report is written");
    }
    let lacks = report.lacks();
    for lack in &lacks {
        println!("{lack}");
    }
    failed.sort_unstable();
    for seed in failed.iter().take(5) {
        println!(
            "Its story: cargo test --profile simulation -p tests --features simulation \
             --test simulator -- --seed {seed}"
        );
    }
    if failed.is_empty() && lacks.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
