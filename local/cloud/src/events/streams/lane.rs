//! One of the lines in which a stream's records stand: the next batch waits for the one before.

use std::sync::Arc;

use serde_json::json;
use template::{FunctionTemplate, StreamSource};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::batch::{Outcome, outcome};
use super::record::StreamRecord;
use crate::clock;
use crate::events::deliveries::{Deliveries, Pending};
use crate::events::records::{iso, response_of};
use crate::runtime::InvokeError;

/// Records that are delivered together, at first.
type Batch = Vec<Arc<StreamRecord>>;

/// Records that are sent together.
struct Part {
    records: Batch,
    /// How often it failed, as far as that counts.
    failures: u32,
    /// How often the function was invoked with it.
    invocations: u32,
}

/// One line of records and its function.
pub(super) struct Lane {
    pub(super) deliveries: Arc<Deliveries>,
    pub(super) function: FunctionTemplate,
    pub(super) source: StreamSource,
    pub(super) shard: String,
    pub(super) records: mpsc::UnboundedReceiver<(StreamRecord, Pending)>,
}

impl Lane {
    pub(super) async fn run(mut self) {
        let mut before = Batch::new();
        while let Some((batch, pending)) = self.next_batch().await {
            for group in self.split(batch) {
                let plan = self.deliveries.mischief().draw(&self.function.binary);
                sleep(plan.late).await;
                let mut succeeded = self.process(group.clone()).await;
                if plan.twice {
                    succeeded &= self.process(group.clone()).await;
                }
                if let Some(after) = plan.again.filter(|_| succeeded) {
                    sleep(after).await;
                    self.process(before).await;
                    self.process(group.clone()).await;
                }
                before = group;
            }
            drop(pending);
        }
    }

    /// Waits for a record, and for others within the batching window.
    async fn next_batch(&mut self) -> Option<(Batch, Vec<Pending>)> {
        let (record, pending) = self.records.recv().await?;
        let (mut batch, mut all_pending) = (vec![Arc::new(record)], vec![pending]);
        let end = Instant::now() + self.source.batching_window;
        while batch.len() < self.source.batch_size {
            // Without a window, a batch is what is there.
            let next = match self.records.try_recv() {
                Ok(next) => Some(next),
                Err(_) if self.source.batching_window.is_zero() => None,
                Err(_) => timeout_at(end, self.records.recv()).await.ok().flatten(),
            };
            let Some((record, pending)) = next else {
                break;
            };
            batch.push(Arc::new(record));
            all_pending.push(pending);
        }
        Some((batch, all_pending))
    }

    /// Splits a batch by its records' keys where that is drawn, in any order: between keys AWS
    /// promises none.
    fn split(&self, batch: Batch) -> Vec<Batch> {
        if !self.deliveries.mischief().is_random() {
            return vec![batch];
        }
        let mut groups: Vec<Batch> = Vec::new();
        for record in batch {
            let key = &record.key;
            let has_key = |it: &&mut Batch| it.first().is_some_and(|first| first.key == *key);
            match groups.iter_mut().find(has_key) {
                Some(group) => group.push(record),
                None => groups.push(vec![record]),
            }
        }
        self.deliveries.mischief().shuffle(&mut groups);
        groups
    }

    /// Invokes the function with these records until each is done with or given up. Returns whether
    /// none was given up.
    async fn process(&self, records: Batch) -> bool {
        let mut all = true;
        let part = Part {
            records,
            failures: 0,
            invocations: 0,
        };
        // Those that come first are last in it.
        let mut parts = vec![part];
        while let Some(mut part) = parts.pop() {
            all &= self.drop_expired(&mut part);
            if part.records.is_empty() {
                continue;
            }
            let events: Vec<_> = part.records.iter().map(|it| &it.event).collect();
            let payload = json!({ "Records": events }).to_string();
            let answer = self
                .deliveries
                .invoke(&self.function.binary, payload.into())
                .await;
            part.invocations += 1;
            let error = match &answer {
                Ok(answer) => {
                    let numbers = part.records.iter().map(|it| it.sequence_number.as_str());
                    let reports = self.source.reports_failures;
                    match outcome(numbers, answer, reports) {
                        Outcome::Done => continue,
                        // All before it are done with; the rest is tried again from there.
                        Outcome::FailedFrom(position @ 1..) => {
                            parts.push(Part {
                                records: part.records.split_off(position),
                                failures: 0,
                                invocations: 0,
                            });
                            sleep(self.deliveries.delay(1)).await;
                            continue;
                        }
                        Outcome::FailedFrom(0) => None,
                    }
                }
                Err(InvokeError::Stopping) => return false,
                Err(error) => Some(error),
            };
            let refused = error.is_some_and(|it| it.function_error().is_none());
            if error.is_some() && !refused && self.source.bisects && part.records.len() > 1 {
                // This doesn't count as a retry.
                let second = part.records.split_off(part.records.len() / 2);
                let halves = [second, part.records];
                parts.extend(halves.map(|records| Part {
                    records,
                    failures: part.failures,
                    invocations: 0,
                }));
                sleep(self.deliveries.delay(1)).await;
                continue;
            }
            part.failures += u32::from(!refused);
            if self.source.max_retries.is_some_and(|it| part.failures > it) {
                self.give_up(&part, "RetryAttemptsExhausted", error);
                all = false;
                continue;
            }
            sleep(self.deliveries.delay(part.failures.max(1))).await;
            parts.push(part);
        }
        all
    }

    /// Gives up the records at the beginning that are too old. Returns whether there were none.
    fn drop_expired(&self, part: &mut Part) -> bool {
        let Some(max_age) = self.source.max_age else {
            return true;
        };
        let max_age = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        let now = clock::now().unix_timestamp();
        let is_young = |it: &Arc<StreamRecord>| now - it.created <= max_age;
        let young = part.records.iter().position(is_young);
        let rest = part.records.split_off(young.unwrap_or(part.records.len()));
        let expired = Part {
            records: std::mem::replace(&mut part.records, rest),
            failures: part.failures,
            invocations: part.invocations,
        };
        if expired.records.is_empty() {
            return true;
        }
        self.give_up(&expired, "RecordAgeExceeded", None);
        false
    }

    /// Hands over which records these are: not what is in them.
    fn give_up(&self, part: &Part, condition: &str, error: Option<&InvokeError>) {
        let (Some(first), Some(last)) = (part.records.first(), part.records.last()) else {
            return;
        };
        let arrived = |record: &StreamRecord| {
            let time = OffsetDateTime::from_unix_timestamp(record.created);
            time.map(iso).unwrap_or_default()
        };
        let response = match error {
            Some(error) => response_of(error).0,
            None => json!({ "statusCode": 200, "executedVersion": "$LATEST" }),
        };
        let record = json!({
            "version": "1.0",
            "timestamp": iso(clock::now()),
            "requestContext": {
                "requestId": Uuid::new_v4().to_string(),
                "functionArn": self.function.arn(),
                "condition": condition,
                "approximateInvokeCount": part.invocations,
            },
            "responseContext": response,
            "DDBStreamBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": arrived(first),
                "approximateArrivalOfLastRecord": arrived(last),
                "batchSize": part.records.len(),
                "streamArn": self.source.stream_arn,
            },
        });
        let queue = self.source.on_failure.as_deref();
        self.deliveries.give_up(&self.function, queue, &record);
    }
}
