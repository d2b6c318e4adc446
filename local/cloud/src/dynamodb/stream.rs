//! The streams of tables: who writes tells who reads, so that nobody needs to ask all the time.
//! Tables without a stream cost nothing.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use axum::http::HeaderMap;
use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamResponse;
use serde_json::{Value, json};
use template::TableTemplate;
use tokio::sync::watch;

use super::request::request;

/// Calls that can change an item.
const WRITES: [&str; 8] = [
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "BatchExecuteStatement",
    "ExecuteTransaction",
];

/// Tells of writes to the tables that have a stream.
#[derive(Debug, Default)]
pub(in crate::dynamodb) struct Writes(BTreeMap<String, watch::Sender<()>>);

impl Writes {
    pub(super) fn of(tables: &[TableTemplate]) -> Arc<Self> {
        let streamed = tables.iter().filter(|it| has_stream(it));
        let writes = streamed.map(|it| (it.name.clone(), watch::Sender::new(())));
        Arc::new(Self(writes.collect()))
    }

    /// Returns the tables with a stream that a call may write to, to tell once it is done.
    pub(in crate::dynamodb) fn of_call(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<&watch::Sender<()>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
        let operation = target.and_then(|it| it.split('.').nth(1));
        if !operation.is_some_and(|it| WRITES.contains(&it)) {
            return Vec::new();
        }
        // A name that stands there for another reason costs one look.
        let names = |name: &str| body.windows(name.len()).any(|it| it == name.as_bytes());
        let written = self.0.iter().filter(|(name, _)| names(name));
        written.map(|(_, writes)| writes).collect()
    }

    /// Tells of changes that may be in any table.
    pub(super) fn tell_all(&self) {
        for writes in self.0.values() {
            writes.send_replace(());
        }
    }
}

/// Returns whether a table has a stream.
pub(super) fn has_stream(table: &TableTemplate) -> bool {
    table.create.get("StreamSpecification").is_some()
}

/// A reader of one table's stream, from where it ended when the reader was made.
pub(crate) struct TableStream {
    database: Database,
    shard: String,
    iterator: String,
    writes: watch::Receiver<()>,
}

impl TableStream {
    pub(super) fn open(database: &Database, writes: &Writes, table: &str) -> Result<Self, String> {
        let writes = writes.0.get(table).ok_or("has no stream")?.subscribe();
        // The database looks at no more of an ARN than the table's name.
        let arn = format!("arn:aws:dynamodb:local:0:table/{table}/stream/local");
        let described: DescribeStreamResponse = database
            .describe_stream(request(json!({ "StreamArn": arn }))?)
            .map_err(|error| error.to_string())?;
        let shard = described.stream_description.shards.into_iter().next();
        let shard = shard.ok_or("its stream has no shard")?.shard_id;
        let from_its_end = json!({
            "StreamArn": arn,
            "ShardId": shard,
            "ShardIteratorType": "LATEST",
        });
        let iterator = database
            .get_shard_iterator(request(from_its_end)?)
            .map_err(|error| error.to_string())?
            .shard_iterator;
        Ok(Self {
            database: database.clone(),
            shard,
            iterator: iterator.ok_or("its stream cannot be read")?,
            writes,
        })
    }

    /// Returns the id of the one shard.
    pub(crate) fn shard(&self) -> &str {
        &self.shard
    }

    /// Returns the next records; none if there are no more.
    pub(crate) async fn read(&mut self) -> Result<Vec<Value>, String> {
        let database = self.database.clone();
        let next = request(json!({ "ShardIterator": self.iterator }))?;
        // It waits for the database's lock: not for an async thread.
        let read = tokio::task::spawn_blocking(move || database.get_records(next)).await;
        let page = read
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        if let Some(iterator) = page.next_shard_iterator {
            self.iterator = iterator;
        }
        let records = page.records.iter().map(serde_json::to_value);
        let records: Result<Vec<Value>, _> = records.collect();
        records.map_err(|error| error.to_string())
    }

    /// Says that what was written until now is about to be read.
    pub(crate) fn mark_seen(&mut self) {
        self.writes.borrow_and_update();
    }

    /// Waits for a write since the last [`TableStream::mark_seen`].
    pub(crate) async fn written(&mut self) {
        if self.writes.changed().await.is_err() {
            pending().await
        }
    }
}
