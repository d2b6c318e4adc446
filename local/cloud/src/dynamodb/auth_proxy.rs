//! Authorizes calls of DynamoDB by the role of the function that signed them, and forwards those
//! that are allowed over loopback to the database's own service, whose answers stay as they are.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::iam::{Iam, KeySchemas, signer};

/// The largest request that DynamoDB takes, in bytes.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

struct AuthProxy {
    iam: Arc<Iam>,
    schemas: KeySchemas,
    /// The base URL of the database's own service.
    engine: String,
    client: reqwest::Client,
}

/// Makes the router of a proxy before the service at this base URL.
pub(super) fn router(iam: Arc<Iam>, schemas: KeySchemas, engine: String) -> io::Result<Router> {
    let proxy = AuthProxy {
        iam,
        schemas,
        engine,
        // Loopback only, whatever proxy the machine's environment names; and an answer that
        // redirects is the caller's to follow.
        client: reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .map_err(io::Error::other)?,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(proxy)))
}

async fn handle(State(proxy): State<Arc<AuthProxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // Only a POST is a call; the database answers others without looking at its tables.
    if parts.method == Method::POST
        && let Err(refused) = proxy.authorize(&parts.headers, &body)
    {
        return refused.into_response();
    }
    proxy.forward(parts, body).await
}

impl AuthProxy {
    fn authorize(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
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
        let requests = || {
            let input: Value = serde_json::from_slice(body).ok()?;
            self.schemas.requests(operation?, &input)
        };
        caller
            .authorize_call(&action, requests)
            .map_err(|refusal| Refused::new("AccessDeniedException", &refusal.to_string()))
    }

    async fn forward(&self, parts: request::Parts, body: Bytes) -> Response {
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        let mut headers = parts.headers;
        // These are about the caller's own connection.
        for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let request = self
            .client
            .request(parts.method, format!("{}{path}", self.engine))
            .headers(headers)
            .body(body);
        match request.send().await {
            Ok(response) => axum::http::Response::from(response).map(Body::new),
            Err(error) => {
                let message = format!("The embedded database does not answer: {error}");
                let mut refused = Refused::new("InternalServerError", &message);
                refused.status = StatusCode::INTERNAL_SERVER_ERROR;
                refused.into_response()
            }
        }
    }
}

/// An error in the form of DynamoDB's own.
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
