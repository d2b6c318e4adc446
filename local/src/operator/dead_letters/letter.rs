//! One message of a queue for failures, as Lambda writes it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>

use std::fmt;

use serde_json::Value;

/// What a function failed on.
pub(super) struct Letter {
    /// What SQS deletes it by.
    pub(super) receipt: String,
    /// The function's name; empty if that is unknown.
    pub(super) function: String,
    timestamp: String,
    condition: String,
    invocations: u64,
    /// What the function said.
    error: Option<String>,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// An event that nobody waited for.
    Event(Value),
    /// Records of a table's stream.
    Batch {
        stream: String,
        shard: String,
        /// Sequence numbers.
        first: String,
        last: String,
        size: u64,
    },
    /// Something else.
    Unknown,
}

impl Letter {
    /// Reads a message that was received.
    pub(super) fn read(receipt: &str, body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |pointer: &str| {
            let value = body.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64);
        // arn:aws:lambda:<region>:<account>:function:<name>[:<version>]
        let arn = text("/requestContext/functionArn");
        let function = arn.split(':').nth(6).unwrap_or_default().to_owned();
        let content = match (body.get("requestPayload"), body.get("DDBStreamBatchInfo")) {
            (Some(payload), _) => Content::Event(payload.clone()),
            (None, Some(_)) => Content::Batch {
                stream: text("/DDBStreamBatchInfo/streamArn"),
                shard: text("/DDBStreamBatchInfo/shardId"),
                first: text("/DDBStreamBatchInfo/startSequenceNumber"),
                last: text("/DDBStreamBatchInfo/endSequenceNumber"),
                size: number("/DDBStreamBatchInfo/batchSize").unwrap_or_default(),
            },
            (None, None) => Content::Unknown,
        };
        let error = body.pointer("/responsePayload/errorMessage");
        Self {
            receipt: receipt.to_owned(),
            function,
            timestamp: text("/timestamp"),
            condition: text("/requestContext/condition"),
            invocations: number("/requestContext/approximateInvokeCount").unwrap_or_default(),
            error: error.and_then(Value::as_str).map(str::to_owned),
            content,
        }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            timestamp,
            condition,
            invocations,
            ..
        } = self;
        match &self.content {
            Content::Unknown => return f.write_str("a message that Lambda did not write"),
            Content::Event(payload) => write!(f, "{}", described(payload))?,
            Content::Batch { stream, size, .. } => {
                let table = stream.split('/').nth(1).unwrap_or_default();
                write!(f, "{size} records of the table {table}")?;
            }
        }
        write!(
            f,
            ", given up by {function} at {timestamp} after {invocations} invocations \
             ({condition})"
        )?;
        // What a function says may be of any length and have any characters.
        match &self.error {
            Some(error) => write!(f, ": {:.200}", error.escape_debug().to_string()),
            None => Ok(()),
        }
    }
}

fn described(payload: &Value) -> String {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    match (
        text("/Records/0/eventName"),
        text("/Records/0/s3/object/key"),
    ) {
        (Some(event), Some(key)) => format!("{event} of {key}"),
        _ => match text("/detail-type") {
            Some(kind) => format!("the event {kind}"),
            None => "an event".to_owned(),
        },
    }
}
