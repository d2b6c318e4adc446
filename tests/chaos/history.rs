//! What the clients sent, and what they were answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tests::TestResponse;
use tokio::time::Instant;

use crate::client::Request;

/// Everything that the clients of one run sent.
pub(crate) struct History {
    start: Instant,
    /// The same moment, counted from 1970.
    since_1970: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sends: Vec<Send>,
    intents: usize,
}

/// One request as one client sent it once.
#[derive(Clone)]
pub(crate) struct Send {
    pub(crate) intent: usize,
    client: usize,
    user: Option<String>,
    pub(crate) request: Arc<Request>,
    pub(crate) began: Duration,
    /// When the answer came or the client gave up.
    pub(crate) ended: Option<Duration>,
    /// What was answered; `None` if no answer came.
    pub(crate) answer: Option<TestResponse>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            since_1970: SystemTime::UNIX_EPOCH.elapsed().unwrap(),
            state: Mutex::default(),
        }
    }

    /// Returns the time of the run.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns when something was, in the time of the run.
    pub(crate) fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// Returns when a time of the run was, counted from 1970.
    pub(crate) fn since_1970(&self, time: Duration) -> Duration {
        self.since_1970 + time
    }

    /// Returns a number for something that a client wants, however often it is sent.
    pub(crate) fn begin_intent(&self) -> usize {
        self.with(|state| {
            state.intents += 1;
            state.intents
        })
    }

    /// Writes down that a request is sent, and returns its number.
    pub(crate) fn begin(
        &self,
        intent: usize,
        client: usize,
        user: Option<String>,
        request: &Arc<Request>,
    ) -> usize {
        self.with(|state| {
            state.sends.push(Send {
                intent,
                client,
                user,
                request: Arc::clone(request),
                began: self.now(),
                ended: None,
                answer: None,
            });
            state.sends.len() - 1
        })
    }

    /// Writes down what was answered, or that no answer came.
    pub(crate) fn end(&self, send: usize, answer: Option<&TestResponse>) {
        self.with(|state| {
            let send = &mut state.sends[send];
            send.ended = Some(self.now());
            send.answer = answer.cloned();
        });
    }

    pub(crate) fn sends(&self) -> Vec<Send> {
        self.with(|state| state.sends.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Send {
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|it| it.status)
    }

    /// Writes it down as the checker reads it.
    pub(crate) fn json(&self, number: usize) -> Value {
        let Request {
            operation,
            method,
            path,
            key,
            body,
        } = &*self.request;
        let answer = self.answer.as_ref();
        let headers = answer.map(|answer| {
            let headers = answer.headers.iter();
            let headers = headers.map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), json!(value))
            });
            headers.collect::<serde_json::Map<_, _>>()
        });
        let answered = answer.map(|answer| match &answer.body {
            Value::Null if !answer.text.is_empty() => json!(answer.text),
            body => body.clone(),
        });
        json!({
            "send": number, "intent": self.intent, "client": self.client, "user": self.user,
            "operation": operation, "key": key, "method": method.as_str(), "path": path,
            "request": body, "began": millis(self.began), "ended": self.ended.map(millis),
            "status": self.status(), "headers": headers, "body": answered,
        })
    }
}

/// Returns whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
