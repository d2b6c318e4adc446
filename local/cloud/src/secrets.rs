//! Secrets Manager, as much of it as the functions and an operator use, over its own protocol
//! (JSON 1.1).
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html>

mod calls;
mod fault;
mod manager;
mod store;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use template::{ACCOUNT, REGION, SecretTemplate};

use crate::error::CloudError;
use crate::iam::{AuthorizationRequest, Iam, signer};
use crate::logs::Logs;
use crate::ports;
use crate::service::Service;
use fault::{Fault, fault, invalid};
pub(crate) use manager::SecretsManager;
use manager::find;

/// The largest request, in bytes: a value of 64 KiB and what is around it.
const MAX_REQUEST: usize = 256 * 1024;

/// The calls that a function may make if its role says so. Each is one action on one secret;
/// `RotateSecret` is more than one, and the operator's.
const FUNCTION_CALLS: [&str; 4] = [
    "DescribeSecret",
    "GetSecretValue",
    "PutSecretValue",
    "UpdateSecretVersionStage",
];

/// The secrets behind their HTTP service.
struct Endpoint {
    manager: Arc<SecretsManager>,
    iam: Arc<Iam>,
}

/// Starts the service with the template's secrets and, with a data folder, their values in it.
pub(crate) async fn start(
    address: SocketAddr,
    secrets: &[SecretTemplate],
    data: Option<&Path>,
    iam: &Arc<Iam>,
    logs: &Logs,
) -> Result<(Arc<SecretsManager>, Service), CloudError> {
    let file = data.map(|folder| folder.join("secrets.json"));
    let manager =
        SecretsManager::open(secrets, file.clone(), logs).map_err(|error| CloudError::Data {
            path: file.unwrap_or_default(),
            reason: format!("the secrets cannot be read: {error}; remove the file"),
        })?;
    let manager = Arc::new(manager);
    let endpoint = Endpoint {
        manager: Arc::clone(&manager),
        iam: Arc::clone(iam),
    };
    let router = Router::new()
        .route("/", post(handle))
        .with_state(Arc::new(endpoint));
    let service = Service::start_router(address, router)
        .await
        .map_err(|error| CloudError::listen(ports::SECRETS_MANAGER, address, error))?;
    Ok((manager, service))
}

impl Endpoint {
    /// Authorizes a call by whoever signed the request.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
    fn authorize(&self, headers: &HeaderMap, action: &str, input: &Value) -> Result<(), Fault> {
        let key = signer(headers).ok_or_else(|| {
            fault(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })?;
        let caller = self.iam.caller(key).ok_or_else(|| {
            fault(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        })?;
        let called = format!("secretsmanager:{action}");
        let requests = || {
            FUNCTION_CALLS.contains(&action).then_some(())?;
            let id = input.get("SecretId")?.as_str()?;
            let arn = find(&self.manager.lock(), id).map_or_else(
                |_| format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{id}"),
                |secret| secret.arn.clone(),
            );
            Some(vec![AuthorizationRequest::new(called.as_str(), arn)])
        };
        caller
            .authorize_call(&called, requests)
            .map_err(|refusal| fault("AccessDeniedException", refusal.to_string()))
    }
}

async fn handle(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Body) -> Response {
    let answer = match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => {
            let action = headers
                .get("x-amz-target")
                .and_then(|target| target.to_str().ok()?.strip_prefix("secretsmanager."))
                .unwrap_or_default();
            match serde_json::from_slice(&body) {
                Ok(input) => endpoint
                    .authorize(&headers, action, &input)
                    .and_then(|()| endpoint.manager.call(action, &input)),
                Err(error) => Err(fault("SerializationException", error.to_string())),
            }
        }
        Err(_) => Err(invalid("The request can't be read.")),
    };
    let (status, body) = match answer {
        Ok(answer) => (StatusCode::OK, answer),
        Err(Fault { kind, message }) => {
            let status = if kind == "InternalServiceError" {
                StatusCode::INTERNAL_SERVER_ERROR
            } else {
                StatusCode::BAD_REQUEST
            };
            (status, json!({ "__type": kind, "Message": message }))
        }
    };
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
    (status, kind, body.to_string()).into_response()
}
