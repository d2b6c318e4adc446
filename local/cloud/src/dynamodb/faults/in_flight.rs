//! Transactions in flight: between prepared and committed, as DynamoDB has them. It commits one
//! item after the other, and orders a transaction only against each single read: who reads several
//! items one by one may see some of them before the transaction and some after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use dynoxide::DynoxideError;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::answer;
use super::call::{Call, ItemKey};
use super::engine::{Engine, EngineRequest};
use super::journal::Journal;
use super::reason::Reason;
use super::shadow::{Before, Tables};
use crate::dynamodb::request::request;

/// Which items plain reads see as they are after the transaction.
type Shown = Box<dyn Fn(&ItemKey) -> bool + Send>;

/// What a test tells a transaction that it holds.
enum Order {
    Apply {
        shown: Shown,
        done: oneshot::Sender<()>,
    },
    End {
        end: End,
        done: oneshot::Sender<()>,
    },
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    Lost,
    Cancelled,
}

/// A transaction that a test holds between prepared and committed. Dropping it lets it end well.
pub struct HeldTransaction {
    arrived: Option<oneshot::Receiver<()>>,
    orders: mpsc::UnboundedSender<Order>,
}

impl HeldTransaction {
    pub(super) fn new() -> (Self, Holder) {
        let (tell, arrived) = oneshot::channel();
        let (sender, orders) = mpsc::unbounded_channel();
        let held = Self {
            arrived: Some(arrived),
            orders: sender,
        };
        let arrived = tell;
        (held, Holder { arrived, orders })
    }

    /// Waits until the transaction is prepared. From then on whatever touches its items conflicts
    /// with it.
    pub async fn arrived(&mut self) {
        if let Some(arrived) = self.arrived.take() {
            let _ = arrived.await;
        }
    }

    /// Commits the items that are to be shown: plain reads see these as they are after the
    /// transaction, and nothing conflicts on them any more. The others are still in flight, and
    /// plain reads see them as before.
    pub async fn apply(&self, shown: impl Fn(&ItemKey) -> bool + Send + 'static) {
        let shown: Shown = Box::new(shown);
        self.tell(|done| Order::Apply { shown, done }).await;
    }

    /// Commits all of it and answers.
    pub async fn finish(self) {
        self.end(End::Answered).await;
    }

    /// Commits all of it and closes the connection without an answer.
    pub async fn finish_without_answer(self) {
        self.end(End::Lost).await;
    }

    /// Cancels it for a conflict on each of its items, if nothing of it was committed.
    pub async fn cancel(self) {
        self.end(End::Cancelled).await;
    }

    async fn end(&self, end: End) {
        self.tell(|done| Order::End { end, done }).await;
    }

    async fn tell(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, told) = oneshot::channel();
        if self.orders.send(order(done)).is_ok() {
            let _ = told.await;
        }
    }
}

/// The transaction's end of a [`HeldTransaction`].
pub(super) struct Holder {
    arrived: oneshot::Sender<()>,
    orders: mpsc::UnboundedReceiver<Order>,
}

/// The transactions that are in flight.
pub(super) struct InFlight {
    tables: Arc<Tables>,
    journal: Arc<Journal>,
    transactions: Mutex<Vec<Arc<Prepared>>>,
}

/// A transaction that is prepared.
struct Prepared {
    token: Option<String>,
    items: Mutex<Items>,
}

struct Items {
    /// Those that are not committed.
    locked: Vec<ItemKey>,
    /// Those that plain reads see as they were, though the database has them otherwise.
    hidden: Vec<Before>,
}

impl Prepared {
    fn of(call: &Call) -> Arc<Self> {
        Arc::new(Self {
            token: call.token().map(str::to_owned),
            items: Mutex::new(Items {
                locked: call.items.clone(),
                hidden: Vec::new(),
            }),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Items) -> T) -> T {
        work(&mut self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hidden(&self) -> Vec<Before> {
        self.with(|items| items.hidden.clone())
    }

    fn locks(&self, item: &ItemKey) -> bool {
        self.with(|items| items.locked.contains(item))
    }
}

impl InFlight {
    pub(super) fn on(tables: Arc<Tables>, journal: Arc<Journal>) -> Self {
        Self {
            tables,
            journal,
            transactions: Mutex::default(),
        }
    }

    fn transactions(&self) -> MutexGuard<'_, Vec<Arc<Prepared>>> {
        let transactions = self.transactions.lock();
        transactions.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transactions().is_empty()
    }

    /// Returns what plain reads of these tables don't see yet, as it was before.
    pub(super) fn hidden(&self, call: &Call) -> Vec<Before> {
        let transactions = self.transactions();
        let hidden = transactions.iter().flat_map(|it| it.hidden());
        hidden
            .filter(|(item, _)| call.tables.contains(&item.table))
            .collect()
    }

    /// Returns whether a call touches an item of one of them.
    pub(super) fn meets(&self, call: &Call) -> bool {
        let transactions = self.transactions();
        let mut items = call.items.iter();
        items.any(|item| transactions.iter().any(|it| it.locks(item)))
    }

    /// Returns how a call is refused that meets one of them, and what that is called where faults
    /// are counted.
    pub(super) fn conflict(&self, call: &Call) -> Option<(&'static str, Response)> {
        let in_flight = self.transactions().clone();
        if in_flight.is_empty() || !(call.is_transaction() || call.is_single_write()) {
            return None;
        }
        if let Some(token) = call.token()
            && in_flight
                .iter()
                .any(|it| it.token.as_deref() == Some(token))
        {
            return Some(("same transaction still in progress", answer::in_progress()));
        }
        let locked = |item: &ItemKey| in_flight.iter().any(|it| it.locks(item));
        let locked: Vec<bool> = call.items.iter().map(locked).collect();
        if !locked.contains(&true) {
            return None;
        }
        let refused = if call.is_single_write() {
            answer::conflict()
        } else {
            self.refuse(call, &locked)
        };
        Some(("conflict with a transaction in flight", refused))
    }

    /// Refuses a call as if it met others on its items at these places.
    pub(super) fn conflict_on(&self, call: &Call, met: &[usize]) -> Response {
        if !call.is_transaction() {
            return answer::conflict();
        }
        let places = 0..call.items.len();
        let locked: Vec<bool> = places.map(|place| met.contains(&place)).collect();
        self.refuse(call, &locked)
    }

    /// Cancels a transaction whose items are partly locked by others.
    fn refuse(&self, call: &Call, locked: &[bool]) -> Response {
        let mut free = self.verdicts(call, locked).into_iter();
        let reasons = locked.iter().map(|locked| {
            if *locked {
                Reason::Conflict
            } else {
                free.next().unwrap_or(Reason::None)
            }
        });
        answer::cancelled(&Vec::from_iter(reasons))
    }

    /// Asks the database what it thinks of the actions that meet nothing, and writes none of them:
    /// a condition that never holds is sent along.
    fn verdicts(&self, call: &Call, locked: &[bool]) -> Vec<Reason> {
        if call.operation != "TransactWriteItems" {
            return Vec::new();
        }
        let all = call.body.get("TransactItems").and_then(Value::as_array);
        let free = all.into_iter().flatten().zip(locked);
        let mut free: Vec<Value> = free
            .filter(|(_, locked)| !**locked)
            .map(|(action, _)| action.clone())
            .collect();
        let tables = &mut call.tables.iter();
        let never = tables.find_map(|table| {
            let key = self.tables.schemas.absent(table)?;
            let (name, _) = key.iter().next()?;
            Some(json!({ "ConditionCheck": {
                "TableName": table,
                "ConditionExpression": "attribute_exists(#key)",
                "ExpressionAttributeNames": { "#key": name },
                "Key": key,
            }}))
        });
        if free.is_empty() {
            return Vec::new();
        }
        free.extend(never);
        let Ok(asked) = request(json!({ "TransactItems": free })) else {
            return Vec::new();
        };
        match self.tables.database.transact_write_items(asked) {
            Err(DynoxideError::TransactionCanceledException(_, reasons)) => {
                let reasons = reasons.into_iter().map(|it| {
                    if it.code == "ConditionalCheckFailed" {
                        let item = it.item.and_then(|item| serde_json::to_value(item).ok());
                        Reason::ConditionFailed(item)
                    } else {
                        Reason::None
                    }
                });
                reasons.collect()
            }
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// Holds a transaction until it is told how it ends.
    pub(super) async fn hold(
        &self,
        call: &Call,
        engine: &Engine,
        request: EngineRequest,
        holder: Holder,
    ) -> Response {
        let Holder {
            arrived,
            mut orders,
        } = holder;
        let held = self.prepare(call);
        let _ = arrived.send(());
        let mut request = Some(request);
        let mut answered = None;
        let (end, done) = loop {
            match orders.recv().await {
                Some(Order::Apply { shown, done }) => {
                    if let Some(request) = request.take() {
                        answered = Some(self.apply(call, &held, engine, request, shown).await);
                    }
                    let _ = done.send(());
                }
                Some(Order::End { end, done }) => break (end, Some(done)),
                None => break (End::Answered, None),
            }
        };
        let answer = match (end, request) {
            (End::Cancelled, Some(_)) => {
                answer::cancelled(&vec![Reason::Conflict; call.items.len()])
            }
            (_, Some(request)) => self.journal.send(call, engine, request).await,
            (_, None) => answered.unwrap_or_else(answer::none),
        };
        self.forget(&held);
        if let Some(done) = done {
            let _ = done.send(());
        }
        if end == End::Lost {
            answer::none()
        } else {
            answer
        }
    }

    /// Prepares a transaction for the first of these times, then commits it; for the second one
    /// plain reads see a part of it.
    pub(super) async fn tear(
        &self,
        call: &Call,
        engine: &Engine,
        request: EngineRequest,
        seed: u64,
        (prepared, torn): (Duration, Duration),
    ) -> Response {
        let held = self.prepare(call);
        tokio::time::sleep(prepared).await;
        let mut random = fastrand::Rng::with_seed(seed);
        let shown: Vec<ItemKey> = call
            .items
            .iter()
            .filter(|_| random.bool())
            .cloned()
            .collect();
        let shown: Shown = Box::new(move |item| shown.contains(item));
        let answer = self.apply(call, &held, engine, request, shown).await;
        tokio::time::sleep(torn).await;
        self.forget(&held);
        answer
    }

    fn prepare(&self, call: &Call) -> Arc<Prepared> {
        let held = Prepared::of(call);
        self.transactions().push(Arc::clone(&held));
        held
    }

    fn forget(&self, held: &Arc<Prepared>) {
        self.transactions().retain(|it| !Arc::ptr_eq(it, held));
    }

    async fn apply(
        &self,
        call: &Call,
        held: &Prepared,
        engine: &Engine,
        request: EngineRequest,
        shown: Shown,
    ) -> Response {
        let mut hidden: Vec<Before> = Vec::new();
        for item in call.items.iter().filter(|item| !shown(item)) {
            hidden.push((item.clone(), self.tables.get(item)));
        }
        drop(shown);
        // Before it is done, so that nobody sees more of it in between.
        held.with(|items| items.hidden.clone_from(&hidden));
        let answer = self.journal.send(call, engine, request).await;
        held.with(|items| {
            if answer.status() == StatusCode::OK {
                items.locked = hidden.into_iter().map(|(item, _)| item).collect();
            } else {
                items.hidden.clear();
                items.locked.clear();
            }
        });
        answer
    }
}
