//! Starting and stopping a whole local cloud, without the shop's functions.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing::{child, send};

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
    let deployment = Deployment {
        stack: "stack".to_owned(),
        parameters: BTreeMap::new(),
    };
    let options = Options::new(path, deployment, folder.join("debug"));
    (folder, options)
}

/// A cloud on four free ports that follow each other, wherever there are some: below those that
/// systems give to whoever asks for any, and elsewhere in each process that tests.
async fn on_fixed_ports(options: &mut Options) -> Cloud {
    let own = std::process::id() % 2_000;
    for number in own..own + 1_000 {
        let first = 20_000 + number * 4;
        options.ports = first.to_string().parse().unwrap();
        match Cloud::start(options.clone()).await {
            Ok(cloud) => return cloud,
            Err(CloudError::PortInUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("there are no free ports");
}

async fn refusal(options: &Options) -> String {
    let started = Cloud::start(options.clone()).await;
    started.err().unwrap().to_string()
}

#[tokio::test]
async fn services_follow_the_apis_port_and_a_port_that_is_in_use_is_refused_with_advice() {
    let (folder, mut options) = options(TEMPLATE);
    let cloud = on_fixed_ports(&mut options).await;
    let port = options.ports.api();
    assert_eq!(
        [
            cloud.api_url(),
            cloud.dynamodb_url(),
            cloud.s3_url(),
            cloud.secrets_manager_url(),
        ],
        [0, 1, 2, 3].map(|after| format!("http://127.0.0.1:{}", port + after))
    );
    for refused in [
        refusal(&options).await,
        options.ports.check().unwrap_err().to_string(),
    ] {
        assert!(
            refused.contains(" is in use by another program"),
            "{refused}"
        );
    }
    cloud.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_data_folder_that_is_in_use_is_refused_and_free_after_a_stop() {
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
    let port = cloud.gateway.port();
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
    let elsewhere = folder.join("release/nobody");
    options.programs.insert("nobody".to_owned(), elsewhere);
    let error = refusal(&options).await;
    assert!(error.contains("release/nobody"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_invokes_a_function_waits_until_it_is_built() {
    let function = format!(
        r#"
  LateFunction:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: late}}}}
    Properties: {{Environment: {{Variables: {{{}: "1"}}}}}}
"#,
        child::MARK
    );
    let (folder, mut options) = options(&format!("{TEMPLATE}{function}"));
    options.late = BTreeSet::from(["late".to_owned()]);
    let program = options.binaries.join("late");
    let cloud = Cloud::start(options).await.unwrap();
    cloud.warm().await.unwrap();

    let path = "/2015-03-31/functions/late/invocations";
    let kind = [("x-amz-invocation-type", "Event")];
    let taken = send(&cloud.api_url(), "POST", path, &kind, b"{}").await;
    assert_eq!(taken.status, 202);
    assert!(!cloud.events().settle(Duration::from_millis(200)).await);
    assert_eq!(cloud.events().counts("late").succeeded, 0);
    assert!(cloud.use_late().await.is_err(), "it isn't built yet");

    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    let own = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\nexec '{}' --exact {} --nocapture\n",
        own.display(),
        child::TEST
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    cloud.use_late().await.unwrap();
    assert!(cloud.events().settle(Duration::from_secs(20)).await);
    let counts = cloud.events().counts("late");
    assert_eq!((counts.begun, counts.succeeded), (1, 1));
    cloud.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_template_that_cannot_be_run_is_refused_with_its_place() {
    let (folder, options) =
        options("Resources: {Q: {Type: AWS::SNS::Topic}, R: {Type: AWS::Batch::JobQueue}}");
    assert_eq!(
        refusal(&options).await,
        "template.yaml: Resources.R: the local cloud cannot run resources of type AWS::Batch::JobQueue"
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
