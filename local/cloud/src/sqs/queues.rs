//! Queues and the messages in them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use template::QueueTemplate;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock;

/// All queues.
#[derive(Debug)]
pub(crate) struct Queues(Vec<Queue>);

/// One queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(super) template: QueueTemplate,
    messages: Mutex<Vec<Message>>,
}

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    /// Milliseconds since 1970.
    pub(super) sent: i128,
    sent_at: Instant,
    /// How often it was received.
    pub(super) receives: u32,
    /// Until then nobody receives it.
    hidden_until: Option<Instant>,
    /// What the last one who received it deletes it by.
    pub(super) receipt: String,
}

impl Queues {
    pub(crate) fn new(templates: &[QueueTemplate]) -> Arc<Self> {
        let queues = templates.iter().map(|template| Queue {
            template: template.clone(),
            messages: Mutex::default(),
        });
        Arc::new(Self(queues.collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.0.iter()
    }

    /// Finds a queue by its URL, whatever host that names.
    pub(super) fn by_url(&self, url: &str) -> Option<&Queue> {
        let name = url.rsplit('/').next()?;
        self.iter().find(|it| it.template.name == name)
    }

    /// Finds a queue by its ARN.
    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Queue> {
        self.iter().find(|it| it.template.arn == arn)
    }

    /// Finds a queue by its logical id.
    pub(crate) fn by_logical_id(&self, id: &str) -> Option<&Queue> {
        self.iter().find(|it| it.template.logical_id == id)
    }
}

impl Queue {
    pub(super) fn arn(&self) -> &str {
        &self.template.arn
    }

    /// Puts a message in, and returns its id.
    pub(crate) fn send(&self, body: String) -> String {
        let id = Uuid::new_v4().to_string();
        self.lock().push(Message {
            id: id.clone(),
            body,
            sent: clock::now().unix_timestamp_nanos() / 1_000_000,
            sent_at: Instant::now(),
            receives: 0,
            hidden_until: None,
            receipt: String::new(),
        });
        id
    }

    /// Returns the bodies of all messages, received or not, oldest first.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.lock().iter().map(|it| it.body.clone()).collect()
    }

    /// Counts the messages that can be received, and those that were.
    pub(super) fn count(&self) -> (usize, usize) {
        let now = Instant::now();
        let messages = self.lock();
        let hidden = messages.iter().filter(|it| it.is_hidden(now)).count();
        (messages.len() - hidden, hidden)
    }

    /// Receives some messages and hides them for a while from who receives next.
    pub(super) fn receive(&self, max: usize, hidden: Option<Duration>) -> Vec<Message> {
        let hidden = hidden.unwrap_or(self.template.visibility_timeout);
        let now = Instant::now();
        let mut messages = self.lock();
        let visible = messages.iter_mut().filter(|it| !it.is_hidden(now));
        let received = visible.take(max).map(|message| {
            message.receives += 1;
            message.hidden_until = Some(now + hidden);
            message.receipt = Uuid::new_v4().to_string();
            message.clone()
        });
        received.collect()
    }

    /// Changes how long a message that was received stays hidden. Returns whether it is there.
    pub(super) fn hide(&self, receipt: &str, hidden: Duration) -> bool {
        let mut messages = self.lock();
        let found = messages.iter_mut().find(|it| it.receipt == receipt);
        found
            .map(|it| it.hidden_until = Some(Instant::now() + hidden))
            .is_some()
    }

    /// Deletes a message that was received, if no one has received it since.
    pub(super) fn delete(&self, receipt: &str) {
        self.lock().retain(|it| it.receipt != receipt);
    }

    /// Deletes all messages.
    pub(super) fn purge(&self) {
        self.lock().clear();
    }

    /// Opens the list without those that are too old.
    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.retain(|it| it.sent_at.elapsed() < self.template.retention);
        messages
    }
}

impl Message {
    fn is_hidden(&self, now: Instant) -> bool {
        self.hidden_until.is_some_and(|until| now < until)
    }
}
