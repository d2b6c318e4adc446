//! One process of a function on a core of its own, and the Lambda Runtime API that it asks for
//! requests. <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
//!
//! The local cloud has a Runtime API too, for many instances at once. This one notes when each
//! call came in, and starts processes on their core.

use std::collections::BTreeMap;
use std::io::{PipeReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tests::measure::{Memory, ProcessorShare, ThreadTimes, memory};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long a process may take for its start, or for one request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a process is left alone before its processor time is read, so that what it does after
/// it has asked for the next request is counted.
const SETTLE: Duration = Duration::from_millis(2);
/// How much of a process's output is kept.
const KEPT_OUTPUT: usize = 1 << 20;
/// How much of it is shown to say why the process failed.
const SHOWN_OUTPUT: usize = 4096;

/// What a process said, and when.
enum Message {
    Next(Instant, oneshot::Sender<Bytes>),
    Response(Instant, Bytes),
    Error(Bytes),
}

/// How to start a function.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program and its arguments.
    pub(crate) command: Vec<PathBuf>,
    /// The whole environment, but for the Runtime API.
    pub(crate) environment: BTreeMap<String, String>,
}

/// A running process that waits for a request. Dropping it kills the process.
pub(crate) struct Process {
    child: Child,
    messages: mpsc::Receiver<Message>,
    waiting: Option<oneshot::Sender<Bytes>>,
    started: Instant,
    /// From the start of the process until it asked for its first request.
    pub(crate) init: Duration,
    output: Arc<Mutex<Vec<u8>>>,
    server: JoinHandle<()>,
}

/// An answer, and what it took.
pub(crate) struct Answered {
    /// From handing the request over until the answer was there.
    pub(crate) wall: Duration,
    /// From the start of the process until the answer was there.
    pub(crate) since_start: Duration,
    /// The function's answer.
    pub(crate) body: Bytes,
}

impl Process {
    /// Starts a process and waits until it asks for its first request. From then on it has a share
    /// of its core: Lambda gives whole processors until then.
    ///
    /// # Errors
    /// A sentence, with the end of what the process wrote.
    pub(crate) async fn start(
        core: &FunctionCore,
        launch: &Launch,
        share: Option<&ProcessorShare>,
    ) -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| format!("no port for the Runtime API: {error}"))?;
        let api = listener.local_addr().map_err(|error| error.to_string())?;
        let (sender, messages) = mpsc::channel(8);
        let server = tokio::spawn(async move {
            let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
                let _ = stream.set_nodelay(true);
            });
            // It ends when the task is aborted.
            let _ = axum::serve(listener, router(sender)).await;
        });
        let mut environment = launch.environment.clone();
        environment.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), api.to_string());
        let (child, output, started) = core.spawn(launch.command.clone(), environment).await?;
        let mut process = Self {
            child,
            messages,
            waiting: None,
            started,
            init: Duration::ZERO,
            output: Arc::default(),
            server,
        };
        let kept = Arc::clone(&process.output);
        std::thread::spawn(move || drain(output, &kept));
        process.init = process.next().await?.duration_since(started);
        if let Some(share) = share {
            let asked = Instant::now();
            share.join(process.child.id())?;
            // To move a process takes the kernel up to ten milliseconds, which are nobody's.
            process.started += asked.elapsed();
        }
        Ok(process)
    }

    /// Hands one request over, and waits for the answer and until the process asks for the next:
    /// only then is it free for another.
    ///
    /// # Errors
    /// A sentence, with the end of what the process wrote.
    pub(crate) async fn call(&mut self, event: Bytes) -> Result<Answered, String> {
        let waiting = self.waiting.take().expect("the process waits");
        let handed = Instant::now();
        if waiting.send(event).is_err() {
            return Err(self.failure("it no longer waited for a request"));
        }
        let (at, body) = match self.message().await? {
            Message::Response(at, body) => (at, body),
            Message::Error(error) => {
                let error = String::from_utf8_lossy(&error).into_owned();
                return Err(self.failure(&format!("it reported {error}")));
            }
            Message::Next(..) => return Err(self.failure("it asked for two requests at once")),
        };
        self.next().await?;
        Ok(Answered {
            wall: at.duration_since(handed),
            since_start: at.duration_since(self.started),
            body,
        })
    }

    /// The processor time of its threads so far, once it has come to rest.
    pub(crate) async fn times(&self) -> ThreadTimes {
        tokio::time::sleep(SETTLE).await;
        ThreadTimes::of(self.child.id())
    }

    /// What it has written so far, or the end of it, once it has come to rest.
    pub(crate) async fn output(&self) -> String {
        tokio::time::sleep(SETTLE).await;
        let output = self.output.lock().expect("nobody panicked with it");
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> Memory {
        memory(self.child.id())
    }

    async fn next(&mut self) -> Result<Instant, String> {
        match self.message().await? {
            Message::Next(at, waiting) => {
                self.waiting = Some(waiting);
                Ok(at)
            }
            Message::Error(error) => {
                let error = String::from_utf8_lossy(&error).into_owned();
                Err(self.failure(&format!("it reported {error}")))
            }
            Message::Response(..) => Err(self.failure("it answered without a request")),
        }
    }

    async fn message(&mut self) -> Result<Message, String> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            // A process that ended says nothing any more: look for that now and then.
            let wait = tokio::time::timeout(Duration::from_millis(200), self.messages.recv());
            if let Ok(message) = wait.await {
                return message.ok_or_else(|| self.failure("its Runtime API ended"));
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(&format!("its process ended ({status})")));
            }
            if Instant::now() > deadline {
                return Err(self.failure("it said nothing for half a minute"));
            }
        }
    }

    fn failure(&self, what: &str) -> String {
        let output = self.output.lock().expect("nobody panicked with it");
        let shown = &output[output.len().saturating_sub(SHOWN_OUTPUT)..];
        format!("{what}\n{}", String::from_utf8_lossy(shown))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.server.abort();
    }
}

/// Reads what a process writes, as Lambda does, so that it never waits for a reader.
fn drain(mut output: PipeReader, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        let mut kept = kept.lock().expect("nobody panicked with it");
        kept.extend_from_slice(&buffer[..length]);
        let surplus = kept.len().saturating_sub(KEPT_OUTPUT);
        kept.drain(..surplus);
    }
}

fn router(messages: mpsc::Sender<Message>) -> Router {
    let invocation = "/2018-06-01/runtime/invocation";
    Router::new()
        .route(&format!("{invocation}/next"), get(next))
        .route(&format!("{invocation}/{{id}}/response"), post(response))
        .route(&format!("{invocation}/{{id}}/error"), post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(messages)
}

async fn next(State(messages): State<mpsc::Sender<Message>>) -> Response {
    let (sender, receiver) = oneshot::channel();
    let message = Message::Next(Instant::now(), sender);
    if messages.send(message).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Ok(event) = receiver.await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let deadline = (now + TIMEOUT).as_millis().to_string();
    let headers = [
        ("content-type", "application/json"),
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        ),
        ("lambda-runtime-deadline-ms", deadline.as_str()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:000000000000:function:measured",
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        ),
    ];
    (headers, event).into_response()
}

async fn response(State(messages): State<mpsc::Sender<Message>>, body: Bytes) -> StatusCode {
    accept(&messages, Message::Response(Instant::now(), body)).await
}

async fn error(State(messages): State<mpsc::Sender<Message>>, body: Bytes) -> StatusCode {
    accept(&messages, Message::Error(body)).await
}

async fn accept(messages: &mpsc::Sender<Message>, message: Message) -> StatusCode {
    match messages.send(message).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}

/// The status of an answer in API Gateway's form, and its body.
///
/// # Errors
/// When it has another form.
pub(crate) fn status_and_body(answer: &[u8]) -> Result<(u64, Value), String> {
    let parsed: Option<Value> = serde_json::from_slice(answer).ok();
    let status = parsed.as_ref().and_then(|it| it["statusCode"].as_u64());
    let (Some(answer), Some(status)) = (parsed, status) else {
        let answer = String::from_utf8_lossy(answer);
        return Err(format!("it answered no HTTP response: {answer}"));
    };
    let body = answer["body"].as_str().unwrap_or_default();
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    Ok((status, body))
}

type Spawned = Result<(Child, PipeReader, Instant), String>;
type Order = (
    Vec<PathBuf>,
    BTreeMap<String, String>,
    oneshot::Sender<Spawned>,
);

/// The core that functions run on, alone: a thread bound to it starts them, since a process
/// inherits the cores of the thread that starts it.
pub(crate) struct FunctionCore {
    orders: blocking::Sender<Order>,
}

impl FunctionCore {
    /// Binds this process, all its threads and what they start from now on, to all cores but the
    /// last, which functions have. Must be called before other threads are made.
    ///
    /// # Errors
    /// When there is one core only, or no `taskset` (of util-linux): the standard library has no
    /// means for it.
    pub(crate) fn reserve() -> Result<(Self, Cores), String> {
        let cores = Cores::of_process()?;
        bind(&std::process::id().to_string(), &cores.others)?;
        let (orders, inbox) = blocking::channel::<Order>();
        let (bound, answer) = blocking::channel();
        let own = cores.function.clone();
        std::thread::spawn(move || {
            let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
            let id = thread.file_name().unwrap_or_default().to_string_lossy();
            let done = bind(&id, &own);
            let failed = done.is_err();
            let _ = bound.send(done);
            if failed {
                return;
            }
            for (command, environment, reply) in inbox {
                let _ = reply.send(spawn(&command, &environment));
            }
        });
        answer.recv().map_err(|error| error.to_string())??;
        Ok((Self { orders }, cores))
    }

    async fn spawn(&self, command: Vec<PathBuf>, environment: BTreeMap<String, String>) -> Spawned {
        let (reply, spawned) = oneshot::channel();
        let gone = || "the thread that starts processes is gone".to_owned();
        let order = (command, environment, reply);
        self.orders.send(order).map_err(|_| gone())?;
        spawned.await.map_err(|_| gone())?
    }
}

fn spawn(command: &[PathBuf], environment: &BTreeMap<String, String>) -> Spawned {
    let fail = |error: std::io::Error| format!("{} can't be run: {error}", command[0].display());
    let (output, writer) = std::io::pipe().map_err(fail)?;
    let errors = writer.try_clone().map_err(fail)?;
    let mut process = Command::new(&command[0]);
    process
        .args(&command[1..])
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors);
    let started = Instant::now();
    let child = process.spawn().map_err(fail)?;
    Ok((child, output, started))
}

/// Binds a process or thread to cores.
fn bind(id: &str, cores: &str) -> Result<(), String> {
    let done = Command::new("taskset").args(["-cp", cores, id]).output();
    let done = done.map_err(|error| format!("taskset, of util-linux, can't be run: {error}"))?;
    if done.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&done.stderr).into_owned())
    }
}

/// Which cores do what, as `taskset` lists them.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    /// The one that functions have.
    pub(crate) function: String,
    /// Those of everything else.
    pub(crate) others: String,
}

impl Cores {
    fn of_process() -> Result<Self, String> {
        let status = std::fs::read_to_string("/proc/self/status");
        let status = status.map_err(|error| format!("this benchmark needs Linux: {error}"))?;
        let list = status
            .lines()
            .find_map(|it| it.strip_prefix("Cpus_allowed_list:"));
        let mut cores = Vec::new();
        for range in list.unwrap_or_default().trim().split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
                return Err(format!("/proc/self/status lists the cores {list:?}"));
            };
            cores.extend(first..=last);
        }
        let function = cores.pop().filter(|_| !cores.is_empty());
        let function = function.ok_or("this benchmark needs two cores")?;
        let others: Vec<String> = cores.iter().map(u32::to_string).collect();
        Ok(Self {
            function: function.to_string(),
            others: others.join(","),
        })
    }
}
