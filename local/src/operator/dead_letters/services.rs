//! Calls of a local cloud's SQS, streams and functions, as the operator.

use std::time::Duration;

use cloud::ACCESS_KEY_ID;
use reqwest::{Client, RequestBuilder, Response, header};
use serde_json::{Value, json};
use template::REGION;

use super::letter::Letter;
use crate::operator::error::OperatorError;

/// How long a call may take: a function that is invoked may take minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// How long what was received is hidden from others, in seconds.
const HIDDEN: u32 = 3600;

/// Where the services of a local cloud are: their base URLs.
#[derive(Debug, Clone)]
pub struct Services {
    /// The HTTP API and Lambda's Invoke API.
    pub api: String,
    /// DynamoDB and its streams.
    pub dynamodb: String,
    /// SQS.
    pub sqs: String,
}

impl Services {
    /// Receives all that is in a queue. Returns the queue's URL, too.
    pub(super) async fn receive_all(
        &self,
        queue: &str,
    ) -> Result<(String, Vec<Letter>), OperatorError> {
        let found = self
            .sqs("GetQueueUrl", &json!({ "QueueName": queue }))
            .await?;
        let url = text(&found, "QueueUrl").to_owned();
        let mut letters = Vec::new();
        loop {
            let ask = json!({
                "QueueUrl": url,
                "MaxNumberOfMessages": 10,
                "VisibilityTimeout": HIDDEN,
            });
            let answer = self.sqs("ReceiveMessage", &ask).await?;
            let messages = answer.get("Messages").and_then(Value::as_array);
            let messages = messages.map_or(&[][..], Vec::as_slice);
            if messages.is_empty() {
                return Ok((url, letters));
            }
            let read = messages
                .iter()
                .map(|it| Letter::read(text(it, "ReceiptHandle"), text(it, "Body")));
            letters.extend(read);
        }
    }

    /// Lets others receive a message again.
    pub(super) async fn release(&self, url: &str, letter: &Letter) -> Result<(), OperatorError> {
        let ask = json!({
            "QueueUrl": url,
            "ReceiptHandle": letter.receipt,
            "VisibilityTimeout": 0,
        });
        self.sqs("ChangeMessageVisibility", &ask).await.map(drop)
    }

    /// Deletes a message.
    pub(super) async fn delete(&self, url: &str, letter: &Letter) -> Result<(), OperatorError> {
        let ask = json!({ "QueueUrl": url, "ReceiptHandle": letter.receipt });
        self.sqs("DeleteMessage", &ask).await.map(drop)
    }

    /// Reads the records of a stream from one sequence number to another.
    pub(super) async fn records(
        &self,
        stream: &str,
        shard: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<Value>, OperatorError> {
        let ask = json!({
            "StreamArn": stream,
            "ShardId": shard,
            "ShardIteratorType": "AT_SEQUENCE_NUMBER",
            "SequenceNumber": first,
        });
        let mut page = self.streams("GetShardIterator", &ask).await?;
        let mut found = Vec::new();
        let gone = || OperatorError::new("the stream no longer has these records");
        let mut iterator = text(&page, "ShardIterator").to_owned();
        loop {
            page = self
                .streams("GetRecords", &json!({ "ShardIterator": iterator }))
                .await?;
            let records = page.get("Records").and_then(Value::as_array);
            let records = records.map_or(&[][..], Vec::as_slice);
            for record in records {
                let number = record.pointer("/dynamodb/SequenceNumber");
                let number = number.and_then(Value::as_str).unwrap_or_default();
                if found.is_empty() && number != first {
                    return Err(gone());
                }
                found.push(record.clone());
                if number == last {
                    return Ok(found);
                }
            }
            if records.is_empty() {
                return Err(gone());
            }
            text(&page, "NextShardIterator").clone_into(&mut iterator);
        }
    }

    /// Invokes a function without waiting for it, which tries again by itself if that fails.
    pub(super) async fn send_event(
        &self,
        function: &str,
        payload: &Value,
    ) -> Result<(), OperatorError> {
        let request = self.invocation(function, payload)?;
        let request = request.header("x-amz-invocation-type", "Event");
        let answer = send(&self.api, request).await?;
        if answer.status().as_u16() == 202 {
            Ok(())
        } else {
            Err(OperatorError::new(format_args!(
                "Lambda does not take the event: {}",
                answer.status()
            )))
        }
    }

    /// Invokes a function and returns its answer.
    pub(super) async fn invoke(
        &self,
        function: &str,
        payload: &Value,
    ) -> Result<Value, OperatorError> {
        let answer = send(&self.api, self.invocation(function, payload)?).await?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        if !answer.status().is_success() || failed {
            return Err(OperatorError::new("the function failed again"));
        }
        Ok(answer.json().await.unwrap_or_default())
    }

    fn invocation(&self, function: &str, payload: &Value) -> Result<RequestBuilder, OperatorError> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.api);
        Ok(client()?.post(url).body(payload.to_string()))
    }

    async fn sqs(&self, action: &str, input: &Value) -> Result<Value, OperatorError> {
        call(&self.sqs, "SQS", &format!("AmazonSQS.{action}"), input).await
    }

    async fn streams(&self, action: &str, input: &Value) -> Result<Value, OperatorError> {
        let target = format!("DynamoDBStreams_20120810.{action}");
        call(&self.dynamodb, "DynamoDB", &target, input).await
    }
}

/// Makes one call of a service's JSON protocol.
pub(super) async fn call(
    endpoint: &str,
    service: &str,
    target: &str,
    input: &Value,
) -> Result<Value, OperatorError> {
    // Only the key's id counts: signatures are not checked.
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/19700101/{REGION}/any/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let request = client()?
        .post(endpoint)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .header("x-amz-target", target)
        .header("x-amz-date", "19700101T000000Z")
        .header(header::AUTHORIZATION, authorization)
        .body(input.to_string());
    let response = send(endpoint, request).await?;
    let succeeded = response.status().is_success();
    let answer: Value = response.json().await.map_err(|_| {
        OperatorError::new(format_args!(
            "what listens at {endpoint} is not the {service} of a shop; say with `--port N` which \
             port the shop's API has"
        ))
    })?;
    if succeeded {
        return Ok(answer);
    }
    let reason = answer.get("message").or_else(|| answer.get("Message"));
    let reason = reason
        .and_then(Value::as_str)
        .unwrap_or("it says no reason");
    Err(OperatorError::new(format_args!(
        "{service} refused: {reason}"
    )))
}

async fn send(endpoint: &str, request: RequestBuilder) -> Result<Response, OperatorError> {
    request.send().await.map_err(|error| {
        if error.is_connect() {
            OperatorError::new(format_args!(
                "no shop is running: nothing listens at {endpoint}; start one with `cargo run`, or \
                 say with `--port N` which port its API has"
            ))
        } else {
            OperatorError::new(format_args!("{endpoint} does not answer: {error}"))
        }
    })
}

fn client() -> Result<Client, OperatorError> {
    let client = Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build();
    client.map_err(OperatorError::new)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
