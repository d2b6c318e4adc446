//! What stands before the embedded database: authorizes calls by the role of the function that
//! signed them, lets those go wrong that are to, and forwards the rest over loopback to the
//! database's own service, whose answers stay as they are.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::faults::{Engine, EngineRequest, Faults, answer::error};
use crate::iam::{Iam, KeySchemas, signer};

/// The largest request that DynamoDB takes, in bytes.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

/// Who may call, and with what rights.
pub(super) struct Roles {
    pub(super) iam: Arc<Iam>,
    pub(super) schemas: KeySchemas,
}

struct Proxy {
    /// `None` where whoever calls may do everything.
    roles: Option<Roles>,
    faults: Faults,
    engine: Engine,
}

/// Makes the router of a proxy before a database.
pub(super) fn router(roles: Option<Roles>, faults: Faults, engine: Engine) -> Router {
    let proxy = Proxy {
        roles,
        faults,
        engine,
    };
    Router::new().fallback(handle).with_state(Arc::new(proxy))
}

async fn handle(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // Only a POST is a call; the database answers others without looking at its tables.
    if parts.method != Method::POST {
        return proxy.engine.send(EngineRequest { parts, body }).await;
    }
    let caller = match &proxy.roles {
        None => None,
        Some(roles) => match roles.authorize(&parts.headers, &body) {
            Ok(caller) => caller,
            Err(Refused { kind, message }) => {
                let kind = format!("com.amazon.coral.service#{kind}");
                return error(StatusCode::BAD_REQUEST, &kind, &message);
            }
        },
    };
    let request = EngineRequest { parts, body };
    proxy.faults.answer(&proxy.engine, caller, request).await
}

impl Roles {
    /// Returns the binary of the function that calls, if it may; `None` for the operator.
    fn authorize(&self, headers: &HeaderMap, body: &[u8]) -> Result<Option<&str>, Refused> {
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
            .map_err(|refusal| Refused::new("AccessDeniedException", &refusal.to_string()))?;
        Ok(caller.binary())
    }
}

/// Why a call is not allowed.
struct Refused {
    kind: &'static str,
    message: String,
}

impl Refused {
    fn new(kind: &'static str, message: &str) -> Self {
        Self {
            kind,
            message: message.to_owned(),
        }
    }
}
