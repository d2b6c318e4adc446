//! What invokes functions besides the HTTP API: a bucket's events, a table's stream, schedules,
//! and asynchronous invocations. Delivered as AWS promises it and no better: at least once, in
//! order per key of a stream and in no order else, again after an error, and at last to a queue.

mod asynchronous;
mod bucket;
mod deliveries;
mod mischief;
mod records;
mod schedules;
mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use template::{EventSource, FunctionTemplate, ScheduleSource, Template};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::dynamodb::DynamoDb;
use crate::environment::access_key_id;
use crate::error::CloudError;
use crate::iam::{AuthorizationRequest, Iam};
use crate::s3::S3;
use bucket::BucketEvents;
pub(crate) use deliveries::{Deliveries, Surroundings};
pub use deliveries::{DeliveryCounts, HeldDeliveries};
pub use mischief::Mishap;
use streams::StreamReader;

/// The events of a local cloud: what was delivered, and what goes wrong with it.
pub struct Events {
    deliveries: Arc<Deliveries>,
    readers: Vec<StreamReader>,
    schedules: Vec<(FunctionTemplate, ScheduleSource)>,
    stop: watch::Sender<bool>,
}

impl Events {
    /// Begins to deliver what the template says.
    ///
    /// # Errors
    /// When a function's role doesn't let it have its events, as Lambda refuses to connect them.
    pub(crate) fn start(
        template: &Template,
        around: &Surroundings<'_>,
        dynamodb: &DynamoDb,
        s3: &S3,
    ) -> Result<Self, CloudError> {
        let (stop, stopping) = watch::channel(false);
        let deliveries = Arc::new(Deliveries::new(around, stopping));
        let mut readers = Vec::new();
        let mut schedules = Vec::new();
        let mut buckets = Vec::new();
        for function in &template.functions {
            check_queue(
                around.iam,
                function,
                function.asynchronous.on_failure.as_deref(),
            )?;
            for source in &function.sources {
                match source {
                    EventSource::Bucket(source) => {
                        buckets.push((function.binary.clone(), source.clone()));
                    }
                    EventSource::Stream(source) => {
                        check_stream(around.iam, function, &source.stream_arn)?;
                        check_queue(around.iam, function, source.on_failure.as_deref())?;
                        let reader = StreamReader::start(&deliveries, dynamodb, function, source);
                        readers.push(reader.map_err(|reason| CloudError::Table {
                            table: source.table.clone(),
                            reason,
                        })?);
                    }
                    EventSource::Schedule(source) => {
                        schedules::start(&deliveries, function, source);
                        schedules.push((function.clone(), source.clone()));
                    }
                }
            }
        }
        if !buckets.is_empty() {
            let events = BucketEvents::new(&deliveries, buckets);
            s3.listen(Box::new(move |change| events.tell(change)));
        }
        Ok(Self {
            deliveries,
            readers,
            schedules,
            stop,
        })
    }

    /// Returns what delivers, for those who have something.
    pub(crate) fn deliveries(&self) -> &Arc<Deliveries> {
        &self.deliveries
    }

    /// Lets the next events of a function, or batches of its streams, meet these mishaps, all of
    /// them each.
    pub fn inject(&self, function: &str, mishaps: &[Mishap], events: u32) {
        self.deliveries.mischief().inject(function, mishaps, events);
    }

    /// Delivers everything twice or more from now on: late, in another order wherever AWS promises
    /// none, at once or again after it succeeded. The same seed draws the same.
    pub fn randomly(&self, seed: u64) {
        self.deliveries.mischief().randomly(seed);
    }

    /// Lets nothing go wrong any more.
    pub fn clear(&self) {
        self.deliveries.mischief().clear();
    }

    /// Delivers nothing until what this returns is dropped. What is being delivered goes on.
    #[must_use]
    pub fn hold(&self) -> HeldDeliveries {
        self.deliveries.hold()
    }

    /// Returns how often a function was invoked with events.
    #[must_use]
    pub fn counts(&self, function: &str) -> DeliveryCounts {
        self.deliveries.counts(function)
    }

    /// Waits until every event that there is has been delivered or given up, and those that came
    /// of these. Returns whether that was so within the limit.
    pub async fn settle(&self, limit: Duration) -> bool {
        let settled = async {
            loop {
                // Until nothing is at work, what is may write to a stream.
                self.deliveries.idle().await;
                for reader in &self.readers {
                    reader.catch_up().await;
                }
                if self.deliveries.is_idle() {
                    return;
                }
            }
        };
        timeout(limit, settled).await.is_ok()
    }

    /// Lets the schedules of a function be due now. Returns whether it has one.
    pub fn tick(&self, function: &str) -> bool {
        let mut due = self
            .schedules
            .iter()
            .filter(|(it, _)| it.binary == function);
        due.by_ref()
            .map(|(function, source)| schedules::fire(&self.deliveries, function, source))
            .count()
            > 0
    }

    /// Ends all deliveries.
    pub(crate) fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

/// Checks what Lambda asks of a role that shall read a stream.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>
fn check_stream(iam: &Iam, function: &FunctionTemplate, stream: &str) -> Result<(), CloudError> {
    let actions = [
        "DescribeStream",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",
    ];
    let requests = actions.map(|it| AuthorizationRequest::new(format!("dynamodb:{it}"), stream));
    check(iam, function, "read its stream", &requests)
}

/// Checks what Lambda asks of a role whose failures go to a queue.
fn check_queue(
    iam: &Iam,
    function: &FunctionTemplate,
    queue: Option<&str>,
) -> Result<(), CloudError> {
    let Some(queue) = queue else {
        return Ok(());
    };
    let request = AuthorizationRequest::new("sqs:SendMessage", queue);
    check(iam, function, "hand over what it fails on", &[request])
}

fn check(
    iam: &Iam,
    function: &FunctionTemplate,
    purpose: &'static str,
    requests: &[AuthorizationRequest],
) -> Result<(), CloudError> {
    // The role that SAM makes for a function without one lets it.
    if function.role.is_none() {
        return Ok(());
    }
    let Some(caller) = iam.caller(&access_key_id(&function.name)) else {
        return Ok(());
    };
    caller
        .authorize(requests)
        .map_err(|refusal| CloudError::Role {
            function: function.binary.clone(),
            purpose,
            reason: refusal.to_string(),
        })
}
