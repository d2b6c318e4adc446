//! Rotations as an operator asks for them, of a Secrets Manager that runs.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

use super::*;
use crate::logs::{LogSink, Logs};
use crate::secrets::SecretsManager;
use crate::service::{ANY_PORT, Service};
use crate::testing::{function, iam, launch, runtime};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:stack-Key-AbCdEf";

async fn start(rotation_function: Option<&str>) -> (Arc<SecretsManager>, Service) {
    let secret = SecretTemplate {
        logical_id: "Key".into(),
        name: "stack-Key".into(),
        arn: ARN.into(),
        rotation_function: rotation_function.map(str::to_owned),
    };
    let logs = Logs::open(&LogSink::Memory).unwrap();
    SecretsManager::start(ANY_PORT, &[secret], None, &iam(&[], &logs), &logs)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_rotation_is_waited_for_until_its_version_is_current() {
    let (manager, service) = start(Some("rotate-id")).await;
    let url = service.url();
    let environment = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str())];
    let (runtime, _) = runtime(vec![launch(function("rotate"), &environment)], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let address = loopback(service.port());
    for _ in 0..2 {
        let version = rotate_at(address, ARN, PATIENCE).await.unwrap();
        let id = json!({ "SecretId": ARN });
        let value = ask(address, "GetSecretValue", &id).await.unwrap();
        assert_eq!(value["VersionId"], version);
    }
    runtime.stop().await;
}

#[tokio::test]
async fn a_rotation_that_fails_is_not_waited_for_without_end() {
    let (manager, service) = start(Some("rotate-id")).await;
    let (runtime, _) = runtime(vec![launch(function("rotate"), &[("START", "exit")])], 1);
    manager.use_runtime(Arc::clone(&runtime));
    let address = loopback(service.port());
    let error = rotate_at(address, ARN, Duration::ZERO).await.unwrap_err();
    assert!(
        matches!(error, RotationError::Unfinished { .. }),
        "{error:?}"
    );
    runtime.stop().await;
}

#[tokio::test]
async fn a_refusal_is_told_in_secrets_managers_words() {
    let (_manager, service) = start(None).await;
    let error = rotate_at(loopback(service.port()), ARN, PATIENCE).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "Secrets Manager refused: The secret has no rotation function."
    );
}

#[tokio::test]
async fn a_shop_that_does_not_run_is_told_from_a_port_that_is_anothers() {
    let (_manager, service) = start(None).await;
    let port = service.port();
    service.stop().await;
    let error = rotate_at(loopback(port), ARN, PATIENCE).await.unwrap_err();
    assert!(
        error.to_string().starts_with("no shop is running"),
        "{error}"
    );

    let router = Router::new().route("/", post(async || "hello"));
    let other = Service::start_router(ANY_PORT, router).await.unwrap();
    let error = rotate_at(loopback(other.port()), ARN, PATIENCE).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("is not the Secrets Manager of a shop"),
        "{error}"
    );
}
