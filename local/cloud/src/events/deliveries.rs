//! Every delivery of an event goes through here: counted, held back, refused, or handed to a queue
//! in the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use template::FunctionTemplate;
use tokio::sync::watch;

use super::mischief::Mischief;
use crate::environment::access_key_id;
use crate::iam::{AuthorizationRequest, Iam};
use crate::logs::Logs;
use crate::runtime::{InvokeError, MAX_WAIT, Runtime};
use crate::sqs::Queues;

/// The longest that a function which failed is left alone.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// How often a function was invoked with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryCounts {
    /// Invocations that began.
    pub begun: u32,
    /// Invocations that succeeded; for a batch of a stream that it was answered.
    pub succeeded: u32,
    /// Events and batches that were given up.
    pub given_up: u32,
}

/// What the events of a local cloud need of it.
pub(crate) struct Surroundings<'a> {
    pub(crate) runtime: &'a Arc<Runtime>,
    pub(crate) queues: &'a Arc<Queues>,
    pub(crate) iam: &'a Arc<Iam>,
    pub(crate) logs: &'a Logs,
    /// How long it takes until a function that failed is tried again; the second time twice as
    /// long, and so on.
    pub(crate) retry_delay: Duration,
}

/// What delivers events.
pub(crate) struct Deliveries {
    runtime: Arc<Runtime>,
    queues: Arc<Queues>,
    iam: Arc<Iam>,
    logs: Logs,
    retry_delay: Duration,
    mischief: Mischief,
    /// Events that are neither delivered nor given up.
    pending: Arc<watch::Sender<usize>>,
    /// How many ask that nothing be delivered.
    holds: Arc<watch::Sender<usize>>,
    counts: Mutex<BTreeMap<String, DeliveryCounts>>,
    stopping: watch::Receiver<bool>,
}

/// An event that is neither delivered nor given up, as long as this is kept.
pub(super) struct Pending(Arc<watch::Sender<usize>>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.send_modify(|it| *it -= 1);
    }
}

/// Keeps every event from being delivered until it is dropped.
pub struct HeldDeliveries(Arc<watch::Sender<usize>>);

impl Drop for HeldDeliveries {
    fn drop(&mut self) {
        self.0.send_modify(|it| *it -= 1);
    }
}

impl Deliveries {
    pub(crate) fn new(around: &Surroundings<'_>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            runtime: Arc::clone(around.runtime),
            queues: Arc::clone(around.queues),
            iam: Arc::clone(around.iam),
            logs: around.logs.clone(),
            retry_delay: around.retry_delay,
            mischief: Mischief::default(),
            pending: Arc::default(),
            holds: Arc::default(),
            counts: Mutex::default(),
            stopping,
        }
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    pub(super) fn mischief(&self) -> &Mischief {
        &self.mischief
    }

    /// Counts an event until what this returns is dropped.
    pub(super) fn begin(&self) -> Pending {
        self.pending.send_modify(|it| *it += 1);
        Pending(Arc::clone(&self.pending))
    }

    pub(super) fn is_idle(&self) -> bool {
        *self.pending.borrow() == 0
    }

    /// Waits until there is no event.
    pub(super) async fn idle(&self) {
        // The sender is this one's own.
        let _ = self.pending.subscribe().wait_for(|it| *it == 0).await;
    }

    pub(super) fn hold(&self) -> HeldDeliveries {
        self.holds.send_modify(|it| *it += 1);
        HeldDeliveries(Arc::clone(&self.holds))
    }

    pub(super) fn counts(&self, function: &str) -> DeliveryCounts {
        self.all_counts().get(function).copied().unwrap_or_default()
    }

    /// Does the work beside all else, unless the local cloud stops first.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopping = self.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => {}
                () = work => {}
            }
        });
    }

    /// Invokes a function, named by its binary, with an event.
    pub(super) async fn invoke(
        &self,
        function: &str,
        payload: Bytes,
    ) -> Result<Bytes, InvokeError> {
        let _ = self.holds.subscribe().wait_for(|it| *it == 0).await;
        self.count(function, |it| it.begun += 1);
        let answer = self.runtime.invoke(function, payload, None, MAX_WAIT).await;
        if answer.is_ok() {
            self.count(function, |it| it.succeeded += 1);
        }
        answer
    }

    /// Returns how long to wait before a function is tried again that failed this often.
    pub(super) fn delay(&self, failures: u32) -> Duration {
        let factor = 1_u32 << failures.saturating_sub(1).min(10);
        self.retry_delay.saturating_mul(factor).min(MAX_DELAY)
    }

    /// Gives an event or a batch up: says so, and hands the record to the queue, if there is one
    /// and the function's role may.
    pub(super) fn give_up(&self, function: &FunctionTemplate, queue: Option<&str>, record: &Value) {
        let binary = &function.binary;
        self.count(binary, |it| it.given_up += 1);
        let condition = record.pointer("/requestContext/condition");
        let condition = condition.and_then(Value::as_str).unwrap_or_default();
        self.logs
            .line("events", &format!("{binary} gave up: {condition}"));
        let Some(arn) = queue else {
            return;
        };
        let caller = self.iam.caller(&access_key_id(&function.name));
        let request = AuthorizationRequest::new("sqs:SendMessage", arn);
        // Whoever may not send loses the record, as on AWS; the refusal is in the log.
        let allowed = function.role.is_none()
            || caller.is_some_and(|it| it.authorize(std::slice::from_ref(&request)).is_ok());
        if allowed && let Some(queue) = self.queues.by_arn(arn) {
            queue.send(record.to_string());
        }
    }

    fn count(&self, function: &str, change: impl FnOnce(&mut DeliveryCounts)) {
        change(self.all_counts().entry(function.to_owned()).or_default());
    }

    fn all_counts(&self) -> MutexGuard<'_, BTreeMap<String, DeliveryCounts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
