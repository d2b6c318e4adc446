//! What functions cost: start and first answer, warm time and processor time, memory, package,
//! calls of AWS, dollars.
//!
//! `cargo bench -p tests --bench functions -- --help` says how it is used and
//! `docs/benchmarks.md` how it measures. Nothing is asserted about times: they belong to the
//! machine. What is asserted is that every answer is the one that was asked for.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't go on should stop, and say where"
)]

mod bill;
mod dynamodb;
mod growth;
mod machine;
mod measurement;
mod process;
mod report;
mod scenario;
mod subject;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use local::Profile;
use serde_json::{Value, json};

use bill::Bill;
use dynamodb::Certificate;
use growth::GROWTH;
use machine::Machine;
use measurement::{Bench, Memory};
use process::FunctionCore;
use report::{Comparison, picture};
use scenario::{VISIT, function_of};
use subject::Subject;
use tests::measure::ProcessorShare;

/// Measures functions: start, first answer, warm time, processor time, memory, package, AWS calls
/// and what they cost.
///
/// Each runs on a core of its own, against a DynamoDB over TLS with the data of a demo shop.
/// Subjects take turns, and ratios are made of measurements that were made side by side. Paths
/// are relative to the repository's root.
#[derive(Parser)]
#[command(bin_name = "cargo bench -p tests --bench functions --")]
struct Options {
    /// A function to measure; may be repeated. `list-products` and `get-product` answer from
    /// memory what they are asked for again, with `-from-tables` they don't [default:
    /// list-products, list-products-from-tables, get-product, get-product-from-tables, get-orders,
    /// get-cart, set-cart-item, checkout]
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Another build to compare: a binary, or a folder of binaries that are named like their
    /// functions; may be repeated
    #[arg(long = "subject", value_name = "NAME=PATH", value_parser = Subject::parse)]
    subjects: Vec<Subject>,
    /// A program of another project to compare, by its file (see docs/benchmarks.md); may be
    /// repeated
    #[arg(long = "peer", value_name = "FILE", value_parser = Subject::peer)]
    peers: Vec<Subject>,
    /// Measures once more with the share of a processor that Lambda gives with so much memory;
    /// may be repeated. It makes a cgroup, which takes root
    #[arg(long = "memory", value_name = "MIB", value_parser = clap::value_parser!(u32).range(128..=10240))]
    memory: Vec<u32>,
    /// Measures how this working tree's functions grow, instead of comparing subjects: 10 and
    /// 100,000 orders, 100 and 100,000 products, carts of 1 and 32 lines, 1 and 1,000 addresses
    #[arg(long, conflicts_with_all = ["functions", "subjects", "peers", "no_current", "baseline", "noise", "memory", "picture"])]
    growth: bool,
    /// Writes a picture of the ratios to the peer, as SVG
    #[arg(long, value_name = "FILE", requires = "peers")]
    picture: Option<String>,
    /// What a round of calls of AWS takes in milliseconds, for the time that is billed
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    round_trip_ms: f64,
    /// Leaves the release build of this working tree out
    #[arg(long)]
    no_current: bool,
    /// The subject that ratios are made to [default: the first --subject, else `current`]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Measures the baseline twice: the interval of each ratio should contain 1
    #[arg(long)]
    noise: bool,
    /// A fifth of the rounds: about a minute for two subjects, with wider intervals
    #[arg(long)]
    quick: bool,
    /// How many new processes each subject gets for each function [default: 100; growth: 15; quick:
    /// a fifth]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(5..))]
    rounds: Option<u32>,
    /// How many times 12 requests each process gets after it is warm
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u32).range(1..))]
    visits: u32,
    /// Where the results go as JSON [default: target/benchmarks/functions-<time>.json]
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
    /// Said by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

const FUNCTIONS: [&str; 8] = [
    "list-products",
    "list-products-from-tables",
    "get-product",
    "get-product-from-tables",
    "get-orders",
    "get-cart",
    "set-cart-item",
    "checkout",
];

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benchmarks too, to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut options: Options) -> Result<(), String> {
    if options.growth {
        options.functions = GROWTH.map(|growth| growth.scenario.to_owned()).to_vec();
    } else if options.functions.is_empty() {
        options.functions = FUNCTIONS.map(str::to_owned).to_vec();
    }
    let subjects = subjects(&options)?;
    // Whoever may not make them need not wait for a build to hear it.
    let sizes = options.memory.iter().map(|mib| {
        let share = ProcessorShare::of_memory(*mib)?;
        Ok(Memory { mib: *mib, share })
    });
    let sizes = sizes.collect::<Result<Vec<_>, String>>()?;
    // With all cores, before one of them is set apart.
    if !options.no_current {
        let functions = options.functions.iter().map(|it| function_of(it));
        let functions: BTreeSet<&str> = functions.collect();
        local::build_released(&Vec::from_iter(functions)).map_err(|error| error.to_string())?;
    }
    local::build_functions(Profile::Dev).map_err(|error| error.to_string())?;

    let (core, cores) = FunctionCore::reserve()?;
    let machine = Machine::look(cores);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let bench = Bench {
        core,
        rounds: rounds(&options) as usize,
        visits: options.visits as usize,
        certificate: Certificate::make(&target().join("benchmarks"))
            .map_err(|error| format!("no certificate: {error}"))?,
    };
    let comparisons = if options.growth {
        runtime.block_on(bench.grow(&Subject::working_tree()))?
    } else {
        runtime.block_on(bench.compare_all(&options.functions, &subjects, &sizes))?
    };
    let bill = match options.growth {
        true => None,
        false => Some(Bill::of(&comparisons, options.round_trip_ms)?),
    };
    if let Some(bill) = &bill {
        bill.print();
    }

    println!(
        "\n{} rounds of a new process of each, {} warm requests each time",
        bench.rounds,
        bench.visits * VISIT
    );
    println!("{}", machine.sentence());
    if let Some(path) = &options.picture {
        let picture = picture(&comparisons, &machine);
        let picture = picture.ok_or("no function was measured that has a peer")?;
        write(&subject::given(path), &picture.svg())?;
    }
    let path = options.json.as_deref().map(subject::given);
    let path = path.unwrap_or_else(|| {
        target().join(format!("benchmarks/functions-{}.json", machine.started()))
    });
    let json = json!({
        "machine": machine.json(),
        "rounds": bench.rounds,
        "visitsOfARound": bench.visits,
        "requestsOfAVisit": VISIT,
        "functions": comparisons.iter().map(Comparison::json).collect::<Value>(),
        "costs": bill.as_ref().map(Bill::json),
    });
    write(&path, &format!("{json:#}\n"))?;
    println!("{}", path.display());
    Ok(())
}

/// How many new processes each subject gets.
fn rounds(options: &Options) -> u32 {
    let usual = if options.growth { 15 } else { 100 };
    let quick = if options.quick { usual / 5 } else { usual };
    options.rounds.unwrap_or(quick)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Everything to be measured, the baseline first.
fn subjects(options: &Options) -> Result<Vec<Subject>, String> {
    let mut subjects = options.subjects.clone();
    if !options.no_current {
        subjects.push(Subject::working_tree());
    }
    subjects.extend(options.peers.clone());
    if subjects.is_empty() {
        return Err("with --no-current there must be a --subject".to_owned());
    }
    if let Some(name) = &options.baseline {
        let place = subjects.iter().position(|it| it.name == *name);
        let place = place.ok_or_else(|| format!("there is no subject {name}"))?;
        let baseline = subjects.remove(place);
        subjects.insert(0, baseline);
    }
    if options.noise {
        subjects.insert(1, subjects[0].again());
    }
    if options.functions.len() > 1 && subjects.iter().any(Subject::is_one_binary) {
        return Err("a --subject that is one binary needs one --function".to_owned());
    }
    for (place, subject) in subjects.iter().enumerate() {
        if subjects[..place].iter().any(|it| it.name == subject.name) {
            return Err(format!("two subjects are called {}", subject.name));
        }
    }
    Ok(subjects)
}

/// The target directory that cargo builds into.
fn target() -> PathBuf {
    let binary = local::function_binary(Profile::Release, "any");
    binary.ancestors().nth(2).unwrap().to_owned()
}
