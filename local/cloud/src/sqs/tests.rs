//! SQS over its protocol.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use serde_json::{Value, json};
use template::{Effect, QueueTemplate, RoleTemplate, StatementTemplate};

use super::*;
use crate::environment::access_key_id;
use crate::logs::{LogSink, Logs};
use crate::service::ANY_PORT;
use crate::testing::{Answer, authorization, function, iam, operator, send};

const ARN: &str = "arn:aws:sqs:eu-central-1:000000000000:stack-failed";

fn queue() -> QueueTemplate {
    QueueTemplate {
        logical_id: "Failed".into(),
        name: "stack-failed".into(),
        arn: ARN.into(),
        visibility_timeout: Duration::from_secs(30),
        retention: Duration::from_secs(60),
    }
}

/// A service with one queue, to which a function may send.
async fn start() -> (Service, Arc<Queues>) {
    let mut sender = function("sender");
    let statement = |action: &str, resource: &str| StatementTemplate {
        effect: Effect::Allow,
        actions: vec![action.into()],
        resources: vec![resource.into()],
        conditions: Vec::new(),
    };
    sender.role = Some(RoleTemplate {
        name: "Sender".into(),
        statements: vec![statement("sqs:SendMessage", ARN), statement("logs:*", "*")],
    });
    let queues = Queues::new(&[queue()]);
    let iam = iam(&[sender], &Logs::new(&LogSink::Memory));
    let service = super::start(ANY_PORT, Arc::clone(&queues), &iam).await;
    (service.unwrap(), queues)
}

async fn ask_as(service: &Service, key: &str, action: &str, mut input: Value) -> Answer {
    input["QueueUrl"] = json!("https://sqs.eu-central-1.amazonaws.com/000000000000/stack-failed");
    let target = format!("AmazonSQS.{action}");
    let headers = [("x-amz-target", target.as_str()), ("authorization", key)];
    let body = input.to_string();
    send(&service.url(), "POST", "/", &headers, body.as_bytes()).await
}

async fn ask(service: &Service, action: &str, input: Value) -> Value {
    let answer = ask_as(service, &operator(), action, input).await;
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_message_is_received_by_one_at_a_time_until_it_is_deleted() {
    let (service, _) = start().await;
    let sent = ask(&service, "SendMessage", json!({"MessageBody": "hello"})).await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let counted = async || {
        let names = json!({"AttributeNames": ["All"]});
        let found = ask(&service, "GetQueueAttributes", names).await["Attributes"].clone();
        let of = |name: &str| found[name].as_str().unwrap().to_owned();
        [
            of("ApproximateNumberOfMessages"),
            of("ApproximateNumberOfMessagesNotVisible"),
        ]
    };
    assert_eq!(counted().await, ["1", "0"]);
    let received = ask(&service, "ReceiveMessage", json!({})).await["Messages"].clone();
    assert_eq!(received[0]["Body"], "hello");
    assert_eq!(received[0]["MessageId"], sent["MessageId"]);
    assert_eq!(received[0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(counted().await, ["0", "1"]);
    let hidden = ask(&service, "ReceiveMessage", json!({})).await;
    assert_eq!(hidden["Messages"], json!([]));

    let receipt = &received[0]["ReceiptHandle"];
    let visible = json!({"ReceiptHandle": receipt, "VisibilityTimeout": 0});
    ask(&service, "ChangeMessageVisibility", visible).await;
    let again = ask(&service, "ReceiveMessage", json!({})).await["Messages"].clone();
    assert_eq!(again[0]["Attributes"]["ApproximateReceiveCount"], "2");
    ask(&service, "DeleteMessage", json!({"ReceiptHandle": receipt})).await;
    assert_eq!(counted().await, ["0", "1"], "somebody else has it now");
    let receipt = &again[0]["ReceiptHandle"];
    ask(&service, "DeleteMessage", json!({"ReceiptHandle": receipt})).await;
    assert_eq!(counted().await, ["0", "0"]);
}

#[tokio::test]
async fn queues_are_listed_and_found_by_name() {
    let (service, _) = start().await;
    let url = format!("{}/000000000000/stack-failed", service.url());
    let listed = ask(&service, "ListQueues", json!({})).await;
    assert_eq!(listed["QueueUrls"], json!([url]));
    let none = ask(&service, "ListQueues", json!({"QueueNamePrefix": "x"})).await;
    assert_eq!(none["QueueUrls"], json!([]));
    let named = ask(
        &service,
        "GetQueueUrl",
        json!({"QueueName": "stack-failed"}),
    )
    .await;
    assert_eq!(named["QueueUrl"], url);
    let absent = ask_as(
        &service,
        &operator(),
        "GetQueueUrl",
        json!({"QueueName": "x"}),
    )
    .await;
    assert_eq!(
        absent.json()["__type"],
        "com.amazonaws.sqs#QueueDoesNotExist"
    );
}

#[tokio::test]
async fn a_function_sends_only_if_its_role_allows_it() {
    let (service, queues) = start().await;
    let key = authorization(&access_key_id("stack-sender"));
    let sent = ask_as(&service, &key, "SendMessage", json!({"MessageBody": "x"})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    for (key, action, kind) in [
        (&*key, "ReceiveMessage", "AccessDeniedException"),
        (
            &authorization("NOBODY"),
            "SendMessage",
            "InvalidClientTokenId",
        ),
        ("", "SendMessage", "MissingAuthenticationToken"),
    ] {
        let refused = ask_as(&service, key, action, json!({"MessageBody": "y"})).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            refused.json()["__type"],
            format!("com.amazonaws.sqs#{kind}")
        );
    }
    assert_eq!(queues.by_logical_id("Failed").unwrap().bodies(), ["x"]);
}
