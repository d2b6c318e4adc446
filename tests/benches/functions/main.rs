//! What functions cost: start and first answer, warm time and processor time, memory, package,
//! calls of AWS.
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

mod dynamodb;
mod machine;
mod process;
mod report;
mod scenario;
mod subject;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use local::Profile;
use serde_json::{Value, json};

use dynamodb::{Certificate, Counts, Database};
use machine::Machine;
use process::{FunctionCore, Launch, Process, status_and_body};
use report::{Comparison, Seen, Visit};
use scenario::{Scenario, Source, VISIT, function_of};
use subject::Subject;

/// Visits of a new process that are not counted: by then it has what it keeps.
const WARM_UP: usize = 2;
/// Visits whose calls of AWS are counted, with nothing timed.
const COUNTED: usize = 2;

/// Measures functions: start, first answer, warm time, processor time, memory, package, AWS calls.
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
    /// How many new processes each subject gets for each function [default: 100; quick: 20]
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
    if options.functions.is_empty() {
        options.functions = FUNCTIONS.map(str::to_owned).to_vec();
    }
    let subjects = subjects(&options)?;
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
    let rounds = options
        .rounds
        .unwrap_or(if options.quick { 20 } else { 100 });
    let bench = Bench {
        core,
        rounds: rounds as usize,
        visits: options.visits as usize,
        certificate: Certificate::make(&target().join("benchmarks"))
            .map_err(|error| format!("no certificate: {error}"))?,
    };
    let comparisons = runtime.block_on(bench.compare_all(&options.functions, &subjects))?;

    println!(
        "\n{rounds} rounds of a new process of each, {} warm requests each time",
        bench.visits * VISIT
    );
    println!("{}", machine.sentence());
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
    });
    std::fs::write(&path, format!("{json:#}\n"))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}", path.display());
    Ok(())
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

struct Bench {
    core: FunctionCore,
    rounds: usize,
    visits: usize,
    certificate: Certificate,
}

/// A subject at one function, with its database.
struct Contestant<'a> {
    subject: &'a Subject,
    scenario: &'a Scenario,
    database: Database,
    launch: Launch,
    /// The number of the next visit.
    visit: u32,
}

impl Bench {
    async fn compare_all(
        &self,
        functions: &[String],
        subjects: &[Subject],
    ) -> Result<Vec<Comparison>, String> {
        eprintln!("filling a shop");
        let source = Source::fill().await;
        let mut comparisons = Vec::new();
        for name in functions {
            let start = Instant::now();
            let comparison = self.compare(&source, name, subjects).await?;
            eprintln!("{name} took {} s", start.elapsed().as_secs());
            comparison.print();
            comparisons.push(comparison);
        }
        Ok(comparisons)
    }

    async fn compare(
        &self,
        source: &Source,
        name: &str,
        subjects: &[Subject],
    ) -> Result<Comparison, String> {
        let scenario = Scenario::of(source, name).await?;
        let function = scenario.function.as_str();
        let cloud = &source.shop.cloud;
        let mut environment = cloud.environment(function);
        scenario.set(&mut environment);
        let mut contestants = Vec::new();
        let mut seen = Vec::new();
        for subject in subjects.iter().filter(|subject| subject.has(function)) {
            let tables = &cloud.template().tables;
            let database = subject
                .database(&self.certificate, tables, &scenario)
                .await?;
            let launch = subject.launch(function, &environment, &self.certificate, &database);
            let mut contestant = Contestant {
                subject,
                scenario: &scenario,
                database,
                launch,
                visit: 0,
            };
            // It also brings the binary into memory, where it is from then on.
            seen.push(contestant.count(self).await?);
            contestants.push(contestant);
        }
        for round in 0..self.rounds {
            self.round(round, &mut contestants, &mut seen).await?;
        }
        Ok(Comparison {
            function: scenario.name.clone(),
            about: scenario.about.clone(),
            seen,
        })
    }

    /// A new process of each: started one after the other, then taking turns visit by visit. Who
    /// is first changes.
    async fn round(
        &self,
        round: usize,
        contestants: &mut [Contestant<'_>],
        seen: &mut [Seen],
    ) -> Result<(), String> {
        let count = contestants.len();
        let turn = |start: usize| (0..count).map(move |number| (start + number) % count);
        let mut processes: Vec<Option<Process>> = contestants.iter().map(|_| None).collect();
        for number in turn(round) {
            let process = contestants[number].cold(self, &mut seen[number]).await?;
            processes[number] = Some(process);
            seen[number].visits.push(Vec::new());
        }
        for visit in 0..WARM_UP + self.visits {
            for number in turn(round + visit) {
                let process = processes[number].as_mut().unwrap();
                let measured = contestants[number].visit(process).await?;
                if visit >= WARM_UP {
                    seen[number].visits[round].push(measured);
                }
            }
        }
        for (process, seen) in processes.iter().flatten().zip(seen) {
            let memory = process.memory();
            seen.resident_mib.push(memory.resident_kib as f64 / 1024.0);
            seen.peak_mib.push(memory.peak_kib as f64 / 1024.0);
        }
        Ok(())
    }
}

impl Contestant<'_> {
    /// Counts the calls of AWS; times nothing.
    async fn count(&mut self, bench: &Bench) -> Result<Seen, String> {
        self.database.count();
        let mut process = self.start(bench).await?;
        let at_start = self.database.counted();
        for _ in 0..WARM_UP {
            self.visit(&mut process).await?;
        }
        self.database.count();
        for _ in 0..COUNTED {
            self.visit(&mut process).await?;
        }
        self.seen(at_start, self.database.counted())
    }

    fn seen(&self, at_start: Counts, warm: Counts) -> Result<Seen, String> {
        Ok(Seen {
            subject: self.subject.name.clone(),
            package: self.subject.package(&self.scenario.function)?,
            at_start,
            warm,
            counted_requests: COUNTED * VISIT,
            init_ms: Vec::new(),
            cold_ms: Vec::new(),
            cold_cpu_ms: Vec::new(),
            visits: Vec::new(),
            resident_mib: Vec::new(),
            peak_mib: Vec::new(),
        })
    }

    async fn start(&self, bench: &Bench) -> Result<Process, String> {
        let started = Process::start(&bench.core, &self.launch).await;
        started.map_err(|error| self.failed(&error))
    }

    /// Starts a process and has it answer once.
    async fn cold(&mut self, bench: &Bench, seen: &mut Seen) -> Result<Process, String> {
        let visit = self.next_visit();
        self.refill().await?;
        let event = self.subject.event(self.scenario, visit, 0);
        let mut process = self.start(bench).await?;
        let answered = process.call(event).await;
        let answered = answered.map_err(|error| self.failed(&error))?;
        let cpu = process.times().await.total();
        self.check(&answered.body)?;
        seen.init_ms.push(milliseconds(process.init));
        seen.cold_ms.push(milliseconds(answered.since_start));
        seen.cold_cpu_ms.push(milliseconds(cpu));
        Ok(process)
    }

    /// Some requests in a row from one address.
    async fn visit(&mut self, process: &mut Process) -> Result<Visit, String> {
        let visit = self.next_visit();
        let events = (0..VISIT as u32).map(|it| self.subject.event(self.scenario, visit, it));
        let events: Vec<_> = events.collect();
        let mut answers = Vec::with_capacity(VISIT);
        let before = process.times().await;
        for event in events {
            self.refill().await?;
            let answered = process.call(event).await;
            answers.push(answered.map_err(|error| self.failed(&error))?);
        }
        let cpu = process.times().await.since(&before);
        for answered in &answers {
            self.check(&answered.body)?;
        }
        Ok(Visit {
            wall_ms: answers.iter().map(|it| milliseconds(it.wall)).collect(),
            cpu_us: milliseconds(cpu) * 1000.0 / VISIT as f64,
        })
    }

    fn next_visit(&mut self) -> u32 {
        self.visit += 1;
        self.visit
    }

    /// Puts back what a request uses up.
    async fn refill(&self) -> Result<(), String> {
        for (table, row) in &self.scenario.refill {
            self.database.put(table, row).await?;
        }
        Ok(())
    }

    fn check(&self, answer: &[u8]) -> Result<(), String> {
        let checked = status_and_body(answer)
            .and_then(|(status, body)| self.subject.check(self.scenario, status, &body));
        checked.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &str) -> String {
        format!(
            "{} of {}: {error}",
            self.scenario.function, self.subject.name
        )
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
