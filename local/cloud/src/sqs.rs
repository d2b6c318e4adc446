//! SQS: the template's queues in memory, behind the JSON protocol. Here they take what a function
//! failed on for good, until an operator looks at it.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod calls;
mod queues;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::error::CloudError;
use crate::iam::{AuthorizationRequest, Iam, signer};
use crate::ports;
use crate::service::Service;
use calls::{Fault, fault};
pub(crate) use queues::Queues;

/// The largest request, in bytes: SQS takes messages of 1 MiB.
const MAX_REQUEST: usize = 2 * 1024 * 1024;

/// The queues behind their HTTP service.
struct Endpoint {
    queues: Arc<Queues>,
    iam: Arc<Iam>,
}

/// Starts the service with these queues.
pub(crate) async fn start(
    address: SocketAddr,
    queues: Arc<Queues>,
    iam: &Arc<Iam>,
) -> Result<Service, CloudError> {
    let endpoint = Endpoint {
        queues,
        iam: Arc::clone(iam),
    };
    let router = Router::new()
        .route("/", post(handle))
        .with_state(Arc::new(endpoint));
    Service::start_router(address, router)
        .await
        .map_err(|error| CloudError::listen(ports::SQS, address, error))
}

impl Endpoint {
    /// Authorizes a call by whoever signed the request.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>
    fn authorize(&self, headers: &HeaderMap, action: &str, input: &Value) -> Result<(), Fault> {
        let key = signer(headers).ok_or_else(|| {
            fault(
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            )
        })?;
        let caller = self.iam.caller(key).ok_or_else(|| {
            fault(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            )
        })?;
        let called = format!("sqs:{action}");
        let requests = || {
            let url = input.get("QueueUrl").and_then(Value::as_str)?;
            let queue = self.queues.by_url(url)?;
            Some(vec![AuthorizationRequest::new(
                called.as_str(),
                queue.arn(),
            )])
        };
        caller
            .authorize_call(&called, requests)
            .map_err(|refusal| fault("AccessDeniedException", refusal.to_string()))
    }
}

async fn handle(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Body) -> Response {
    let header = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let answer = match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => {
            let action = header("x-amz-target").and_then(|it| it.strip_prefix("AmazonSQS."));
            let action = action.unwrap_or_default();
            let host = header("host").unwrap_or("localhost");
            match serde_json::from_slice(&body) {
                Ok(input) => endpoint
                    .authorize(&headers, action, &input)
                    .and_then(|()| calls::call(&endpoint.queues, host, action, &input)),
                Err(error) => Err(fault("SerializationException", error.to_string())),
            }
        }
        Err(_) => Err(fault("InvalidParameterValue", "The request can't be read.")),
    };
    let (status, body) = match answer {
        Ok(answer) => (StatusCode::OK, answer),
        Err(Fault { kind, message }) => {
            let kind = format!("com.amazonaws.sqs#{kind}");
            let body = json!({ "__type": kind, "message": message });
            (StatusCode::BAD_REQUEST, body)
        }
    };
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, kind, body.to_string()).into_response()
}
