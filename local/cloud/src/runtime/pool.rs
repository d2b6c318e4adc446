//! The instances of one function: as many as there are requests at once, up to a limit; the one
//! used last is used first; idle ones stay.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::api::Invocation;
use super::crash::Crash;
use super::error::InvokeError;
use super::instance::{Instance, Outcome, Pids};
use super::launch::Launch;
use crate::clock;
use crate::logs::Logs;

/// How many processes may turn out to have ended while idle before a request fails. It has not
/// been given to any of them.
const TRIES: usize = 20;

/// One function with its processes.
#[derive(Debug)]
pub(super) struct Pool {
    launch: Launch,
    logs: Logs,
    idle: Mutex<Vec<Instance>>,
    /// One permit per process that a laptop can bear; requests wait for one.
    slots: Arc<Semaphore>,
    /// One permit per reserved execution; requests don't wait for one.
    reserved: Option<Arc<Semaphore>>,
    pids: Pids,
    crash: Crash,
    /// How many processes were started.
    started: AtomicUsize,
    /// Whether processes are all alike, whatever variations there are.
    is_uniform: AtomicBool,
    /// Whether there is a program. Requests wait for it.
    built: watch::Sender<bool>,
    stopping: watch::Receiver<bool>,
}

impl Pool {
    pub(super) fn new(
        launch: Launch,
        instances: usize,
        logs: Logs,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let reserved = launch
            .function
            .reserved_concurrency
            .map(|limit| Arc::new(Semaphore::new(usize::try_from(limit).unwrap_or(usize::MAX))));
        let built = watch::Sender::new(!launch.is_late);
        Self {
            launch,
            logs,
            idle: Mutex::default(),
            slots: Arc::new(Semaphore::new(instances)),
            reserved,
            pids: Pids::default(),
            crash: Crash::default(),
            started: AtomicUsize::default(),
            is_uniform: AtomicBool::default(),
            built,
            stopping,
        }
    }

    /// Returns how its processes are killed for a test.
    pub(super) fn crash(&self) -> &Crash {
        &self.crash
    }

    /// Starts processes without variations from now on.
    pub(super) fn end_variations(&self) {
        self.is_uniform.store(true, Ordering::Relaxed);
    }

    pub(super) fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Returns the processes that live now, as far as the system has told.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain_mut(Instance::is_waiting);
        let pids = self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        pids.iter().copied().collect()
    }

    pub(super) fn is_built(&self) -> bool {
        *self.built.borrow()
    }

    pub(super) fn set_built(&self) {
        self.built.send_replace(true);
    }

    /// Invokes the function, as `Runtime::invoke` says.
    pub(super) async fn invoke(
        self: &Arc<Self>,
        payload: Bytes,
        trace: Option<String>,
        wait: Duration,
    ) -> Result<Bytes, InvokeError> {
        let mut built = self.built.subscribe();
        // The sender is this one's own, so it is an end only by stopping.
        let built = async { built.wait_for(|built| *built).await.is_ok() };
        if self.unless_stopping(built).await.is_none() {
            return Err(InvokeError::Stopping);
        }
        let reserved = match &self.reserved {
            None => None,
            Some(reserved) => Some(Arc::clone(reserved).try_acquire_owned().map_err(|_| {
                InvokeError::Throttled {
                    function: self.name(),
                }
            })?),
        };
        let slot = match timeout(wait, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(slot)) => slot,
            Ok(Err(_)) => return Err(InvokeError::Stopping),
            Err(_) => {
                return Err(InvokeError::Busy {
                    function: self.name(),
                });
            }
        };
        let pool = Arc::clone(self);
        // A task of its own, since a function isn't told when its caller goes away.
        let run = tokio::spawn(async move { pool.run(payload, trace, slot, reserved).await });
        run.await.unwrap_or(Err(InvokeError::Stopping))
    }

    /// Starts an instance if there is none.
    pub(super) async fn warm(&self) -> Result<(), InvokeError> {
        if self.pids().is_empty() {
            let instance = self.start().await?;
            self.put_back(instance);
        }
        Ok(())
    }

    /// Refuses further requests and ends all processes.
    pub(super) async fn stop(&self) {
        self.slots.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for mut instance in idle {
            instance.kill().await;
        }
        // Requests under way see `stopping` and kill their process themselves.
        while !self.pids().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn run(
        &self,
        payload: Bytes,
        trace: Option<String>,
        // Both are held until the instance is idle again or gone.
        _slot: OwnedSemaphorePermit,
        _reserved: Option<OwnedSemaphorePermit>,
    ) -> Result<Bytes, InvokeError> {
        let timeout = self.launch.function.timeout;
        let trace = trace.unwrap_or_else(new_trace);
        for _ in 0..TRIES {
            let mut instance = match self.take_idle() {
                Some(instance) => instance,
                None => self.start().await?,
            };
            let now = clock::now();
            let deadline_ms = (now + timeout).unix_timestamp_nanos() / 1_000_000;
            let deadline_ms = i64::try_from(deadline_ms).unwrap_or(i64::MAX);
            let invocation = Invocation {
                id: uuid::Uuid::new_v4().to_string(),
                deadline_ms: deadline_ms.saturating_add(instance.clock_ahead()),
                arn: self.launch.function.arn(),
                trace: trace.clone(),
                payload: payload.clone(),
            };
            let outcome = self
                .unless_stopping(instance.invoke(invocation, timeout, &self.crash))
                .await;
            let Some(outcome) = outcome else {
                instance.kill().await;
                return Err(InvokeError::Stopping);
            };
            if instance.is_waiting() {
                self.put_back(instance);
            }
            let function = self.name();
            return match outcome {
                // The process ended while it was idle: the request has not been seen by anyone.
                Outcome::NotTaken => continue,
                Outcome::Answer(answer) => Ok(answer),
                Outcome::Failed(payload) => Err(InvokeError::Failed {
                    function,
                    payload: payload.into(),
                }),
                Outcome::TooLarge => Err(InvokeError::ResponseTooLarge { function }),
                Outcome::Crashed(reason) => {
                    self.logs
                        .line(&function, &format!("died during a request: {reason}"));
                    Err(InvokeError::Crashed { function, reason })
                }
                Outcome::TimedOut => {
                    let error = InvokeError::TimedOut { function, timeout };
                    self.logs.line(&self.name(), &error.to_string());
                    Err(error)
                }
            };
        }
        Err(InvokeError::Crashed {
            function: self.name(),
            reason: format!("{TRIES} of its processes ended while they waited for a request"),
        })
    }

    async fn start(&self) -> Result<Instance, InvokeError> {
        let nth = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        let nth = (!self.is_uniform.load(Ordering::Relaxed)).then_some(nth);
        let start = Instance::start(&self.launch, &self.logs, &self.pids, &self.crash, nth);
        match self.unless_stopping(start).await {
            None => Err(InvokeError::Stopping),
            Some(Ok(instance)) => Ok(instance),
            Some(Err(reason)) => {
                let function = self.name();
                self.logs
                    .line(&function, &format!("did not start: {reason}"));
                Err(InvokeError::Init { function, reason })
            }
        }
    }

    /// Does the work; `None` if the local cloud began to stop first.
    async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => None,
            done = work => Some(done),
        }
    }

    fn take_idle(&self) -> Option<Instance> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut instance) = idle.pop() {
            if instance.is_waiting() {
                return Some(instance);
            }
        }
        None
    }

    fn put_back(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // `stop` has taken all instances by then, or takes this one.
        if !*self.stopping.borrow() {
            idle.push(instance);
        }
    }

    fn name(&self) -> String {
        self.launch.function.binary.clone()
    }
}

/// Makes a trace id of X-Ray's form, for calls that came without one.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
pub(crate) fn new_trace() -> String {
    let seconds = clock::now().unix_timestamp();
    let random = uuid::Uuid::new_v4().simple().to_string();
    let (random, _) = random.split_at(24);
    format!("Root=1-{seconds:08x}-{random}")
}
