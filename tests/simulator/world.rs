//! One simulated world: a database, the processes of functions, a clock, and one generator that
//! decides whatever could be otherwise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud::{EmbeddedDynamoDb, Template};
use fastrand::Rng;
use serde_json::Value;
use tokio::time::Instant;

use crate::plan::Plan;
use crate::process::Process;
use crate::story::{Told, What};

/// One simulated world. Clones are the same one.
#[derive(Clone)]
pub(crate) struct World(Arc<Inner>);

struct Inner {
    database: EmbeddedDynamoDb,
    template: Arc<Template>,
    /// The variables of each function, by its name.
    variables: BTreeMap<String, Arc<BTreeMap<String, String>>>,
    begun: Instant,
    state: Mutex<State>,
}

/// What changes.
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) plan: Plan,
    /// Processes that wait for a request, by function; the one used last stands last.
    pub(crate) idle: BTreeMap<&'static str, Vec<Process>>,
    /// How many processes were started.
    pub(crate) processes: u32,
    /// What was sent, in the order in which it began.
    pub(crate) history: Vec<Value>,
    /// Which keys were used by whom.
    pub(crate) keys: Vec<(String, String)>,
    /// How often things happened, by what they are called in the report.
    pub(crate) counts: BTreeMap<String, u64>,
    /// What happened in which order, if somebody wants to read it.
    story: Option<Vec<Told>>,
    /// When faults ended.
    pub(crate) faults_ended: u64,
}

impl World {
    pub(crate) fn new(template: &Arc<Template>, seed: u64, tells_story: bool) -> Self {
        shared::simulation::begin(seed);
        let clock = || {
            let now = shared::simulation::wall().duration_since(std::time::UNIX_EPOCH);
            now.unwrap_or_default().as_secs_f64()
        };
        let database = EmbeddedDynamoDb::start(&template.tables, clock);
        let variables = template.functions.iter().map(|function| {
            let mut variables = function.environment.clone();
            for (name, value) in [
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "simulated"),
                ("AWS_SECRET_ACCESS_KEY", "simulated"),
                ("AWS_ENDPOINT_URL", "http://simulated"),
            ] {
                variables.insert(name.to_owned(), value.to_owned());
            }
            (function.binary.clone(), Arc::new(variables))
        });
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        Self(Arc::new(Inner {
            database: database.expect("the tables are made"),
            template: Arc::clone(template),
            variables: variables.collect(),
            begun: Instant::now(),
            state: Mutex::new(State {
                rng,
                plan,
                idle: BTreeMap::new(),
                processes: 0,
                history: Vec::new(),
                keys: Vec::new(),
                counts: BTreeMap::new(),
                story: tells_story.then(Vec::new),
                faults_ended: 0,
            }),
        }))
    }

    pub(crate) fn database(&self) -> &EmbeddedDynamoDb {
        &self.0.database
    }

    pub(crate) fn template(&self) -> &Template {
        &self.0.template
    }

    /// Returns the variables of a function.
    pub(crate) fn variables(&self, function: &str) -> Arc<BTreeMap<String, String>> {
        Arc::clone(&self.0.variables[function])
    }

    /// Returns the name of the table that a variable of some function names.
    pub(crate) fn table(&self, variable: &str) -> &str {
        let mut all = self.0.variables.values();
        all.find_map(|it| it.get(variable)).expect("a table")
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many milliseconds have passed.
    pub(crate) fn now(&self) -> u64 {
        self.millis(Instant::now())
    }

    pub(crate) fn millis(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.0.begun);
        u64::try_from(passed.as_millis()).expect("a short simulation")
    }

    /// Draws from the one generator.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.state().rng)
    }

    /// Returns whether something happens that does so with this probability.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        self.draw(|rng| rng.f64()) < probability
    }

    /// Waits for a number of milliseconds that is drawn.
    pub(crate) async fn pause(&self, from: u64, to: u64) {
        let time = self.draw(|rng| rng.u64(from..=to));
        tokio::time::sleep(Duration::from_millis(time)).await;
    }

    /// Waits as long as one way through a network takes: mostly a few milliseconds.
    pub(crate) async fn travel(&self) {
        let slow = self.chance(0.05);
        self.pause(if slow { 20 } else { 1 }, if slow { 120 } else { 6 })
            .await;
    }

    /// Counts something for the report.
    pub(crate) fn count(&self, what: &str) {
        let mut state = self.state();
        match state.counts.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(state.counts.insert(what.to_owned(), 1)),
        }
    }

    /// Tells what happens, if somebody wants to read it.
    pub(crate) fn tell(&self, who: &str, what: impl FnOnce() -> What) {
        let at = self.now();
        if let Some(story) = &mut self.state().story {
            let who = who.to_owned();
            let what = what();
            story.push(Told { at, who, what });
        }
    }

    /// Returns whether nothing else holds this world any more.
    pub(crate) fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(crate) fn take_story(&self) -> Vec<Told> {
        self.state().story.take().unwrap_or_default()
    }
}
