//! Secrets Manager over its protocol, and a rotation by a real process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::environment::access_key_id;
use crate::logs::LogSink;
use crate::service::ANY_PORT;
use crate::testing::{Answer, authorization, function, iam, launch, operator, runtime, send};
use template::{Effect, RoleTemplate, StatementTemplate};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:stack-Key-AbCdEf";
const OWN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:stack-Own-AbCdEf";

/// A secret that is rotated, and one that isn't.
fn template() -> Vec<SecretTemplate> {
    let secret = |name: &str, arn: &str, rotation_function| SecretTemplate {
        logical_id: name.into(),
        name: format!("stack-{name}"),
        arn: arn.into(),
        rotation_function,
    };
    vec![
        secret("Key", ARN, Some("rotate-id".into())),
        secret("Own", OWN, None),
    ]
}

async fn start(data: Option<&Path>) -> (Arc<SecretsManager>, Service, Logs) {
    let logs = Logs::new(&LogSink::Memory);
    let (manager, service) = super::start(ANY_PORT, &template(), data, &iam(&[], &logs), &logs)
        .await
        .unwrap();
    (manager, service, logs)
}

/// Waits for what happens behind an answer, and fails where it never does.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    async fn next(&mut self) {
        self.0 += 1;
        assert!(self.0 < 10_000, "it never happens");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn ask(service: &Service, action: &str, input: Value) -> Answer {
    ask_as(service, &operator(), action, input).await
}

async fn ask_as(service: &Service, authorization: &str, action: &str, input: Value) -> Answer {
    let target = format!("secretsmanager.{action}");
    let headers = [
        ("x-amz-target", target.as_str()),
        ("authorization", authorization),
    ];
    send(
        &service.url(),
        "POST",
        "/",
        &headers,
        input.to_string().as_bytes(),
    )
    .await
}

async fn granted(service: &Service, action: &str, input: Value) -> Value {
    let answer = ask(service, action, input).await;
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");
    answer.json()
}

async fn refused(service: &Service, action: &str, input: Value) -> String {
    let answer = ask(service, action, input).await;
    assert_eq!(answer.status, 400, "{action}: {}", answer.text());
    answer.json()["__type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_of_the_template_is_there_but_empty() {
    let (manager, service, _) = start(None).await;
    for id in [ARN, "stack-Key", ARN.strip_suffix("-AbCdEf").unwrap()] {
        let input = json!({ "SecretId": id });
        let described = granted(&service, "DescribeSecret", input.clone()).await;
        assert_eq!(described["ARN"], ARN);
        assert_eq!(described["VersionIdsToStages"], json!({}));
        assert_eq!(
            refused(&service, "GetSecretValue", input).await,
            "ResourceNotFoundException"
        );
    }
    assert!(!manager.has_value(ARN));
}

#[tokio::test]
async fn a_value_is_put_read_and_followed_by_another() {
    let (_, service, _) = start(None).await;
    let put = |value: &str| json!({"SecretId": OWN, "SecretString": value});
    let first = granted(&service, "PutSecretValue", put("one")).await;
    let id = json!({"SecretId": OWN});
    let value = granted(&service, "GetSecretValue", id.clone()).await;
    assert_eq!(value["SecretString"], "one");
    assert_eq!(value["VersionId"], first["VersionId"]);
    assert_eq!(value["VersionStages"], json!(["AWSCURRENT"]));
    assert!(value["CreatedDate"].is_f64());

    granted(&service, "PutSecretValue", put("two")).await;
    let value = granted(&service, "GetSecretValue", id).await;
    assert_eq!(value["SecretString"], "two");
    let previous = json!({"SecretId": OWN, "VersionStage": "AWSPREVIOUS"});
    let value = granted(&service, "GetSecretValue", previous).await;
    assert_eq!(value["SecretString"], "one");
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let (_, service, _) = start(None).await;
    for (action, input, kind) in [
        ("GetRandomPassword", json!({}), "UnknownOperationException"),
        ("GetSecretValue", json!({}), "InvalidParameterException"),
        (
            "PutSecretValue",
            json!({"SecretId": ARN, "SecretBinary": "AAE="}),
            "InvalidParameterException",
        ),
        (
            "PutSecretValue",
            json!({"SecretId": ARN}),
            "InvalidParameterException",
        ),
        (
            "PutSecretValue",
            json!({"SecretId": ARN, "SecretString": "a", "ClientRequestToken": "short"}),
            "InvalidParameterException",
        ),
        ("CreateSecret", json!({}), "UnknownOperationException"),
        (
            "GetSecretValue",
            json!({"SecretId": "nobody"}),
            "ResourceNotFoundException",
        ),
    ] {
        assert_eq!(refused(&service, action, input).await, kind, "{action}");
    }
    let headers = [("x-amz-target", "secretsmanager.GetSecretValue")];
    assert_eq!(
        send(&service.url(), "POST", "/", &headers, b"{")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_rotation_runs_the_four_steps_and_makes_its_version_current() {
    let (manager, service, _) = start(None).await;
    let url = service.url();
    let environment = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str())];
    let (runtime, _) = runtime(vec![launch(function("rotate"), &environment)], 1);
    manager.use_runtime(Arc::clone(&runtime));

    let mut before = Value::Null;
    for _ in 0..2 {
        manager.rotate(ARN).await.unwrap();
        let value = granted(&service, "GetSecretValue", json!({"SecretId": ARN})).await;
        assert_eq!(value["SecretString"], value["VersionId"]);
        assert_ne!(value["SecretString"], before);
        before = value["SecretString"].clone();
    }
    assert!(manager.has_value(ARN));
    let described = granted(&service, "DescribeSecret", json!({"SecretId": ARN})).await;
    assert_eq!(
        described["VersionIdsToStages"].as_object().unwrap().len(),
        2
    );
    assert!(described["LastRotatedDate"].is_f64());
    assert_eq!(described["RotationEnabled"], true);
    assert!(
        described["RotationLambdaARN"]
            .as_str()
            .unwrap()
            .ends_with(":stack-rotate")
    );

    // Over the API it happens behind the answer.
    let answer = granted(&service, "RotateSecret", json!({"SecretId": ARN})).await;
    loop {
        let value = granted(&service, "GetSecretValue", json!({"SecretId": ARN})).await;
        if value["VersionId"] == answer["VersionId"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runtime.stop().await;
}

#[tokio::test]
async fn a_rotation_that_fails_is_an_error_and_in_the_log() {
    let (manager, _service, logs) = start(None).await;
    let (runtime, _) = runtime(vec![launch(function("rotate"), &[("START", "exit")])], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let error = manager.rotate(ARN).await.unwrap_err().to_string();
    assert!(error.contains("TABLE is missing"), "{error}");
    assert!(
        logs.lines()
            .join("\n")
            .contains("rotation, createSecret: rotate did not start")
    );
    assert!(manager.rotate("nobody").await.is_err());
    runtime.stop().await;
}

#[tokio::test]
async fn one_rotation_is_under_way_at_a_time() {
    let (manager, service, _) = start(None).await;
    let (runtime, _) = runtime(vec![launch(function("rotate"), &[("START", "hang")])], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let token = uuid::Uuid::new_v4().to_string();
    let input = json!({"SecretId": ARN, "ClientRequestToken": token});
    let answer = granted(&service, "RotateSecret", input.clone()).await;
    assert_eq!(
        answer,
        json!({"ARN": ARN, "Name": "stack-Key", "VersionId": token})
    );
    let described = granted(&service, "DescribeSecret", json!({"SecretId": ARN})).await;
    assert_eq!(
        described["VersionIdsToStages"],
        json!({&token: ["AWSPENDING"]}),
        "the answer comes before the rotation is done"
    );
    for input in [json!({"SecretId": ARN}), input] {
        assert_eq!(
            refused(&service, "RotateSecret", input).await,
            "InvalidRequestException"
        );
    }
    assert!(manager.rotate(ARN).await.is_err());
    runtime.stop().await;
}

#[tokio::test]
async fn a_rotation_that_failed_is_attempted_again_by_the_next_request() {
    let (manager, service, logs) = start(None).await;
    let (runtime, _) = runtime(vec![launch(function("rotate"), &[("START", "exit")])], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let first = granted(&service, "RotateSecret", json!({"SecretId": ARN})).await;
    let failures = || {
        let lines = logs.lines();
        let failed = |line: &&String| line.contains("rotation, createSecret");
        lines.iter().filter(failed).count()
    };
    let mut tries = Tries::default();
    while failures() == 0 {
        tries.next().await;
    }
    while failures() < 2 {
        let answer = ask(&service, "RotateSecret", json!({"SecretId": ARN})).await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.json()["Message"],
            "A previous rotation isn't complete. That rotation will be reattempted."
        );
        tries.next().await;
    }
    let described = granted(&service, "DescribeSecret", json!({"SecretId": ARN})).await;
    let pending = first["VersionId"].as_str().unwrap();
    assert_eq!(
        described["VersionIdsToStages"],
        json!({pending: ["AWSPENDING"]}),
        "with the version of the first attempt"
    );
    runtime.stop().await;
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused() {
    let (_, service, _) = start(None).await;
    for (input, kind) in [
        (json!({"SecretId": OWN}), "InvalidRequestException"),
        (json!({"SecretId": "nobody"}), "ResourceNotFoundException"),
        (json!({}), "InvalidParameterException"),
        (
            json!({"SecretId": ARN, "ClientRequestToken": "short"}),
            "InvalidParameterException",
        ),
        (
            json!({"SecretId": ARN, "RotationRules": {"AutomaticallyAfterDays": 1}}),
            "InvalidParameterException",
        ),
        (
            json!({"SecretId": ARN, "RotateImmediately": false}),
            "InvalidParameterException",
        ),
    ] {
        let what = input.to_string();
        assert_eq!(
            refused(&service, "RotateSecret", input).await,
            kind,
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_old_version_does_not_come_back_by_a_request_that_is_sent_again() {
    let (manager, service, _) = start(None).await;
    let url = service.url();
    let environment = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str())];
    let (runtime, _) = runtime(vec![launch(function("rotate"), &environment)], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let id = json!({"SecretId": ARN});
    manager.rotate(ARN).await.unwrap();
    let old = granted(&service, "GetSecretValue", id.clone()).await;
    manager.rotate(ARN).await.unwrap();
    let before = granted(&service, "DescribeSecret", id.clone()).await;

    let again = json!({"SecretId": ARN, "ClientRequestToken": old["VersionId"]});
    let answer = granted(&service, "RotateSecret", again).await;
    assert_eq!(answer["VersionId"], old["VersionId"]);
    let after = granted(&service, "DescribeSecret", id).await;
    assert_eq!(after, before);
    runtime.stop().await;
}

#[tokio::test]
async fn secrets_in_a_data_folder_are_there_again_and_nobody_elses_to_read() {
    let folder = std::env::temp_dir().join(format!("local-secrets-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&folder).unwrap();
    let input = json!({"SecretId": ARN, "SecretString": "kept"});
    {
        let (_, service, _) = start(Some(&folder)).await;
        granted(&service, "PutSecretValue", input).await;
    }
    let mode = fs::metadata(folder.join("secrets.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let (manager, service, _) = start(Some(&folder)).await;
    let value = granted(&service, "GetSecretValue", json!({"SecretId": ARN})).await;
    assert_eq!(value["SecretString"], "kept");
    assert!(manager.has_value(ARN));
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_stopped_service_refuses_connections_and_comes_back_with_its_state() {
    let (_, service, _) = start(None).await;
    let input = json!({"SecretId": ARN, "SecretString": "kept"});
    granted(&service, "PutSecretValue", input).await;
    let address = service.url().strip_prefix("http://").unwrap().to_owned();
    service.stop().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
    service.stop().await;
    service.start_again().await.unwrap();
    service.start_again().await.unwrap();
    let value = granted(&service, "GetSecretValue", json!({"SecretId": ARN})).await;
    assert_eq!(value["SecretString"], "kept");
}

#[tokio::test]
async fn a_function_calls_what_its_role_names_on_the_secret_that_it_names() {
    let mut reader = function("reader");
    reader.role = Some(RoleTemplate {
        name: "Reader".into(),
        statements: vec![StatementTemplate {
            effect: Effect::Allow,
            actions: vec![
                "secretsmanager:GetSecretValue".into(),
                "secretsmanager:RotateSecret".into(),
                "logs:*".into(),
            ],
            resources: vec![ARN.into(), "arn:aws:logs:*:*:*".into()],
            conditions: Vec::new(),
        }],
    });
    let logs = Logs::new(&LogSink::Memory);
    let iam = iam(&[reader.clone()], &logs);
    let (_, service) = super::start(ANY_PORT, &template(), None, &iam, &logs)
        .await
        .unwrap();
    for id in [ARN, OWN] {
        let input = json!({"SecretId": id, "SecretString": "hush"});
        granted(&service, "PutSecretValue", input).await;
    }

    let key = authorization(&access_key_id(&reader.name));
    for id in [ARN, "stack-Key"] {
        let input = json!({ "SecretId": id });
        let answer = ask_as(&service, &key, "GetSecretValue", input).await;
        assert_eq!(answer.json()["SecretString"], "hush", "{id}");
    }
    let own = json!({"SecretId": ARN, "SecretString": "x"});
    for (action, input) in [
        ("PutSecretValue", own.clone()),
        ("GetSecretValue", json!({"SecretId": OWN})),
        ("GetSecretValue", json!({"SecretId": "nobody"})),
        ("GetSecretValue", json!({})),
        // More than one action, which a grant of the first doesn't cover.
        ("RotateSecret", own.clone()),
        ("CreateSecret", json!({"Name": "new"})),
    ] {
        let answer = ask_as(&service, &key, action, input).await;
        assert_eq!(answer.status, 400, "{action}");
        assert_eq!(answer.json()["__type"], "AccessDeniedException", "{action}");
    }
    assert_eq!(logs.lines().len(), 6);

    let input = json!({ "SecretId": ARN });
    for (key, kind) in [
        (
            authorization("NOBODYSACCESSKEY"),
            "UnrecognizedClientException",
        ),
        (String::new(), "MissingAuthenticationTokenException"),
    ] {
        let answer = ask_as(&service, &key, "GetSecretValue", input.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["__type"]),
            (400, &kind.into())
        );
    }
}
