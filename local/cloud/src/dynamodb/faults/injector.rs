//! The faults of one DynamoDB, and what becomes of its calls.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::header;
use axum::response::Response;
use dynoxide::Database;
use serde_json::Value;
use tokio::time::Instant;

use super::answer;
use super::call::Call;
use super::crash::{Callers, CrashPoint};
use super::engine::{Engine, EngineRequest};
use super::in_flight::{HeldTransaction, InFlight};
use super::journal::{Change, Journal};
use super::observed::{FaultCounts, Watch, Watched};
use super::random::Random;
use super::reason::Reason;
use super::script::{Action, Calls, Fault, Rule};
use super::shadow::{FrozenIndex, Tables};
use crate::error::CloudError;
use crate::runtime::Runtime;
use template::TableTemplate;

/// What goes wrong in one DynamoDB. Clones are the same one's.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

struct Shared {
    tables: Arc<Tables>,
    journal: Arc<Journal>,
    in_flight: InFlight,
    callers: Callers,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    frozen: Vec<FrozenIndex>,
    random: Option<Random>,
    watches: Vec<Watch>,
    counts: FaultCounts,
}

fn unreadable(table: &str, reason: String) -> CloudError {
    CloudError::Table {
        table: table.to_owned(),
        reason,
    }
}

/// How often a fault was met.
#[derive(Debug, Clone)]
pub struct Injection(Arc<AtomicU32>);

impl Injection {
    /// Returns how many calls met it so far.
    #[must_use]
    pub fn hits(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Faults {
    /// Makes the faults before a database's own service.
    pub(in crate::dynamodb) fn of(database: Database, tables: &[TableTemplate]) -> Self {
        Self::on(Tables::of(database, tables, false))
    }

    /// Makes the faults before a database in the caller's own thread.
    pub(in crate::dynamodb) fn of_embedded(database: Database, tables: &[TableTemplate]) -> Self {
        Self::on(Tables::of(database, tables, true))
    }

    fn on(tables: Tables) -> Self {
        let tables = Arc::new(tables);
        let journal = Arc::new(Journal::of(Arc::clone(&tables)));
        Self {
            shared: Arc::new(Shared {
                in_flight: InFlight::on(Arc::clone(&tables), Arc::clone(&journal)),
                journal,
                tables,
                callers: Callers::default(),
                state: Mutex::default(),
            }),
        }
    }

    /// Lets functions' processes be killed: those that this runtime runs.
    pub(crate) fn use_runtime(&self, runtime: Arc<Runtime>) {
        self.shared.callers.use_runtime(runtime);
    }

    /// Lets these calls meet a fault. Of several that fit a call, the first one counts.
    pub fn inject(&self, calls: Calls, fault: Fault) -> Injection {
        self.add(Rule::new(calls, Action::Fault(fault)))
    }

    /// Holds the first transaction among these calls between prepared and committed: whatever
    /// touches its items meanwhile conflicts with it, and plain reads see as much of it as the
    /// test wants.
    pub fn hold(&self, calls: Calls) -> HeldTransaction {
        let (held, holder) = HeldTransaction::new();
        self.add(Rule::new(calls, Action::Hold(holder)));
        held
    }

    /// Answers queries of an index from the state that it has now, until [`Faults::clear`].
    ///
    /// # Errors
    /// When the table can't be copied.
    pub async fn freeze_index(&self, table: &str, index: &str) -> Result<(), CloudError> {
        let frozen = self.shared.tables.freeze(table, index).await;
        let frozen = frozen.map_err(|reason| unreadable(table, reason))?;
        self.state().frozen.push(frozen);
        Ok(())
    }

    /// Returns all items of a table as they now are, whatever goes wrong with calls.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn items(&self, table: &str) -> Result<Vec<Value>, CloudError> {
        let items = self.shared.tables.items(table);
        items.map_err(|reason| unreadable(table, reason))
    }

    /// Lets that part of all functions' calls, from 0 to 1, meet faults drawn from a seed: which
    /// fault the nth call of an operation by a function meets depends on the seed alone. The
    /// operator's own calls go well.
    pub fn randomly(&self, rate: f64, seed: u64) {
        self.state().random = Some(Random::new(rate, seed));
    }

    /// Keeps every change to the tables from now on, for [`Faults::journal`]. Writes are then done
    /// one after the other.
    pub fn start_journal(&self) {
        self.shared.journal.start();
    }

    /// Returns the changes to the tables since [`Faults::start_journal`], in the order in which
    /// they were committed. What is deleted because its time to live is over is not among them.
    #[must_use]
    pub fn journal(&self) -> Vec<Change> {
        self.shared.journal.changes()
    }

    /// Keeps a list of these calls, whatever becomes of them. How many of them are told by
    /// [`Calls`] doesn't matter.
    pub fn watch(&self, calls: Calls) -> Watched {
        let (watch, watched) = Watch::of(calls);
        self.state().watches.push(watch);
        watched
    }

    /// Returns how many calls met each kind of fault so far, by what it is called.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.state().counts.clone()
    }

    /// Ends all faults but for transactions that are being held.
    pub fn clear(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.frozen.clear();
        state.random = None;
    }

    fn add(&self, rule: Rule) -> Injection {
        let hits = Injection(Arc::clone(&rule.hits));
        self.state().rules.push(rule);
        hits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let state = self.state();
        state.rules.is_empty()
            && !self.shared.journal.is_on()
            && state.watches.is_empty()
            && self.shared.in_flight.is_empty()
            && state.frozen.is_empty()
            && state.random.is_none()
    }

    /// Answers a call: by the database, or with what went wrong. `caller` is a function's binary;
    /// `None` for the operator.
    pub(in crate::dynamodb) async fn answer(
        &self,
        engine: &Engine,
        caller: Option<&str>,
        request: EngineRequest,
    ) -> Response {
        self.answer_or_fail(engine, caller, request, None).await
    }

    /// Answers a call as [`Faults::answer`] does, but with this fault, if there is one.
    pub(in crate::dynamodb) async fn answer_or_fail(
        &self,
        engine: &Engine,
        caller: Option<&str>,
        request: EngineRequest,
        fault: Option<Fault>,
    ) -> Response {
        if fault.is_none() && self.is_idle() {
            return engine.send(request).await;
        }
        let Some(call) = Call::read(caller, &request, &self.shared.tables.schemas) else {
            return engine.send(request).await;
        };
        let (faults, engine) = (self.clone(), engine.clone());
        // Apart from the connection: whoever hangs up doesn't undo what they sent.
        let fault = fault.map(Action::Fault);
        let performed = async move { faults.perform(call, &engine, request, fault).await };
        let performed = tokio::spawn(performed);
        performed.await.unwrap_or_else(|_| answer::none())
    }

    fn count(&self, name: &'static str) {
        *self.state().counts.entry(name).or_default() += 1;
    }

    /// Returns what this call is to meet.
    fn choose(&self, call: &Call) -> Option<Action> {
        let state = &mut *self.state();
        for watch in &state.watches {
            watch.see(call);
        }
        let mut chosen = None;
        for rule in &mut state.rules {
            // Each counts the calls that fit it, whichever of them acts.
            if rule.counts(call) && chosen.is_none() {
                chosen = rule.act();
            }
        }
        chosen.or_else(|| state.random.as_mut()?.choose(call))
    }

    async fn perform(
        &self,
        call: Call,
        engine: &Engine,
        request: EngineRequest,
        fault: Option<Action>,
    ) -> Response {
        let in_flight = &self.shared.in_flight;
        let callers = &self.shared.callers;
        if callers.is_kill_due(&call) {
            callers.kill(&call).await;
            return answer::none();
        }
        let action = match fault.or_else(|| self.choose(&call)) {
            None => return self.serve(&call, engine, request).await,
            // Met before it can be prepared itself.
            Some(Action::Hold(_) | Action::Fault(Fault::Tear { .. })) if in_flight.meets(&call) => {
                return self.serve(&call, engine, request).await;
            }
            Some(action) => action,
        };
        self.count(action.name());
        let fault = match action {
            Action::Hold(holder) => {
                return in_flight.hold(&call, engine, request, holder).await;
            }
            Action::Fault(fault) => fault,
        };
        match fault {
            Fault::Tear {
                seed,
                prepared,
                torn,
            } => {
                let times = (prepared, torn);
                in_flight.tear(&call, engine, request, seed, times).await
            }
            Fault::ConflictOn(met) => in_flight.conflict_on(&call, &met),
            Fault::Cancel(reasons) => answer::cancelled(&call.reasons(&reasons)),
            Fault::Conflict if call.is_transaction() => {
                let met = vec![Reason::Conflict; call.items.len()];
                answer::cancelled(&met)
            }
            Fault::Conflict => answer::conflict(),
            Fault::Throttle => answer::throttled(),
            Fault::FailBefore => answer::failed(),
            Fault::FailAfter => {
                self.serve(&call, engine, request).await;
                answer::failed()
            }
            Fault::DropBefore => answer::none(),
            Fault::DropAfter => {
                self.serve(&call, engine, request).await;
                answer::none()
            }
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                self.serve(&call, engine, request).await
            }
            Fault::Stale(age) => self.serve_stale(&call, engine, request, age).await,
            Fault::Unprocessed => self.serve_half(&call, engine, request).await,
            Fault::AnswerLate(time) => {
                let answer = self.serve(&call, engine, request).await;
                tokio::time::sleep(time).await;
                answer
            }
            Fault::Crash(CrashPoint::Arrived) => {
                callers.kill(&call).await;
                answer::none()
            }
            Fault::Crash(CrashPoint::Done) => {
                self.serve(&call, engine, request).await;
                callers.kill(&call).await;
                answer::none()
            }
            Fault::Crash(CrashPoint::Answered) => {
                let answer = self.serve(&call, engine, request).await;
                callers.kill_at_next(&call);
                answer
            }
        }
    }

    /// Answers a read from the tables as they were so long ago, as far as it allows that.
    async fn serve_stale(
        &self,
        call: &Call,
        engine: &Engine,
        request: EngineRequest,
        age: Duration,
    ) -> Response {
        let moment = Instant::now().checked_sub(age);
        let mut before = moment.map_or_else(Vec::new, |it| self.shared.journal.before(it));
        before.retain(|(item, _)| call.reads_eventually(&item.table));
        if before.is_empty() {
            return self.serve(call, engine, request).await;
        }
        // What others don't see of a transaction yet stays hidden where now is asked for.
        let mut hidden = self.shared.in_flight.hidden(call);
        hidden.retain(|(item, _)| !call.reads_eventually(&item.table));
        before.extend(hidden);
        self.shared.tables.read_before(call, before).await
    }

    /// Reads half of a batch's keys, and hands the others back; anything else is answered as it
    /// would be.
    async fn serve_half(
        &self,
        call: &Call,
        engine: &Engine,
        mut request: EngineRequest,
    ) -> Response {
        let Some((half, others)) = call.halves() else {
            return self.serve(call, engine, request).await;
        };
        request.body = half.to_string().into();
        request.parts.headers.remove(header::CONTENT_LENGTH);
        let caller = call.caller.as_deref();
        let Some(half) = Call::read(caller, &request, &self.shared.tables.schemas) else {
            return answer::failed();
        };
        let answer = self.serve(&half, engine, request).await;
        answer::unprocessed(answer, others).await
    }

    /// Answers as things are: a conflict with a transaction in flight, an older state, or what the
    /// database says.
    async fn serve(&self, call: &Call, engine: &Engine, request: EngineRequest) -> Response {
        if let Some((name, conflict)) = self.shared.in_flight.conflict(call) {
            self.count(name);
            return conflict;
        }
        if call.is_plain_read() {
            let frozen = {
                let state = self.state();
                let mut frozen = state.frozen.iter().filter(|it| it.answers(call));
                frozen.next().cloned()
            };
            if let Some(frozen) = frozen {
                return frozen.read(call);
            }
            let hidden = self.shared.in_flight.hidden(call);
            if !hidden.is_empty() {
                return self.shared.tables.read_before(call, hidden).await;
            }
        }
        self.shared.journal.send(call, engine, request).await
    }
}
