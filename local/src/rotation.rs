//! Asks a local cloud that runs to rotate a secret, and waits until that is done: what an
//! operator does with the AWS command line.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::environment::ACCESS_KEY_ID;
use crate::service::{Ports, loopback};
use crate::template::{REGION, SecretTemplate};

/// How long Secrets Manager may take for an answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a rotation may take: the shop's waits ten seconds before its new key signs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to ask whether it is done.
const PAUSE: Duration = Duration::from_millis(200);
/// The largest answer, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// Why a secret was not rotated, in sentences that say what to do.
#[derive(Debug)]
pub enum RotationError {
    /// Nothing listens there.
    NotRunning {
        /// The port of Secrets Manager.
        port: u16,
    },
    /// Something listens there that doesn't answer as Secrets Manager does.
    Odd {
        /// The port of Secrets Manager.
        port: u16,
        /// What was odd.
        reason: String,
    },
    /// Secrets Manager refused.
    Refused {
        /// Its own sentence.
        reason: String,
    },
    /// The rotation began and did not end.
    Unfinished {
        /// How long it was waited for.
        waited: Duration,
    },
}

impl fmt::Display for RotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning { port } => write!(
                f,
                "no shop is running: nothing listens on port {port}, where its Secrets Manager \
                 would be; start one with `cargo run`, or say with `--port N` which port its API \
                 has"
            ),
            Self::Odd { port, reason } => write!(
                f,
                "what listens on port {port} is not the Secrets Manager of a shop: {reason}; say \
                 with `--port N` which port the shop's API has"
            ),
            Self::Refused { reason } => write!(f, "Secrets Manager refused: {reason}"),
            Self::Unfinished { waited } => write!(
                f,
                "the rotation was not done after {} seconds; the shop's log says why",
                waited.as_secs()
            ),
        }
    }
}

impl std::error::Error for RotationError {}

/// Rotates a secret of the local cloud that listens on these ports and waits until its new
/// version is current; gives the version's id.
///
/// # Errors
/// When no local cloud listens there, it refuses, or the rotation fails.
pub async fn rotate(ports: Ports, secret: &SecretTemplate) -> Result<String, RotationError> {
    rotate_at(loopback(ports.secrets_manager()), &secret.arn, PATIENCE).await
}

async fn rotate_at(
    address: SocketAddr,
    arn: &str,
    patience: Duration,
) -> Result<String, RotationError> {
    let id = json!({ "SecretId": arn });
    let rotated = |described: &Value| described.get("LastRotatedDate").cloned();
    let before = rotated(&ask(address, "DescribeSecret", &id).await?);
    let begun = ask(address, "RotateSecret", &id).await?;
    let version = begun.get("VersionId").and_then(Value::as_str);
    let version = version.ok_or_else(|| RotationError::Odd {
        port: address.port(),
        reason: "it named no version".to_owned(),
    })?;
    let end = Instant::now() + patience;
    loop {
        let described = ask(address, "DescribeSecret", &id).await?;
        let labels = described
            .get("VersionIdsToStages")
            .and_then(|it| it.get(version)?.as_array());
        let current = labels.is_some_and(|it| it.iter().any(|label| label == "AWSCURRENT"));
        // The version is current before the last step is done.
        if current && rotated(&described) != before {
            return Ok(version.to_owned());
        }
        if Instant::now() >= end {
            return Err(RotationError::Unfinished { waited: patience });
        }
        sleep(PAUSE).await;
    }
}

/// One call of Secrets Manager's API, as the operator.
async fn ask(address: SocketAddr, action: &str, input: &Value) -> Result<Value, RotationError> {
    let odd = |reason: String| RotationError::Odd {
        port: address.port(),
        reason,
    };
    let stream = TcpStream::connect(address)
        .await
        .map_err(|_| RotationError::NotRunning {
            port: address.port(),
        })?;
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| odd(error.to_string()))?;
        // It ends with the connection, whose errors the request has too.
        tokio::spawn(connection);
        let request = Request::post("/")
            .header(header::HOST, address.to_string())
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header(header::AUTHORIZATION, authorization())
            .body(Body::from(input.to_string()))
            .map_err(|error| odd(error.to_string()))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| odd(error.to_string()))?;
        let succeeded = response.status().is_success();
        let body = to_bytes(Body::new(response.into_body()), MAX_ANSWER)
            .await
            .map_err(|error| odd(error.to_string()))?;
        let answer: Value =
            serde_json::from_slice(&body).map_err(|_| odd("its answer is not JSON".to_owned()))?;
        match (succeeded, answer.get("Message").and_then(Value::as_str)) {
            (true, _) => Ok(answer),
            (false, Some(reason)) => Err(RotationError::Refused {
                reason: reason.to_owned(),
            }),
            (false, None) => Err(odd("its refusal says no reason".to_owned())),
        }
    };
    timeout(ANSWER, exchange)
        .await
        .map_err(|_| odd("it does not answer".to_owned()))?
}

/// Says that the operator calls. Only the key's id counts here: signatures are not checked.
fn authorization() -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/19700101/{REGION}/secretsmanager/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
