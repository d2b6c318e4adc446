//! Reads tables' streams and invokes functions with their records, as Lambda's event source
//! mappings do: records of one item in order, and none after one that isn't done with.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

mod batch;
mod lane;
mod record;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use template::{FunctionTemplate, REGION, StreamSource};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::deliveries::{Deliveries, Pending};
use crate::dynamodb::{DynamoDb, TableStream};
use lane::Lane;
use record::StreamRecord;

/// How often a stream is looked at though nobody told of a write: should that have been lost.
const LOOK: Duration = Duration::from_secs(1);

/// One function's reader of one stream.
pub(super) struct StreamReader {
    asks: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

impl StreamReader {
    /// Reads the stream from where it ends now.
    pub(super) fn start(
        deliveries: &Arc<Deliveries>,
        dynamodb: &DynamoDb,
        function: &FunctionTemplate,
        source: &StreamSource,
    ) -> Result<Self, String> {
        let stream = dynamodb.stream(&source.table)?;
        let lanes = (0..source.parallelization).map(|_| {
            let (records, received) = mpsc::unbounded_channel();
            let lane = Lane {
                deliveries: Arc::clone(deliveries),
                function: function.clone(),
                source: source.clone(),
                shard: stream.shard().to_owned(),
                records: received,
            };
            deliveries.spawn(lane.run());
            records
        });
        let (asks, asked) = mpsc::unbounded_channel();
        let reading = Reading {
            deliveries: Arc::clone(deliveries),
            source: source.clone(),
            lanes: lanes.collect(),
            stream,
            asked,
        };
        deliveries.spawn(reading.run());
        Ok(Self { asks })
    }

    /// Waits until all records that there are now are on their way.
    pub(super) async fn catch_up(&self) {
        let (done, waiting) = oneshot::channel();
        if self.asks.send(done).is_ok() {
            // It ends only with the local cloud.
            let _ = waiting.await;
        }
    }
}

/// What takes records from the stream.
struct Reading {
    deliveries: Arc<Deliveries>,
    source: StreamSource,
    stream: TableStream,
    lanes: Vec<mpsc::UnboundedSender<(StreamRecord, Pending)>>,
    asked: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
}

impl Reading {
    async fn run(mut self) {
        let mut waiting: Option<oneshot::Sender<()>> = None;
        loop {
            // What is written after this is seen by the next look.
            self.stream.mark_seen();
            while let Ok(records) = self.stream.read().await
                && !records.is_empty()
            {
                for record in records {
                    self.pass_on(record);
                }
            }
            if let Some(waiting) = waiting.take() {
                let _ = waiting.send(());
            }
            tokio::select! {
                () = self.stream.written() => {}
                ask = self.asked.recv() => match ask {
                    Some(ask) => waiting = Some(ask),
                    None => return,
                },
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Gives a record to the lane of its key, if the function wants it.
    fn pass_on(&self, mut event: Value) {
        let text = |event: &Value, pointer: &str| {
            let value = event.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let sequence_number = text(&event, "/dynamodb/SequenceNumber");
        let created = event.pointer("/dynamodb/ApproximateCreationDateTime");
        let created = created.and_then(Value::as_f64).unwrap_or_default();
        // Whole seconds, as the stream has them.
        #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
        let created = created as i64;
        if let Some(change) = event.get_mut("dynamodb").and_then(Value::as_object_mut) {
            change.insert("ApproximateCreationDateTime".to_owned(), json!(created));
        }
        if let Some(event) = event.as_object_mut() {
            event.insert("awsRegion".to_owned(), json!(REGION));
            event.insert("eventSourceARN".to_owned(), json!(self.source.stream_arn));
        }
        let filters = &self.source.filters;
        if !filters.is_empty() && !filters.iter().any(|it| it.fits(&event)) {
            return;
        }
        // Members of a JSON object here have one order, whatever the database's.
        let keys = event.pointer("/dynamodb/Keys").cloned();
        let key = keys.unwrap_or_default().to_string();
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lanes = self.lanes.len() as u64;
        let number = usize::try_from(hasher.finish() % lanes.max(1)).unwrap_or_default();
        if let Some(lane) = self.lanes.get(number) {
            let record = StreamRecord {
                event,
                sequence_number,
                key,
                created,
            };
            let _ = lane.send((record, self.deliveries.begin()));
        }
    }
}

/// Starts one line of records for a test, and returns what puts a record in: by its event, its
/// sequence number and the second of its creation.
#[cfg(test)]
pub(super) fn lane_of(
    deliveries: &Arc<Deliveries>,
    function: &FunctionTemplate,
    source: &StreamSource,
) -> impl Fn(Value, &str, i64) {
    let (records, received) = mpsc::unbounded_channel();
    let lane = Lane {
        deliveries: Arc::clone(deliveries),
        function: function.clone(),
        source: source.clone(),
        shard: String::new(),
        records: received,
    };
    deliveries.spawn(lane.run());
    let deliveries = Arc::clone(deliveries);
    move |event, sequence_number, created| {
        let record = StreamRecord {
            event,
            sequence_number: sequence_number.to_owned(),
            key: String::new(),
            created,
        };
        let _ = records.send((record, deliveries.begin()));
    }
}
