//! Rotations as an operator asks for them, of services that behave and services that don't. With
//! the shop's own keys, the end-to-end tests rotate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use cloud::{Cloud, Deployment, Options};
use tokio::net::TcpListener;

use super::*;

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:stack-Key-AbCdEf";

/// Serves a router on loopback until the test ends; returns its base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A Secrets Manager whose rotation is done when it is asked for the third time how far it is.
async fn describe_and_rotate(
    State(described): State<Arc<AtomicU32>>,
    headers: HeaderMap,
) -> String {
    let answer = match headers["x-amz-target"].to_str().unwrap() {
        "secretsmanager.RotateSecret" => json!({ "VersionId": "v2" }),
        "secretsmanager.DescribeSecret" => match described.fetch_add(1, Ordering::Relaxed) {
            0 => json!({ "VersionIdsToStages": { "v1": ["AWSCURRENT"] } }),
            1 => json!({ "VersionIdsToStages": { "v1": ["AWSCURRENT"], "v2": ["AWSPENDING"] } }),
            // Current, but its last step is not done.
            2 => json!({ "VersionIdsToStages": { "v2": ["AWSCURRENT"] } }),
            _ => json!({
                "VersionIdsToStages": { "v2": ["AWSCURRENT"] }, "LastRotatedDate": 1.5,
            }),
        },
        other => panic!("{other} is not asked for"),
    };
    answer.to_string()
}

#[tokio::test]
async fn a_rotation_is_waited_for_until_its_version_is_current_and_its_last_step_done() {
    let described = Arc::new(AtomicU32::new(0));
    let router = Router::new()
        .route("/", post(describe_and_rotate))
        .with_state(Arc::clone(&described));
    let url = serve(router).await;
    assert_eq!(rotate(&url, ARN).await.unwrap(), "v2");
    assert_eq!(described.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_rotation_that_fails_is_not_waited_for_without_end() {
    let answer = async || json!({ "VersionId": "v2", "VersionIdsToStages": {} }).to_string();
    let url = serve(Router::new().route("/", post(answer))).await;
    let error = rotate_within(&url, ARN, Duration::ZERO).await.unwrap_err();
    assert!(
        matches!(error, RotationError::Unfinished { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_in_secrets_managers_words() {
    let folder = std::env::temp_dir().join(format!("local-rotation-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("template.yaml");
    let key = "Resources: {Api: {Type: AWS::Serverless::HttpApi}, \
               Key: {Type: AWS::SecretsManager::Secret}}";
    std::fs::write(&path, key).unwrap();
    let deployment = Deployment {
        stack: "stack".to_owned(),
        parameters: BTreeMap::new(),
    };
    let options = Options::new(path, deployment, folder.clone());
    let cloud = Cloud::start(options).await.unwrap();
    let arn = &cloud.template().secrets[0].arn;
    let error = rotate(&cloud.secrets_manager_url(), arn).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "Secrets Manager refused: The secret has no rotation function."
    );
    cloud.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_shop_that_does_not_run_is_told_from_a_port_that_is_anothers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = rotate(&free, ARN).await.unwrap_err();
    assert!(
        error.to_string().starts_with("no shop is running"),
        "{error}"
    );

    for router in [
        Router::new().route("/", post(async || "hello")),
        Router::new().route("/", post(async || (StatusCode::BAD_REQUEST, "{}"))),
    ] {
        let error = rotate(&serve(router).await, ARN).await.unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("is not the Secrets Manager of a shop"),
            "{error}"
        );
    }
}

#[test]
fn the_templates_rotated_secrets_are_found_by_their_names() {
    let options = options(Profile::Dev);
    let template = Template::load(&options.template, &options.deployment).unwrap();
    let names = |name| {
        rotated(&template.secrets, name).map(|secrets| {
            let names = secrets.iter().map(|it| it.logical_id.clone());
            names.collect::<Vec<_>>()
        })
    };
    assert_eq!(names(None).unwrap(), ["SigningKey", "StaffSigningKey"]);
    assert_eq!(names(Some("SigningKey")).unwrap(), ["SigningKey"]);
    let refused = names(Some("Nobody")).unwrap_err().to_string();
    assert!(
        refused.starts_with("the template has no secret Nobody that is rotated; it has "),
        "{refused}"
    );
    assert!(refused.contains("SigningKey"), "{refused}");
}
