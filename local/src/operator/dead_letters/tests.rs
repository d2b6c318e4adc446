//! Dead letters of a local cloud whose one function fails as long as it is told to.

use std::collections::BTreeMap;
use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use cloud::{Cloud, Deployment, Options};
use reqwest::Client;

use super::*;

const TEMPLATE: &str = r#"
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  Failed: {Type: AWS::SQS::Queue}
  Images: {Type: AWS::S3::Bucket}
  Uploads:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: worker}}
    Properties:
      Timeout: 20
      Environment: {Variables: {OPERATOR_TEST_FUNCTION: FOLDER}}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
      Events:
        Put: {Type: S3, Properties: {Bucket: !Ref Images, Events: "s3:ObjectCreated:*"}}
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Uploads.StreamArn
            StartingPosition: LATEST
            BatchSize: 2
            MaximumRetryAttempts: 0
            FilterCriteria: {Filters: [{Pattern: '{"dynamodb":{"Keys":{"id":{"S":[{"anything-but":"unwanted"}]}}}}'}]}
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
"#;

/// The function: the test binary itself. It fails while its folder has a file `fail`, and adds the
/// events that it handles to the file `handled`. Does nothing in a test run.
#[tokio::test]
async fn a_function() {
    let Some(folder) = env::var_os("OPERATOR_TEST_FUNCTION").map(PathBuf::from) else {
        return;
    };
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://{api}/2018-06-01/runtime/invocation/{path}");
    loop {
        // The local cloud is gone: so is this function.
        let Ok(next) = client.get(url("next")).send().await else {
            std::process::exit(1);
        };
        let id = next.headers()["lambda-runtime-aws-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let event = next.text().await.unwrap();
        let outcome = if folder.join("fail").exists() {
            "error"
        } else {
            let handled = folder.join("handled");
            let before = std::fs::read_to_string(&handled).unwrap_or_default();
            std::fs::write(handled, format!("{before}{event}\n")).unwrap();
            "response"
        };
        let body = r#"{"errorMessage": "sorry", "errorType": "Sorry"}"#;
        let answer = client.post(url(&format!("{id}/{outcome}"))).body(body);
        answer.send().await.unwrap();
    }
}

struct World {
    cloud: Cloud,
    services: Services,
    folder: PathBuf,
}

async fn start() -> World {
    let folder = env::temp_dir().join(format!("local-letters-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("template.yaml");
    let template = TEMPLATE.replace("FOLDER", folder.to_str().unwrap());
    std::fs::write(&path, template).unwrap();
    let program = folder.join("worker");
    let own = env::current_exe().unwrap();
    let test = "operator::dead_letters::tests::a_function";
    let script = format!(
        "#!/bin/sh\nexec {} --exact {test} --nocapture\n",
        own.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let deployment = Deployment {
        stack: "stack".to_owned(),
        parameters: BTreeMap::new(),
    };
    let cloud = Cloud::start(Options::new(path, deployment, folder.clone()));
    let cloud = cloud.await.unwrap();
    let services = Services {
        api: cloud.api_url(),
        dynamodb: cloud.dynamodb_url(),
        sqs: cloud.sqs_url(),
    };
    World {
        cloud,
        services,
        folder,
    }
}

impl World {
    fn queue(&self) -> &QueueTemplate {
        &self.cloud.template().queues[0]
    }

    async fn look(&self) -> Vec<String> {
        look(&self.services, self.queue()).await.unwrap()
    }

    async fn put_back(&self) -> Vec<Result<(), String>> {
        let done = put_back(&self.services, self.cloud.template(), self.queue()).await;
        let done = done.unwrap().into_iter();
        done.map(|(_, it)| it.map_err(|it| it.to_string()))
            .collect()
    }

    async fn write(&self, id: &str) {
        let item = json!({"id": {"S": id}});
        let put = json!({"TableName": "stack-Uploads", "Item": item});
        let target = "DynamoDB_20120810.PutItem";
        services::call(&self.services.dynamodb, "DynamoDB", target, &put)
            .await
            .unwrap();
    }

    async fn settle(&self) {
        assert!(self.cloud.events().settle(Duration::from_secs(20)).await);
    }

    fn handled(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("handled")).unwrap_or_default();
        text.lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn what_failed_is_shown_and_put_back_as_events_and_as_the_streams_records() {
    let world = start().await;
    std::fs::write(world.folder.join("fail"), "").unwrap();
    let put = world
        .cloud
        .put_object("Images", "pending/a b", "image/png", b"x".to_vec());
    put.await.unwrap();
    world.settle().await;
    let held = world.cloud.events().hold();
    for id in ["one", "unwanted", "two"] {
        world.write(id).await;
    }
    drop(held);
    world.settle().await;

    let mut shown = world.look().await;
    shown.sort();
    assert_eq!(world.look().await.len(), shown.len(), "all of it stays");
    let (event, batches) = shown.split_last().unwrap();
    assert!(event.starts_with("ObjectCreated:Put of pending/a+b, given up by stack-Worker at "));
    assert!(
        event.ends_with(" after 1 invocations (RetriesExhausted): sorry"),
        "{event}"
    );
    assert!(!batches.is_empty());
    for batch in batches {
        assert!(
            batch.contains(" records of the table stack-Uploads, given up by "),
            "{batch}"
        );
    }

    for outcome in world.put_back().await.iter().filter(|it| it.is_err()) {
        assert_eq!(outcome.as_ref().unwrap_err(), "the function failed again");
    }
    world.settle().await;
    assert_eq!(
        world.look().await.len(),
        shown.len(),
        "all of it failed again"
    );

    std::fs::remove_file(world.folder.join("fail")).unwrap();
    let outcomes = world.put_back().await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    world.settle().await;
    assert_eq!(world.look().await, [""; 0]);
    let handled = world.handled();
    let records = handled
        .iter()
        .flat_map(|it| it["Records"].as_array().unwrap());
    let names = records.map(|it| {
        let name = it
            .pointer("/s3/object/key")
            .or(it.pointer("/dynamodb/Keys/id/S"));
        name.unwrap().as_str().unwrap().to_owned()
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["one", "pending/a+b", "two"]);
    let Some(EventSource::Stream(source)) = world.cloud.template().functions[0]
        .sources
        .iter()
        .find(|it| matches!(it, EventSource::Stream(_)))
    else {
        panic!("the function reads no stream");
    };
    let of_stream = handled
        .iter()
        .find(|it| it.pointer("/Records/0/dynamodb").is_some());
    let arn = &of_stream.unwrap()["Records"][0]["eventSourceARN"];
    assert_eq!(arn, &source.stream_arn);
    world.cloud.stop().await;
    std::fs::remove_dir_all(world.folder).unwrap();
}

#[tokio::test]
async fn a_message_of_somebody_else_stays_and_a_shop_that_does_not_run_is_told() {
    let world = start().await;
    let url = format!("x/{}", world.queue().name);
    let send = json!({"QueueUrl": url, "MessageBody": "hello"});
    services::call(&world.services.sqs, "SQS", "AmazonSQS.SendMessage", &send)
        .await
        .unwrap();
    assert_eq!(world.look().await, ["a message that Lambda did not write"]);
    assert_eq!(world.put_back().await.len(), 1);
    assert!(world.put_back().await[0].is_err());
    let services = world.services.clone();
    let queue = world.queue().clone();
    world.cloud.stop().await;
    let refused = look(&services, &queue).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("no shop is running: nothing listens at "),
        "{refused}"
    );
    std::fs::remove_dir_all(world.folder).unwrap();
}

#[test]
fn a_queue_that_the_template_does_not_have_is_refused() {
    let queue = QueueTemplate {
        logical_id: "Failed".to_owned(),
        name: "stack-Failed".to_owned(),
        arn: String::new(),
        visibility_timeout: Duration::ZERO,
        retention: Duration::ZERO,
    };
    let queues = [queue];
    assert_eq!(chosen(&queues, None).unwrap().len(), 1);
    assert_eq!(chosen(&queues, Some("Failed")).unwrap().len(), 1);
    let refused = chosen(&queues, Some("Other")).unwrap_err().to_string();
    assert_eq!(refused, "the template has no queue Other; it has Failed");
}
