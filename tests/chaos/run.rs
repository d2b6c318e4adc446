//! One run: a population, its clients at work, and what goes wrong meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cloud::{Calls, Change, CrashPoint, Fault, FaultCounts};
use serde_json::{Value, json};
use tests::{commit, try_signal, wait_until};

use crate::arguments::Arguments;
use crate::client::TRIES;
use crate::clock_skew::{self, WrongTimes};
use crate::history::{Send, millis};
use crate::population::{Population, short_name};
use crate::workload::{Outcomes, Workload};

/// Lambda's limit for one request, as the template sets it.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long everything may take to be settled once nothing fails any more.
const SETTLE: Duration = Duration::from_secs(30);
/// How many operations there are between two processes that are killed.
const BETWEEN_KILLS: usize = 20;
/// How many operations there are between two faults that come in turn: late calls, answers later
/// than the SDK waits for one, reads that see half of a transaction for as long, all processes of
/// checkout that are at work killed at once.
const BETWEEN_OTHERS: usize = 100;
/// After how many operations a long run tells how far it is.
const PROGRESS: usize = 1000;
/// How late a call may be done.
const LATEST: Duration = Duration::from_secs(4);
/// How long a transaction is seen in part at most; the SDK sends it again after two seconds.
const TORN: Duration = Duration::from_secs(4);
/// What the rate of faults is multiplied with, one after the other.
const RATES: [f64; 6] = [0.0, 0.2, 1.0, 4.0, 1.0, 0.2];
/// Functions whose processes are killed, checkout most often.
const TARGETS: [&str; 8] = [
    "checkout",
    "checkout",
    "checkout",
    "checkout",
    "set-cart-item",
    "get-orders",
    "get-order",
    "admin-create-product",
];

/// What one run left.
pub(crate) struct Run {
    pub(crate) sends: Vec<Send>,
    pub(crate) outcomes: Outcomes,
    pub(crate) faults: FaultCounts,
    /// Processes that were killed by their number, by function.
    pub(crate) kills: BTreeMap<&'static str, u32>,
    pub(crate) retries: usize,
    /// Orders that processes made whose clocks were wrong.
    pub(crate) wrong_times: WrongTimes,
    pub(crate) took: Duration,
    /// As the checker reads it.
    pub(crate) json: Value,
}

/// Lets the clients work while things go wrong; then ends the faults, lets everybody find out what
/// they have, and reads the tables.
pub(crate) async fn run(arguments: &Arguments) -> Run {
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    let population = Population::start(&mut random, arguments.operations).await;
    let population = Arc::new(population);
    let network = Arc::clone(&population.network);
    let workload = Workload::new(Arc::clone(&population), arguments.operations);
    let people = population.people().cloned().collect();
    let signed_in = tokio::spawn(Population::keep_signed_in(people, Arc::clone(&network)));
    let began = network.history.now();
    let clients: Vec<_> = (0..arguments.clients.max(1))
        .map(|number| tokio::spawn(Arc::clone(&workload).work(number + 1, random.u64(..))))
        .collect();
    let mut trouble = Trouble {
        population: &population,
        arguments,
        random: random.fork(),
        kills: BTreeMap::new(),
        seen: 0,
        others: 0,
    };
    while clients.iter().any(|it| !it.is_finished()) {
        trouble.make(workload.begun());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let kills = trouble.kills;
    for client in clients {
        client.await.unwrap();
    }
    let took = network.history.now() - began;
    population.shop.cloud.faults().clear();
    clock_skew::end(&population.shop.cloud).await;
    let faults_ended = network.history.now();
    let open = network.take_open().into_iter();
    let settled: Vec<_> = open.map(|it| tokio::spawn(it.settle_patiently())).collect();
    for settled in settled {
        settled.await.unwrap();
    }
    Arc::clone(&workload).ask_again().await;
    // Nobody waits any more for some of what is on its way.
    let quiet = faults_ended + LATEST.max(TORN) + Duration::from_millis(500);
    tokio::time::sleep(quiet.saturating_sub(network.history.now())).await;
    wait_until(|| population.shop.cloud.is_idle()).await;
    signed_in.abort();

    let sends = network.history.sends();
    let changes = population.shop.cloud.faults().journal();
    let json = document(&population, arguments, faults_ended, &sends, &changes);
    Run {
        outcomes: workload.outcomes(),
        faults: population.shop.cloud.faults().counts(),
        kills,
        retries: network.retries.load(Ordering::Relaxed),
        wrong_times: wrong_times(&population, &changes),
        took,
        sends,
        json,
    }
}

/// What makes trouble while the clients work.
struct Trouble<'a> {
    population: &'a Population,
    arguments: &'a Arguments,
    random: fastrand::Rng,
    kills: BTreeMap<&'static str, u32>,
    /// How many operations had begun when it last looked.
    seen: usize,
    /// How many faults there were that come in turn.
    others: u32,
}

impl Trouble<'_> {
    /// Makes what is due once this many operations have begun.
    fn make(&mut self, begun: usize) {
        let faults = self.population.shop.cloud.faults();
        for number in self.seen..begun {
            let phase = |number: usize| number * RATES.len() / self.arguments.operations;
            if number == 0 || phase(number) != phase(number - 1) {
                let rate = (RATES[phase(number)] * self.arguments.fault_rate).min(1.0);
                faults.randomly(rate, self.random.u64(..));
            }
            if number > 0 && number % PROGRESS == 0 {
                eprintln!("{number} of {} operations", self.arguments.operations);
            }
            if number % BETWEEN_KILLS == BETWEEN_KILLS - 1 {
                self.kill();
            }
            if number % BETWEEN_OTHERS == BETWEEN_OTHERS / 2 {
                let (calls, fault) = self.other_fault();
                faults.inject(calls, fault);
            }
        }
        self.seen = begun;
    }

    /// Kills a process, whatever it does.
    fn kill(&mut self) {
        let function = TARGETS[self.random.usize(..TARGETS.len())];
        let pids = self.population.shop.cloud.pids(function);
        if pids.is_empty() {
            return;
        }
        let pid = pids[self.random.usize(..pids.len())];
        // It may just have ended.
        if try_signal(pid, "KILL") {
            *self.kills.entry(function).or_default() += 1;
        }
    }

    fn other_fault(&mut self) -> (Calls, Fault) {
        let random = &mut self.random;
        let transaction = Calls::of("TransactWriteItems").by("checkout");
        let crash = |random: &mut fastrand::Rng, point| {
            let calls = Calls::any().by("checkout").from_nth(random.u32(1..5));
            (calls, Fault::Crash(point))
        };
        self.others += 1;
        match self.others % 7 {
            0 => (transaction, Fault::Delay(LATEST.mul_f64(random.f64()))),
            1 => crash(random, CrashPoint::Arrived),
            2 => (transaction, Fault::AnswerLate(FUNCTION_TIMEOUT * 2)),
            3 => crash(random, CrashPoint::Done),
            4 => {
                let torn = Fault::Tear {
                    seed: random.u64(..),
                    prepared: Duration::ZERO,
                    torn: TORN,
                };
                (transaction, torn)
            }
            5 => crash(random, CrashPoint::Answered),
            _ => (transaction, Fault::Delay(LATEST)),
        }
    }
}

/// Returns how many orders were made by clocks that were wrong.
fn wrong_times(population: &Population, changes: &[Change]) -> WrongTimes {
    let history = &population.network.history;
    let mut times = WrongTimes::default();
    for change in changes {
        let id = change.item.text("orderId");
        if change.before.is_none() && id.starts_with("ord_") {
            times.count(id, history.since_1970(history.at(change.at)));
        }
    }
    times
}

/// Writes a run down as the checker reads it.
fn document(
    population: &Population,
    arguments: &Arguments,
    faults_ended: Duration,
    sends: &[Send],
    changes: &[Change],
) -> Value {
    let history = &population.network.history;
    let people = population.people().map(
        |person| json!({ "userId": person.user_id, "role": person.role, "canary": person.canary }),
    );
    let journal = changes.iter().filter_map(|change| {
        let table = short_name(&change.item.table)?;
        Some(commit(change, millis(history.at(change.at)), &table))
    });
    let sends = sends.iter().enumerate();
    json!({
        "name": format!("chaos, seed {}", arguments.seed),
        "layer": "chaos",
        "limits": {
            "functionTimeoutMillis": millis(FUNCTION_TIMEOUT), "tries": TRIES,
            "settleMillis": millis(SETTLE),
        },
        "faultsEnded": millis(faults_ended),
        "people": people.collect::<Vec<_>>(),
        "history": sends.map(|(number, it)| it.json(number)).collect::<Vec<_>>(),
        "journal": journal.collect::<Vec<_>>(),
        "tables": population.dump(),
    })
}
