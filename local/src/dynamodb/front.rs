//! What stands between functions and the embedded database: each call is judged by the role of
//! the function that signed it, and what is allowed goes on over loopback to the database's own
//! service, so that its answers stay its own.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header, request};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::iam::{Iam, KeySchemas, signer};

/// The largest request that DynamoDB takes, in bytes.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

struct Front {
    iam: Arc<Iam>,
    schemas: KeySchemas,
    /// The base URL of the database's own service.
    engine: String,
    client: Client<HttpConnector, Body>,
}

/// Judges requests, and hands those that are allowed to the service at this base URL.
pub(super) fn router(iam: Arc<Iam>, schemas: KeySchemas, engine: String) -> Router {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let front = Front {
        iam,
        schemas,
        engine,
        client: Client::builder(TokioExecutor::new()).build(connector),
    };
    Router::new().fallback(handle).with_state(Arc::new(front))
}

async fn handle(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // Only a POST is a call; the database answers others without looking at its tables.
    if parts.method == Method::POST
        && let Err(refused) = front.judge(&parts.headers, &body)
    {
        return refused.into_response();
    }
    front.pass_on(parts, body).await
}

impl Front {
    fn judge(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let Some(key) = signer(headers) else {
            return Err(Refused::new(
                "MissingAuthenticationTokenException",
                "Request is missing Authentication Token",
            ));
        };
        let Some(caller) = self.iam.caller(key) else {
            return Err(Refused::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ));
        };
        let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
        let operation = target.and_then(|it| it.strip_prefix("DynamoDB_20120810."));
        let action = format!("dynamodb:{}", operation.or(target).unwrap_or_default());
        let calls = || {
            let input: Value = serde_json::from_slice(body).ok()?;
            self.schemas.calls(operation?, &input)
        };
        caller
            .may_request(&action, calls)
            .map_err(|refusal| Refused::new("AccessDeniedException", &refusal.to_string()))
    }

    async fn pass_on(&self, mut parts: request::Parts, body: Bytes) -> Response {
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        let Ok(uri) = format!("{}{path}", self.engine).parse::<Uri>() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        parts.uri = uri;
        // These are about the caller's own connection.
        for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        let request = Request::from_parts(parts, Body::from(body));
        match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                let message = format!("The embedded database does not answer: {error}");
                let mut refused = Refused::new("InternalServerError", &message);
                refused.status = StatusCode::INTERNAL_SERVER_ERROR;
                refused.into_response()
            }
        }
    }
}

/// An error as DynamoDB words it.
struct Refused {
    status: StatusCode,
    body: Value,
}

impl Refused {
    fn new(kind: &str, message: &str) -> Self {
        let kind = format!("com.amazon.coral.service#{kind}");
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({ "__type": kind, "Message": message }),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
        (self.status, kind, self.body.to_string()).into_response()
    }
}
