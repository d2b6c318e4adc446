//! Starting and stopping a whole local cloud, without the shop's functions.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::send;

const TEMPLATE: &str = r#"
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  OrdersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: userId, AttributeType: S}]
      KeySchema: [{AttributeName: userId, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
"#;

/// A folder of its own with a template in it.
fn options(template: &str) -> (PathBuf, Options) {
    let folder = std::env::temp_dir().join(format!("local-cloud-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("template.yaml");
    std::fs::write(&path, template).unwrap();
    let options = Options {
        template: path,
        ..Options::default()
    };
    (folder, options)
}

async fn refusal(options: &Options) -> String {
    let started = Cloud::start(options.clone()).await;
    started.err().unwrap().to_string()
}

#[tokio::test]
async fn a_port_or_a_data_folder_that_is_in_use_is_refused_with_advice() {
    let (folder, mut options) = options(TEMPLATE);
    options.data = Some(folder.join("data"));
    let cloud = Cloud::start(options.clone()).await.unwrap();
    assert_eq!(
        send(&cloud.api_url(), "GET", "/", &[], b"").await.status,
        404
    );

    let error = refusal(&options).await;
    assert!(
        error.contains("another local cloud uses this data folder"),
        "{error}"
    );
    options.data = None;
    options.port = cloud.gateway.port();
    let error = refusal(&options).await;
    assert!(
        error.contains(&format!("port {} is in use", options.port)),
        "{error}"
    );
    assert!(check_port(options.port).is_err());

    let port = options.port;
    cloud.stop().await;
    assert!(
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
    );
    Cloud::start(options).await.unwrap().stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_function_that_is_not_built_is_named_with_the_build_that_is_missing() {
    let function = r#"
  NobodyFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: nobody}}
"#;
    let (folder, mut options) = options(&format!("{TEMPLATE}{function}"));
    let error = refusal(&options).await;
    assert!(error.starts_with("nobody is not built: "), "{error}");
    assert!(error.contains("debug/nobody"), "{error}");
    options.released.insert("nobody".to_owned());
    let error = refusal(&options).await;
    assert!(error.contains("release/nobody"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_template_that_cannot_be_run_is_refused_with_its_place() {
    let (folder, options) = options("Resources: {Q: {Type: AWS::SQS::Queue}}");
    assert_eq!(
        refusal(&options).await,
        "template.yaml: Resources.Q: the local cloud cannot run resources of type AWS::SQS::Queue"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn each_service_can_be_stopped_and_started_again() {
    let (folder, options) = options(TEMPLATE);
    let cloud = Cloud::start(options).await.unwrap();
    let reached = async |url: String| {
        let address = url.strip_prefix("http://").unwrap().to_owned();
        tokio::net::TcpStream::connect(address).await.is_ok()
    };
    cloud.stop_dynamodb().await;
    cloud.stop_s3().await;
    cloud.stop_secrets_manager().await;
    let urls = || {
        [
            cloud.dynamodb_url(),
            cloud.s3_url(),
            cloud.secrets_manager_url(),
        ]
    };
    for url in urls() {
        assert!(!reached(url).await);
    }
    cloud.start_dynamodb().await.unwrap();
    cloud.start_s3().await.unwrap();
    cloud.start_secrets_manager().await.unwrap();
    for url in urls() {
        assert!(reached(url).await);
    }
    cloud.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
