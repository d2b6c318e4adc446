//! How measurements are made: processes side by side, round by round.

use std::time::{Duration, Instant};

use tests::measure::{ProcessorShare, Rounds};

use crate::dynamodb::{Certificate, Database};
use crate::growth::{GROWTH, Growth, Size};
use crate::process::{FunctionCore, Launch, Process, status_and_body};
use crate::report::{Comparison, Seen, Visit};
use crate::scenario::{Scenario, Source, VISIT};
use crate::subject::Subject;

/// Visits of a new process that are not counted: by then it has what it keeps.
const WARM_UP: usize = 2;
/// Visits whose calls of AWS are counted, with nothing timed but those calls.
const COUNTED: usize = 4;

/// What all measurements have in common.
pub(crate) struct Bench {
    pub(crate) core: FunctionCore,
    pub(crate) rounds: usize,
    pub(crate) visits: usize,
    pub(crate) certificate: Certificate,
}

/// Memory of a function at Lambda, and the share of a processor that it brings.
pub(crate) struct Memory {
    pub(crate) mib: u32,
    /// `None` for a whole processor.
    pub(crate) share: Option<ProcessorShare>,
}

/// A subject at one function, with its database.
struct Contestant<'a> {
    name: String,
    subject: &'a Subject,
    scenario: &'a Scenario,
    share: Option<&'a ProcessorShare>,
    database: Database,
    launch: Launch,
    /// The number of the next visit.
    visit: u32,
}

impl Bench {
    /// Compares subjects at each function, with a whole processor and then at each memory size.
    pub(crate) async fn compare_all(
        &self,
        functions: &[String],
        subjects: &[Subject],
        sizes: &[Memory],
    ) -> Result<Vec<Comparison>, String> {
        eprintln!("filling a shop");
        let source = Source::fill().await;
        let mut comparisons = Vec::new();
        for name in functions {
            let scenario = Scenario::of(&source, name).await?;
            for memory in std::iter::once(None).chain(sizes.iter().map(Some)) {
                let start = Instant::now();
                let comparison = self.compare(&source, &scenario, subjects, memory).await?;
                let seconds = start.elapsed().as_secs();
                eprintln!("{} took {seconds} s", comparison.name);
                comparison.print();
                comparisons.push(comparison);
            }
        }
        Ok(comparisons)
    }

    async fn compare(
        &self,
        source: &Source,
        scenario: &Scenario,
        subjects: &[Subject],
        memory: Option<&Memory>,
    ) -> Result<Comparison, String> {
        let share = memory.and_then(|memory| memory.share.as_ref());
        let subjects = subjects.iter();
        let subjects = subjects.filter(|subject| subject.has(&scenario.function));
        let mut contestants = Vec::new();
        for subject in subjects {
            let name = subject.name.clone();
            let contestant = self.contestant(source, name, subject, scenario, share);
            contestants.push(contestant.await?);
        }
        let name = match memory {
            Some(memory) => format!("{} at {} MB", scenario.name, memory.mib),
            None => scenario.name.clone(),
        };
        let seen = self.measure(&mut contestants).await?;
        Ok(Comparison {
            name,
            scenario: scenario.name.clone(),
            function: scenario.function.clone(),
            memory_mib: memory.map(|memory| memory.mib),
            about: scenario.about.clone(),
            seen,
        })
    }

    /// Compares the same function at a small and a large size; ratios are to the small one.
    pub(crate) async fn grow(&self, subject: &Subject) -> Result<Vec<Comparison>, String> {
        eprintln!("filling a shop");
        let source = Source::fill().await;
        let mut comparisons = Vec::new();
        for growth in &GROWTH {
            let start = Instant::now();
            let comparison = self.grow_one(&source, growth, subject).await?;
            eprintln!("{} took {} s", growth.name, start.elapsed().as_secs());
            comparison.print();
            comparisons.push(comparison);
        }
        Ok(comparisons)
    }

    async fn grow_one(
        &self,
        source: &Source,
        growth: &Growth,
        subject: &Subject,
    ) -> Result<Comparison, String> {
        let scenario = async |size: Size| {
            let mut scenario = Scenario::of(source, growth.scenario).await?;
            size.apply(source, &mut scenario).await;
            Ok::<_, String>(scenario)
        };
        let [small, large] = growth.sizes;
        let scenarios = [scenario(small).await?, scenario(large).await?];
        let mut contestants = Vec::new();
        for (size, scenario) in growth.sizes.into_iter().zip(&scenarios) {
            let contestant = self.contestant(source, size.name(), subject, scenario, None);
            contestants.push(contestant.await?);
        }
        let [small, _] = &scenarios;
        let seen = self.measure(&mut contestants).await?;
        Ok(Comparison {
            name: growth.name.to_owned(),
            scenario: small.name.clone(),
            function: small.function.clone(),
            memory_mib: None,
            about: growth.about.to_owned(),
            seen,
        })
    }

    async fn contestant<'a>(
        &self,
        source: &Source,
        name: String,
        subject: &'a Subject,
        scenario: &'a Scenario,
        share: Option<&'a ProcessorShare>,
    ) -> Result<Contestant<'a>, String> {
        let cloud = &source.shop.cloud;
        let mut environment = cloud.environment(&scenario.function);
        scenario.set(&mut environment);
        let tables = &cloud.template().tables;
        let database = subject.database(&self.certificate, tables, scenario);
        let database = database.await?;
        let launch = subject.launch(
            &scenario.function,
            &environment,
            &self.certificate,
            &database,
        );
        Ok(Contestant {
            name,
            subject,
            scenario,
            share,
            database,
            launch,
            visit: 0,
        })
    }

    async fn measure(&self, contestants: &mut [Contestant<'_>]) -> Result<Vec<Seen>, String> {
        let mut seen = Vec::new();
        for contestant in contestants.iter_mut() {
            // It also brings the binary into memory, where it is from then on.
            seen.push(contestant.count(self).await?);
        }
        for round in 0..self.rounds {
            self.round(round, contestants, &mut seen).await?;
        }
        Ok(seen)
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
            let mut process = contestants[number].cold(self, &mut seen[number]).await?;
            contestants[number].ask_from_addresses(&mut process).await?;
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
    /// Counts the calls of AWS and what is written to the log; times nothing but those calls.
    async fn count(&mut self, bench: &Bench) -> Result<Seen, String> {
        self.database.count();
        let mut process = self.start(bench).await?;
        let at_start = self.database.counted();
        self.ask_from_addresses(&mut process).await?;
        for _ in 0..WARM_UP {
            self.visit(&mut process).await?;
        }
        let written = process.output().await.len();
        self.database.count();
        for _ in 0..COUNTED {
            self.visit(&mut process).await?;
        }
        let warm = self.database.counted();
        let log = process.output().await;
        let requests = COUNTED * VISIT;
        Ok(Seen {
            subject: self.name.clone(),
            is_peer: self.subject.is_peer(),
            package: self.subject.package(&self.scenario.function)?,
            at_start,
            rounds_of_calls: Rounds::of(&warm.requests),
            warm,
            counted_requests: requests,
            log_bytes: log.len().saturating_sub(written) as f64 / requests as f64,
            log,
            init_ms: Vec::new(),
            cold_ms: Vec::new(),
            cold_cpu_ms: Vec::new(),
            visits: Vec::new(),
            resident_mib: Vec::new(),
            peak_mib: Vec::new(),
        })
    }

    async fn start(&self, bench: &Bench) -> Result<Process, String> {
        let started = Process::start(&bench.core, &self.launch, self.share).await;
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

    /// Asks once from each of the addresses that a process is to have been asked from.
    async fn ask_from_addresses(&self, process: &mut Process) -> Result<(), String> {
        for address in 0..self.scenario.addresses {
            let answered = process.call(self.scenario.event_of_address(address)).await;
            let answered = answered.map_err(|error| self.failed(&error))?;
            let (status, body) = status_and_body(&answered.body)?;
            if !self.scenario.status.contains(&status) {
                return Err(self.failed(&format!("it answered {status}: {body}")));
            }
        }
        Ok(())
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
            self.database.next_request();
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
            answer_bytes: answers.iter().map(|it| it.body.len() as f64).sum::<f64>() / VISIT as f64,
        })
    }

    fn next_visit(&mut self) -> u32 {
        self.visit += 1;
        self.visit
    }

    /// Puts back what a request uses up.
    async fn refill(&self) -> Result<(), String> {
        self.database.put(&self.scenario.refill).await
    }

    fn check(&self, answer: &[u8]) -> Result<(), String> {
        let checked = status_and_body(answer)
            .and_then(|(status, body)| self.subject.check(self.scenario, status, &body));
        checked.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &str) -> String {
        format!("{} of {}: {error}", self.scenario.function, self.name)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
