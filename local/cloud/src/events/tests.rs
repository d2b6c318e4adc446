//! Events of a whole local cloud to real processes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

mod bare;

use super::*;
use crate::cloud::{Cloud, Options};
use crate::dynamodb::faults::{Calls, Fault};
use crate::testing::{child, operator, send};
use template::Deployment;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

const RESOURCES: &str = r#"
Resources:
  ImagesBucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: images, VersioningConfiguration: {Status: Enabled}}
  Uploads:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: uploads
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: worker}}
    Properties:
      FunctionName: worker
      Timeout: 20
      Environment: {Variables: {LOCAL_TEST_FUNCTION: "1"}}
"#;

/// What a function wants of the bucket.
const OF_BUCKET: &str = r#"
      EventInvokeConfig:
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
      Events:
        Put:
          Type: S3
          Properties:
            Bucket: !Ref ImagesBucket
            Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"]
            Filter: {S3Key: {Rules: [{Name: prefix, Value: pending/}]}}
"#;

/// What a function wants of the table; a test adds properties.
const OF_TABLE: &str = r#"
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Uploads.StreamArn
            StartingPosition: TRIM_HORIZON
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
"#;

/// A local cloud with one function.
struct World {
    cloud: Cloud,
    folder: PathBuf,
}

/// Starts a local cloud whose function has these properties too.
async fn start(properties: &str) -> World {
    let (folder, options) = options(properties);
    let cloud = Cloud::start(options).await.unwrap();
    World { cloud, folder }
}

fn options(properties: &str) -> (PathBuf, Options) {
    let folder = std::env::temp_dir().join(format!("local-events-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("template.yaml");
    std::fs::write(&path, format!("{}{properties}", RESOURCES.trim_end())).unwrap();
    let program = folder.join("worker");
    let own = std::env::current_exe().unwrap();
    let (own, test) = (own.display(), child::TEST);
    std::fs::write(
        &program,
        format!("#!/bin/sh\nexec {own} --exact {test} --nocapture\n"),
    )
    .unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    let deployment = Deployment {
        stack: "stack".to_owned(),
        parameters: BTreeMap::new(),
    };
    let mut options = Options::new(path, deployment, folder.clone());
    options.retry_delay = Duration::from_millis(10);
    (folder, options)
}

impl World {
    fn events(&self) -> &Events {
        self.cloud.events()
    }

    async fn put(&self, key: &str) {
        let bytes = b"picture".to_vec();
        let put = self
            .cloud
            .put_object("ImagesBucket", key, "image/png", bytes);
        put.await.unwrap();
    }

    /// Writes an item by a call; `wish` is what the function is to do with it.
    async fn write(&self, id: &str, n: usize, wish: &str) {
        let item = json!({
            "TableName": "uploads",
            "Item": {"id": {"S": id}, "n": {"N": n.to_string()}, "do": {"S": wish}},
        });
        self.call("PutItem", item).await;
    }

    async fn call(&self, operation: &str, input: Value) {
        assert_eq!(self.try_call(operation, input).await, 200);
    }

    async fn try_call(&self, operation: &str, input: Value) -> u16 {
        let target = format!("DynamoDB_20120810.{operation}");
        let key = operator();
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
            ("x-amz-date", "20261121T100000Z"),
            ("authorization", key.as_str()),
        ];
        let body = input.to_string();
        let url = self.cloud.dynamodb_url();
        send(&url, "POST", "/", &headers, body.as_bytes())
            .await
            .status
    }

    async fn settle(&self) {
        assert!(self.events().settle(LIMIT).await);
    }

    /// Returns the events that the function got, once these are as many as began.
    async fn got(&self) -> Vec<Value> {
        let begun = self.events().counts("worker").begun;
        let end = Instant::now() + LIMIT;
        loop {
            let lines = self.cloud.logs();
            let events = lines
                .iter()
                .filter_map(|it| it.strip_prefix("worker: event "));
            let events: Vec<Value> = events.map(|it| serde_json::from_str(it).unwrap()).collect();
            if events.len() == usize::try_from(begun).unwrap() {
                return events;
            }
            assert!(
                Instant::now() < end,
                "{} of {begun}: {lines:?}",
                events.len()
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Returns what the function got of the stream: id and number of each record, by batches.
    async fn batches(&self) -> Vec<Vec<(String, usize)>> {
        let batches = self.got().await.into_iter().map(|event| {
            let records = event["Records"].as_array().unwrap().clone();
            let records = records.into_iter().map(|record| {
                let id = record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap();
                let n = &record["dynamodb"]["NewImage"]["n"]["N"];
                (id.to_owned(), n.as_str().unwrap_or("0").parse().unwrap())
            });
            records.collect()
        });
        batches.collect()
    }

    fn failures(&self) -> Vec<Value> {
        let messages = self.cloud.messages("Failed");
        let messages = messages.iter().map(|it| serde_json::from_str(it).unwrap());
        messages.collect()
    }

    async fn stop(self) {
        self.cloud.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

#[tokio::test]
async fn an_object_that_is_put_invokes_the_function_with_s3s_event() {
    let world = start(OF_BUCKET).await;
    world.put("pending/a b.png").await;
    world.put("other/a.png").await;
    world.settle().await;
    let got = world.got().await;
    assert_eq!(got.len(), 1, "nothing of other keys");
    let record = &got[0]["Records"][0];
    assert_eq!(record["eventSource"], "aws:s3");
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["eventVersion"], "2.1");
    assert_eq!(record["awsRegion"], "eu-central-1");
    assert_eq!(record["s3"]["bucket"]["name"], "images");
    let object = &record["s3"]["object"];
    assert_eq!(object["key"], "pending/a+b.png");
    assert_eq!(object["size"], 7);
    assert_eq!(object["eTag"].as_str().unwrap().len(), 32);
    assert_eq!(object["versionId"].as_str().unwrap().len(), 32);
    let first = object["sequencer"].as_str().unwrap().to_owned();

    world.put("pending/a b.png").await;
    world.settle().await;
    let got = world.got().await;
    let second = got[1]["Records"][0]["s3"]["object"]["sequencer"].clone();
    assert!(
        first.as_str() < second.as_str().unwrap(),
        "{first} {second}"
    );
    world.stop().await;
}

#[tokio::test]
async fn an_event_that_fails_is_tried_twice_more_and_then_goes_to_the_queue() {
    let world = start(OF_BUCKET).await;
    world.put("pending/error").await;
    world.settle().await;
    let got = world.got().await;
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|it| *it == got[0]), "the same event");
    let counts = world.events().counts("worker");
    let expected = DeliveryCounts {
        begun: 3,
        succeeded: 0,
        given_up: 1,
    };
    assert_eq!(counts, expected);
    let failures = world.failures();
    assert_eq!(failures.len(), 1);
    let record = &failures[0];
    assert_eq!(record["requestPayload"], got[0]);
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:worker:$LATEST";
    assert_eq!(record["requestContext"]["functionArn"], arn);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorMessage"], "sorry");
    world.stop().await;
}

#[tokio::test]
async fn an_asynchronous_invocation_is_tried_again_and_goes_to_the_queue() {
    let properties = OF_BUCKET.replace(
        "      EventInvokeConfig:\n",
        "      EventInvokeConfig:\n        MaximumRetryAttempts: 0\n",
    );
    let world = start(&properties).await;
    let path = "/2015-03-31/functions/worker/invocations";
    let kind = [("x-amz-invocation-type", "Event")];
    let body = br#"{"do": "error", "own": 1}"#;
    let answer = send(&world.cloud.api_url(), "POST", path, &kind, body).await;
    assert_eq!(answer.status, 202);
    world.settle().await;
    let failures = world.failures();
    assert_eq!(failures[0]["requestPayload"]["own"], 1);
    assert_eq!(failures[0]["requestContext"]["approximateInvokeCount"], 1);
    world.stop().await;
}

#[tokio::test]
async fn records_of_a_stream_come_in_batches_in_order_with_both_images() {
    let properties = format!("{OF_TABLE}            BatchSize: 2\n");
    let world = start(&properties).await;
    let held = world.events().hold();
    for n in 1..=5 {
        world.write("a", n, "").await;
    }
    let key = json!({"TableName": "uploads", "Key": {"id": {"S": "a"}}});
    world.call("DeleteItem", key).await;
    drop(held);
    world.settle().await;
    let numbers: Vec<usize> = world
        .batches()
        .await
        .concat()
        .into_iter()
        .map(|(_, n)| n)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 0]);
    let got = world.got().await;
    assert!(
        got.len() <= 4,
        "at most two in one, and the first alone: {got:?}"
    );
    let mut records = got.iter().flat_map(|it| it["Records"].as_array().unwrap());
    let insert = records.next().unwrap();
    assert_eq!(insert["eventName"], "INSERT");
    assert_eq!(insert["eventSource"], "aws:dynamodb");
    assert_eq!(insert["awsRegion"], "eu-central-1");
    let arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/uploads/stream/\
               2026-01-01T00:00:00.000";
    assert_eq!(insert["eventSourceARN"], arn);
    let change = &insert["dynamodb"];
    assert_eq!(change["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(change["Keys"], json!({"id": {"S": "a"}}));
    assert_eq!(change["NewImage"]["n"]["N"], "1");
    assert!(change.get("OldImage").is_none());
    assert!(change["ApproximateCreationDateTime"].is_i64());
    let modify = records.next().unwrap();
    assert_eq!(modify["eventName"], "MODIFY");
    assert_eq!(modify["dynamodb"]["OldImage"]["n"]["N"], "1");
    let remove = records.last().unwrap();
    assert_eq!(remove["eventName"], "REMOVE");
    assert_eq!(remove["dynamodb"]["OldImage"]["n"]["N"], "5");
    world.stop().await;
}

#[tokio::test]
async fn a_write_reaches_its_function_at_once() {
    let world = start(OF_TABLE).await;
    world.cloud.warm().await.unwrap();
    let begun = Instant::now();
    for n in 1..=3 {
        world.write("a", n, "").await;
        while world.events().counts("worker").succeeded < u32::try_from(n).unwrap() {
            assert!(begun.elapsed() < LIMIT);
            sleep(Duration::from_millis(1)).await;
        }
    }
    // Far less than three looks at a stream of which nobody told.
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    world.stop().await;
}

#[tokio::test]
async fn a_batch_that_fails_is_halved_until_only_what_fails_goes_to_the_queue() {
    let properties = format!(
        "{OF_TABLE}            BisectBatchOnFunctionError: true\n            MaximumRetryAttempts: 1\n"
    );
    let world = start(&properties).await;
    let held = world.events().hold();
    // The first is on its way alone, perhaps.
    for (n, wish) in ["", "", "", "", "error", "", ""].into_iter().enumerate() {
        world.write(&format!("i{n}"), n, wish).await;
    }
    drop(held);
    world.settle().await;
    let batches = world.batches().await;
    let failing = |batch: &Vec<(String, usize)>| batch.iter().any(|(_, n)| *n == 4);
    let (failed, done): (Vec<_>, Vec<_>) = batches.into_iter().partition(failing);
    let done: Vec<usize> = done.concat().into_iter().map(|(_, n)| n).collect();
    assert_eq!(done, [0, 1, 2, 3, 5, 6], "each once, in order");
    let alone = failed.iter().filter(|it| it.len() == 1).count();
    assert_eq!(alone, 2, "tried again once: {failed:?}");
    let failures = world.failures();
    assert_eq!(failures.len(), 1);
    let record = &failures[0];
    assert_eq!(
        record["requestContext"]["condition"],
        "RetryAttemptsExhausted"
    );
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    let info = &record["DDBStreamBatchInfo"];
    assert_eq!(info["batchSize"], 1);
    assert_eq!(info["startSequenceNumber"], info["endSequenceNumber"]);
    assert!(info["shardId"].as_str().unwrap().starts_with("shardId-"));
    assert!(
        !record.to_string().contains("NewImage"),
        "no item: {record}"
    );
    world.stop().await;
}

#[tokio::test]
async fn records_before_one_that_is_reported_are_done_with_and_the_next_batch_waits() {
    let properties = format!(
        "{OF_TABLE}            FunctionResponseTypes: [ReportBatchItemFailures]\n            MaximumRetryAttempts: 2\n"
    );
    let world = start(&properties).await;
    let held = world.events().hold();
    world.write("a", 1, "").await;
    world.events().settle(Duration::from_millis(50)).await;
    for (n, wish) in [(2, ""), (3, "item"), (4, "")] {
        world.write("a", n, wish).await;
    }
    drop(held);
    world.settle().await;
    world.write("a", 5, "").await;
    world.settle().await;
    let batches = world.batches().await;
    let numbers = |batch: &Vec<(String, usize)>| batch.iter().map(|(_, n)| *n).collect();
    let numbers: Vec<Vec<usize>> = batches.iter().map(numbers).collect();
    let expected = [
        vec![1],
        vec![2, 3, 4],
        vec![3, 4],
        vec![3, 4],
        vec![3, 4],
        vec![5],
    ];
    assert_eq!(numbers, expected);
    assert_eq!(world.failures()[0]["DDBStreamBatchInfo"]["batchSize"], 2);
    world.stop().await;
}

#[tokio::test]
async fn batches_of_other_keys_do_not_wait_for_one_that_fails_if_several_are_at_work() {
    let properties =
        format!("{OF_TABLE}            BatchSize: 1\n            ParallelizationFactor: 10\n");
    let world = start(&properties).await;
    // Tried again for as long as the stream has it.
    world.write("a", 1, "error").await;
    world.write("a", 2, "").await;
    let others = ["b", "c", "d", "e", "f", "g", "h"];
    for id in others {
        world.write(id, 1, "").await;
    }
    // One of the others may share the line of `a`, but not all do.
    let end = Instant::now() + LIMIT;
    while world.events().counts("worker").succeeded == 0 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!world.events().settle(Duration::from_millis(50)).await);
    let lines = world.cloud.logs().concat();
    assert!(!lines.contains(r#""n":{"N":"2"}"#), "{lines}");
    world.stop().await;
}

#[tokio::test]
async fn only_records_that_fit_a_filter_come() {
    let filter = r#"            FilterCriteria: {Filters: [{Pattern: '{"dynamodb":{"NewImage":{"do":{"S":["ready"]}}}}'}]}"#;
    let world = start(&format!("{OF_TABLE}{filter}\n")).await;
    for (n, wish) in ["pending", "ready", "rejected", "ready"]
        .into_iter()
        .enumerate()
    {
        world.write("a", n, wish).await;
    }
    world.settle().await;
    let numbers: Vec<usize> = world
        .batches()
        .await
        .concat()
        .iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(numbers, [1, 3]);
    world.stop().await;
}

#[tokio::test]
async fn a_transaction_reaches_the_stream_though_its_answer_is_an_error() {
    let world = start(OF_TABLE).await;
    let calls = Calls::of("TransactWriteItems");
    world.cloud.faults().inject(calls, Fault::FailAfter);
    let item = |id: &str| {
        let item = json!({"id": {"S": id}, "n": {"N": "7"}});
        json!({"Put": {"TableName": "uploads", "Item": item}})
    };
    let both = json!({"TransactItems": [item("a"), item("b")]});
    assert_eq!(world.try_call("TransactWriteItems", both).await, 500);
    world.settle().await;
    let mut ids: Vec<String> = world
        .batches()
        .await
        .concat()
        .into_iter()
        .map(|it| it.0)
        .collect();
    ids.sort();
    assert_eq!(ids, ["a", "b"]);
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_delivered_while_deliveries_are_held() {
    let world = start(OF_BUCKET).await;
    let held = world.events().hold();
    world.put("pending/a").await;
    assert!(!world.events().settle(Duration::from_millis(50)).await);
    assert_eq!(world.events().counts("worker").begun, 0);
    drop(held);
    world.settle().await;
    assert_eq!(world.events().counts("worker").succeeded, 1);
    world.stop().await;
}

#[tokio::test]
async fn an_event_comes_twice_or_again_or_late_when_that_is_injected() {
    let world = start(OF_BUCKET).await;
    let late = Mishap::Late(Duration::from_millis(400));
    world.events().inject("worker", &[late], 1);
    world
        .events()
        .inject("worker", &[Mishap::Twice, Mishap::Again(Duration::ZERO)], 1);
    world.put("pending/late").await;
    world.put("pending/often").await;
    world.put("pending/once").await;
    world.settle().await;
    let keys = world.got().await.into_iter().map(|it| {
        let key = &it["Records"][0]["s3"]["object"]["key"];
        key.as_str().unwrap().to_owned()
    });
    let keys: Vec<String> = keys.collect();
    let count = |key: &str| keys.iter().filter(|it| *it == key).count();
    assert_eq!(
        ["pending/late", "pending/often", "pending/once"].map(count),
        [1, 4, 1]
    );
    assert_eq!(keys.last().unwrap(), "pending/late", "overtaken");
    world.stop().await;
}

#[tokio::test]
async fn a_hostile_schedule_repeats_records_and_mixes_keys_but_keeps_the_order_of_each() {
    let world = start(OF_TABLE).await;
    world.events().randomly(7);
    let held = world.events().hold();
    for n in 1..=4 {
        for id in ["a", "b", "c"] {
            world.write(id, n, "").await;
        }
    }
    drop(held);
    world.settle().await;
    let all = world.batches().await.concat();
    let mut firsts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (id, n) in &all {
        let seen = firsts.entry(id).or_default();
        if !seen.contains(n) {
            seen.push(*n);
        }
        let times = all.iter().filter(|it| *it == &(id.clone(), *n)).count();
        assert!(times >= 2, "{id} {n} came once");
    }
    for (id, seen) in &firsts {
        assert_eq!(seen, &[1, 2, 3, 4], "{id}");
    }

    let held = world.events().hold();
    for key in 0..8 {
        world.write(&format!("k{key}"), 0, "").await;
    }
    drop(held);
    world.settle().await;
    let mut order: Vec<String> = Vec::new();
    for (id, _) in world.batches().await.concat() {
        if id.starts_with('k') && !order.contains(&id) {
            order.push(id);
        }
    }
    assert!(order.len() == 8 && !order.is_sorted(), "{order:?}");

    world.events().clear();
    let before = world.events().counts("worker").begun;
    world.write("a", 5, "").await;
    world.settle().await;
    assert_eq!(world.events().counts("worker").begun, before + 1);
    world.stop().await;
}

#[tokio::test]
async fn a_schedule_that_is_due_invokes_the_function_with_eventbridges_event() {
    let properties = r#"
      Events:
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
"#;
    let world = start(properties).await;
    assert!(world.events().tick("worker"));
    assert!(!world.events().tick("nobody"));
    world.settle().await;
    let got = world.got().await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["source"], "aws.events");
    assert_eq!(got[0]["detail-type"], "Scheduled Event");
    assert_eq!(got[0]["detail"], json!({}));
    assert_eq!(
        got[0]["time"].as_str().unwrap().len(),
        "2026-01-01T00:00:00Z".len()
    );
    world.stop().await;
}

#[tokio::test]
async fn a_role_that_does_not_let_a_function_have_its_events_is_refused_at_the_start() {
    let role = |actions: &str| {
        format!(
            r#"      Role: !GetAtt Own.Arn
  Own:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {{Effect: Allow, Action: ["logs:*", {actions}], Resource: "*"}}
"#
        )
    };
    let reads = "dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator";
    for (actions, told) in [
        (
            "sqs:SendMessage".to_owned(),
            "worker could not read its stream: ",
        ),
        (format!("{reads}, sqs:SendMessage"), "dynamodb:ListStreams"),
        (
            format!("{reads}, dynamodb:ListStreams"),
            "worker could not hand over what it fails on: ",
        ),
    ] {
        let (folder, options) = options(&format!("{OF_TABLE}{}", role(&actions)));
        let refused = Cloud::start(options).await.err().unwrap().to_string();
        assert!(refused.contains(told), "{refused}");
        std::fs::remove_dir_all(folder).unwrap();
    }
    let all = format!("{reads}, dynamodb:ListStreams, sqs:SendMessage");
    let world = start(&format!("{OF_TABLE}{}", role(&all))).await;
    let unused = world.cloud.unused_grants();
    assert_eq!(unused.len(), 0, "asked when it is deployed: {unused:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_cloud_that_stops_ends_what_is_still_to_be_delivered() {
    let world = start(OF_BUCKET).await;
    let late = Mishap::Late(Duration::from_secs(3600));
    world.events().inject("worker", &[late], 1);
    world.put("pending/a").await;
    let begun = Instant::now();
    world.stop().await;
    assert!(begun.elapsed() < LIMIT);
}
