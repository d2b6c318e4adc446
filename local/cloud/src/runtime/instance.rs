//! One process of a function: started, given one request at a time, ended.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::api::{self, Invocation, RuntimeMessage};
use super::crash::{Crash, Orders};
use super::launch::{Launch, Variation};
use crate::logs::Logs;
use crate::service::serve_router;

/// How long a process may take until it asks for its first request. Lambda gives 10 seconds; a
/// laptop that compiles at the same time, with a debug build, needs more.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for the last output of a process that is gone. Only a grandchild that holds
/// the pipe open could make it longer.
const STDERR_DRAIN: Duration = Duration::from_millis(500);

/// What is said of a process that was killed for a test.
const KILLED: &str = "it was killed";

/// The process ids of a function's instances.
pub(super) type Pids = Arc<Mutex<BTreeSet<u32>>>;

/// How a request ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The function answered.
    Answer(Bytes),
    /// The function reported an error.
    Failed(Bytes),
    /// The answer was too large.
    TooLarge,
    /// The process was already gone; the request was never given to it.
    NotTaken,
    /// The process ended or broke the protocol.
    Crashed(String),
    /// The process was killed for taking too long.
    TimedOut,
}

/// A process that waits for requests. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Instance {
    child: Child,
    messages: mpsc::Receiver<RuntimeMessage>,
    /// Where to send the next request, while the process waits for one.
    waiting: Option<oneshot::Sender<Invocation>>,
    /// By how many milliseconds its clock is fast.
    clock_ahead: i64,
    output: Output,
    registration: Registration,
    /// The Runtime API ends when this is dropped.
    _server: oneshot::Sender<()>,
}

impl Instance {
    /// Starts a process and waits until it asks for its first request. Variations apply to it if it
    /// is the nth of its function.
    ///
    /// # Errors
    /// A sentence with the last line that the process wrote, if it doesn't get that far.
    pub(super) async fn start(
        launch: &Launch,
        logs: &Logs,
        pids: &Pids,
        crash: &Crash,
        nth: Option<usize>,
    ) -> Result<Self, String> {
        let mut orders = crash.begin();
        let variations: Vec<&Variation> = nth
            .into_iter()
            .flat_map(|nth| launch.variations(nth))
            .collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|error| format!("no loopback port for its Runtime API: {error}"))?;
        let address = listener
            .local_addr()
            .map_err(|error| format!("no loopback port for its Runtime API: {error}"))?;
        let (sender, messages) = mpsc::channel(8);
        let (server, stop) = oneshot::channel();
        tokio::spawn(serve_router(listener, api::router(sender), stop));

        let stream = uuid::Uuid::new_v4().simple().to_string();
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(&launch.environment)
            .envs(variations.iter().flat_map(|it| &it.variables))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env(
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!("local/[$LATEST]{stream}"),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in a terminal reaches the whole foreground group: in a group of their
            // own, functions finish what they do until the local cloud ends them. If the local
            // cloud is killed outright, their next call to the Runtime API fails and ends them.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be run: {error}", launch.program.display()))?;

        let output = Output::follow(&mut child, &launch.function.binary, logs);
        let registration = Registration::new(pids, child.id());
        let mut instance = Self {
            child,
            messages,
            waiting: None,
            clock_ahead: variations.iter().map(|it| it.clock_ahead).sum(),
            output,
            registration,
            _server: server,
        };
        match timeout(INIT_TIMEOUT, instance.first_message(&mut orders)).await {
            Ok(Ok(())) => Ok(instance),
            Ok(Err(reason)) => Err(reason),
            Err(_) => Err(format!(
                "it did not ask for a request within {} seconds",
                INIT_TIMEOUT.as_secs()
            )),
        }
    }

    async fn first_message(&mut self, orders: &mut Orders) -> Result<(), String> {
        tokio::select! {
            order = orders.end() => {
                self.kill().await;
                let _ = order.send(());
                Err(KILLED.to_owned())
            }
            status = self.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |it| it.to_string());
                Err(format!("its process ended ({status}){}", self.output.last_line().await))
            }
            message = self.messages.recv() => match message {
                Some(RuntimeMessage::Next(waiting)) => {
                    self.waiting = Some(waiting);
                    Ok(())
                }
                Some(RuntimeMessage::InitError(error)) => {
                    Err(format!("it reported {}", String::from_utf8_lossy(&error)))
                }
                Some(RuntimeMessage::Response(..) | RuntimeMessage::Error(..)) | None => {
                    Err("it answered before it had asked for a request".to_owned())
                }
            },
        }
    }

    /// Returns whether the process waits for a request, as far as can be known.
    pub(super) fn is_waiting(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
            && self.waiting.as_ref().is_some_and(|it| !it.is_closed())
    }

    /// Returns by how many milliseconds the process's clock is fast.
    pub(super) fn clock_ahead(&self) -> i64 {
        self.clock_ahead
    }

    /// Gives the process one request and waits for its answer, and for it to ask for the next
    /// one: only then is it free, and only then does Lambda call an invocation finished.
    pub(super) async fn invoke(
        &mut self,
        invocation: Invocation,
        limit: Duration,
        crash: &Crash,
    ) -> Outcome {
        let mut orders = crash.begin();
        let id = invocation.id.clone();
        let deadline = Instant::now() + limit;
        let taken = self
            .waiting
            .take()
            .is_some_and(|waiting| waiting.send(invocation).is_ok());
        if !taken {
            return Outcome::NotTaken;
        }
        let mut answer = None;
        loop {
            tokio::select! {
                // What the process said comes before its end, unless it is killed for a test.
                biased;
                order = orders.end() => {
                    self.kill().await;
                    let _ = order.send(());
                    return Outcome::Crashed(KILLED.to_owned());
                }
                message = self.messages.recv() => match message {
                    _ if crash.take_due() => {
                        self.kill().await;
                        return Outcome::Crashed(KILLED.to_owned());
                    }
                    Some(RuntimeMessage::Response(of, body)) if of == id => {
                        answer = Some(body.map_or(Outcome::TooLarge, Outcome::Answer));
                    }
                    Some(RuntimeMessage::Error(of, body)) if of == id => {
                        answer = Some(Outcome::Failed(body));
                    }
                    Some(RuntimeMessage::Next(waiting)) => {
                        if let Some(answer) = answer {
                            self.waiting = Some(waiting);
                            return answer;
                        }
                        self.kill().await;
                        return Outcome::Crashed(
                            "it asked for another request without answering this one".to_owned(),
                        );
                    }
                    Some(RuntimeMessage::Response(of, _) | RuntimeMessage::Error(of, _)) => {
                        self.kill().await;
                        return Outcome::Crashed(format!("it answered {of}, which is not its request"));
                    }
                    Some(RuntimeMessage::InitError(_)) | None => {
                        self.kill().await;
                        return answer.unwrap_or_else(|| {
                            Outcome::Crashed("it broke the Runtime API".to_owned())
                        });
                    }
                },
                status = self.child.wait() => {
                    let status = status.map_or_else(|error| error.to_string(), |it| it.to_string());
                    return match answer {
                        Some(answer) => answer,
                        None => Outcome::Crashed(format!(
                            "its process ended ({status}){}",
                            self.output.last_line().await
                        )),
                    };
                }
                () = sleep_until(deadline) => {
                    self.kill().await;
                    return answer.unwrap_or(Outcome::TimedOut);
                }
            }
        }
    }

    /// Ends the process and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        // It fails only for a process that is gone.
        let _ = self.child.kill().await;
        // After the end: a process whose question is left unanswered while it lives complains
        // of it in the log.
        self.waiting = None;
        self.registration.remove();
    }
}

/// The list of live processes has this one until it is dropped.
#[derive(Debug)]
struct Registration {
    pids: Pids,
    pid: Option<u32>,
}

impl Registration {
    fn new(pids: &Pids, pid: Option<u32>) -> Self {
        pids.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(pid);
        Self {
            pids: Arc::clone(pids),
            pid,
        }
    }

    fn remove(&mut self) {
        if let Some(pid) = self.pid.take() {
            self.pids
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&pid);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Carries a process's output to the log and remembers its last line, which mostly says why it
/// ended.
#[derive(Debug)]
struct Output {
    errors: Option<JoinHandle<()>>,
    last: Arc<Mutex<String>>,
}

impl Output {
    fn follow(child: &mut Child, source: &str, logs: &Logs) -> Self {
        let last = Arc::default();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(copy(stdout, source.to_owned(), logs.clone(), None));
        }
        let errors = child.stderr.take().map(|stderr| {
            let last = Some(Arc::clone(&last));
            tokio::spawn(copy(stderr, source.to_owned(), logs.clone(), last))
        });
        Self { errors, last }
    }

    /// Returns `: <last line of standard error>`, or nothing if there was none.
    async fn last_line(&mut self) -> String {
        if let Some(errors) = self.errors.take() {
            let _ = timeout(STDERR_DRAIN, errors).await;
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() {
            String::new()
        } else {
            format!(": {last}")
        }
    }
}

async fn copy(
    from: impl AsyncRead + Unpin,
    source: String,
    logs: Logs,
    last: Option<Arc<Mutex<String>>>,
) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    // A pipe that can't be read any more has no more lines.
    while let Ok(1..) = from.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        logs.line(&source, text);
        if let Some(last) = last.as_ref().filter(|_| !text.is_empty()) {
            text.clone_into(&mut last.lock().unwrap_or_else(PoisonError::into_inner));
        }
        line.clear();
    }
}
