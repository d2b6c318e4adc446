//! The calls of SQS's API, each from its JSON input to its JSON answer.

use std::time::Duration;

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use template::ACCOUNT;

use super::queues::{Queue, Queues};

/// Why a call is refused: the error's name and a sentence.
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

pub(super) fn fault(kind: &'static str, message: impl Into<String>) -> Fault {
    let message = message.into();
    Fault { kind, message }
}

/// Answers one call. `host` is where it came to.
pub(super) fn call(
    queues: &Queues,
    host: &str,
    action: &str,
    input: &Value,
) -> Result<Value, Fault> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let required = |name: &str| {
        text(name).ok_or_else(|| fault("MissingParameter", format!("{name} is missing.")))
    };
    let url = |queue: &Queue| format!("http://{host}/{ACCOUNT}/{}", queue.template.name);
    let nowhere = || fault("QueueDoesNotExist", "The specified queue does not exist.");
    match action {
        "ListQueues" => {
            let prefix = text("QueueNamePrefix").unwrap_or_default();
            let named = queues
                .iter()
                .filter(|it| it.template.name.starts_with(prefix));
            let urls: Vec<String> = named.map(url).collect();
            return Ok(json!({ "QueueUrls": urls }));
        }
        "GetQueueUrl" => {
            let queue = queues.by_url(required("QueueName")?).ok_or_else(nowhere)?;
            return Ok(json!({ "QueueUrl": url(queue) }));
        }
        _ => {}
    }
    let queue = queues.by_url(required("QueueUrl")?).ok_or_else(nowhere)?;
    match action {
        "GetQueueAttributes" => Ok(attributes(queue, input)),
        "SendMessage" => {
            let body = required("MessageBody")?;
            let id = queue.send(body.to_owned());
            Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5(body) }))
        }
        "ReceiveMessage" => {
            let max = number(input, "MaxNumberOfMessages", 10)?
                .unwrap_or(1)
                .max(1);
            let max = usize::try_from(max).unwrap_or(1);
            let hidden = number(input, "VisibilityTimeout", 43_200)?.map(Duration::from_secs);
            let messages = queue.receive(max, hidden).into_iter().map(|message| {
                json!({
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt,
                    "MD5OfBody": md5(&message.body),
                    "Body": message.body,
                    "Attributes": {
                        "SentTimestamp": message.sent.to_string(),
                        "ApproximateReceiveCount": message.receives.to_string(),
                    },
                })
            });
            Ok(json!({ "Messages": messages.collect::<Vec<_>>() }))
        }
        "ChangeMessageVisibility" => {
            let hidden = number(input, "VisibilityTimeout", 43_200)?.unwrap_or_default();
            if queue.hide(required("ReceiptHandle")?, Duration::from_secs(hidden)) {
                Ok(json!({}))
            } else {
                Err(fault(
                    "ReceiptHandleIsInvalid",
                    "No message has this receipt.",
                ))
            }
        }
        "DeleteMessage" => {
            queue.delete(required("ReceiptHandle")?);
            Ok(json!({}))
        }
        "PurgeQueue" => {
            queue.purge();
            Ok(json!({}))
        }
        other => Err(fault(
            "UnsupportedOperation",
            format!("The local SQS does not know {other}."),
        )),
    }
}

fn attributes(queue: &Queue, input: &Value) -> Value {
    let (visible, hidden) = queue.count();
    let all = [
        ("QueueArn", queue.arn().to_owned()),
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", hidden.to_string()),
        (
            "MessageRetentionPeriod",
            queue.template.retention.as_secs().to_string(),
        ),
        (
            "VisibilityTimeout",
            queue.template.visibility_timeout.as_secs().to_string(),
        ),
    ];
    let wanted = input.get("AttributeNames").and_then(Value::as_array);
    let is_wanted =
        |name: &str| wanted.is_some_and(|it| it.iter().any(|it| it == name || it == "All"));
    let found = all.into_iter().filter(|(name, _)| is_wanted(name));
    let found: Map<String, Value> = found
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    json!({ "Attributes": found })
}

fn number(input: &Value, name: &str, max: u64) -> Result<Option<u64>, Fault> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|it| *it <= max)
            .map(Some)
            .ok_or_else(|| {
                let message = format!("{name} must be a number of at most {max}.");
                fault("InvalidParameterValue", message)
            }),
    }
}

fn md5(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
