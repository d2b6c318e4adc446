//! A client as a careful one is: it keeps what it sends before it sends it, and sends it again
//! under the same key until it knows what became of it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tests::{TestResponse, try_send};

use crate::history::History;
use crate::population::Person;

/// How often a request is sent at most before the client gives up for now.
pub(crate) const TRIES: usize = 6;
/// The longest that a client waits before it sends again, whatever `Retry-After` says.
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// How long a patient client waits for an answer, as long as API Gateway lets it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How many requests an address sends: fewer than the limit of one in 15 minutes.
const PER_ADDRESS: usize = 400;

/// The first of the clients' addresses.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);

/// Checks that clients can have addresses of their own on this machine: the shop limits what comes
/// from one.
pub(crate) fn claim_address() -> std::io::Result<()> {
    std::net::UdpSocket::bind((FIRST_ADDRESS, 0)).map(drop)
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The `operationId` of the contract.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Option<Value>,
}

/// Something that a client wants, and does not know yet whether it has it.
#[derive(Clone)]
pub(crate) struct OpenIntent {
    number: usize,
    client: Client,
    request: Arc<Request>,
}

/// What all clients share.
pub(crate) struct Network {
    base: String,
    pub(crate) history: History,
    addresses: AtomicU32,
    open: Mutex<Vec<OpenIntent>>,
    /// Requests that were sent again.
    pub(crate) retries: AtomicUsize,
}

/// One client: one person's program, with an address of its own.
#[derive(Clone)]
pub(crate) struct Client {
    number: usize,
    person: Option<Arc<Person>>,
    network: Arc<Network>,
    line: Arc<Mutex<Line>>,
}

/// The connections from one address, and how many requests they carried.
struct Line {
    http: reqwest::Client,
    sent: usize,
}

impl Network {
    pub(crate) fn new(base: String) -> Self {
        Self {
            base,
            history: History::new(),
            addresses: AtomicU32::new(0),
            open: Mutex::default(),
            retries: AtomicUsize::new(0),
        }
    }

    /// Opens connections from an address of the loopback network that nobody has used.
    pub(crate) fn http(&self) -> reqwest::Client {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        let address = IpAddr::V4(Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + number));
        let client = reqwest::Client::builder().no_proxy().local_address(address);
        client.build().unwrap()
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Takes what no client knows the outcome of.
    pub(crate) fn take_open(&self) -> Vec<OpenIntent> {
        std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Client {
    pub(crate) fn new(number: usize, person: Option<Arc<Person>>, network: &Arc<Network>) -> Self {
        let line = Line {
            http: network.http(),
            sent: 0,
        };
        Self {
            number,
            person,
            network: Arc::clone(network),
            line: Arc::new(Mutex::new(line)),
        }
    }

    /// Sends a request until its outcome is known. After some tries it is left open, for
    /// [`OpenIntent::settle`].
    pub(crate) async fn settle(&self, request: Request) -> Option<TestResponse> {
        self.settle_after(request, PATIENCE).await
    }

    /// Does what [`Client::settle`] does, but the first time waits no longer than that.
    pub(crate) async fn settle_after(
        &self,
        request: Request,
        patience: Duration,
    ) -> Option<TestResponse> {
        let intent = OpenIntent {
            number: self.network.history.begin_intent(),
            client: self.clone(),
            request: Arc::new(request),
        };
        intent.settle(patience).await
    }

    /// Sends a request once; `None` if no answer came.
    async fn send(
        &self,
        intent: usize,
        request: &Arc<Request>,
        patience: Duration,
    ) -> Option<TestResponse> {
        let http = self.http();
        let url = format!("{}{}", self.network.base, request.path);
        let mut sent = http.request(request.method.clone(), url).timeout(patience);
        if let Some(person) = &self.person {
            sent = sent.bearer_auth(person.token());
        }
        if let Some(key) = &request.key {
            sent = sent.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let user = self.person.as_ref().map(|it| it.user_id.clone());
        let history = &self.network.history;
        let number = history.begin(intent, self.number, user, request);
        let answer = try_send(sent).await.ok();
        history.end(number, answer.as_ref());
        answer
    }

    fn http(&self) -> reqwest::Client {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.sent += 1;
        if line.sent > PER_ADDRESS {
            *line = Line {
                http: self.network.http(),
                sent: 1,
            };
        }
        line.http.clone()
    }
}

impl OpenIntent {
    /// Sends it up to [`TRIES`] times.
    pub(crate) async fn settle(self, mut patience: Duration) -> Option<TestResponse> {
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.client.network.retries.fetch_add(1, Ordering::Relaxed);
            }
            let answer = self.client.send(self.number, &self.request, patience).await;
            patience = PATIENCE;
            if let Some(answer) = answer.as_ref().filter(|it| is_definite(it.status)) {
                return Some(answer.clone());
            }
            tokio::time::sleep(pause(attempt, answer.as_ref())).await;
        }
        let network = Arc::clone(&self.client.network);
        let mut open = network.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(self);
        None
    }

    /// Sends it up to [`TRIES`] times, patiently.
    pub(crate) async fn settle_patiently(self) -> Option<TestResponse> {
        self.settle(PATIENCE).await
    }
}

/// Returns whether an answer tells what became of a request. 401 doesn't: the clients' tokens are
/// good, and a process whose clock is wrong may think otherwise.
fn is_definite(status: u16) -> bool {
    !matches!(status, 401 | 429 | 500..)
}

/// Returns how long to wait before sending again: twice as long each time with full jitter, or as
/// long as the answer asks for, within limits.
fn pause(attempt: usize, answer: Option<&TestResponse>) -> Duration {
    let asked = answer.and_then(|it| it.header("retry-after").parse().ok());
    if let Some(seconds) = asked {
        let jitter = Duration::from_millis(fastrand::u64(..200));
        return Duration::from_secs(seconds).min(MAX_PAUSE) + jitter;
    }
    let most = 50_u64 << attempt;
    Duration::from_millis(fastrand::u64(..most)).min(MAX_PAUSE)
}
