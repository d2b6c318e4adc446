//! Asks the Secrets Manager of a shop on this machine to rotate a secret, and waits until that is
//! done, as an operator does at AWS with the AWS command line.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use clap::Args;
use cloud::{ACCESS_KEY_ID, Ports, Template};
use reqwest::{Client, header};
use serde_json::{Value, json};
use template::{REGION, SecretTemplate};
use tokio::time::{Instant, sleep};

use super::chosen_shop::fixed_ports;
use super::error::OperatorError;
use crate::binaries::Profile;
use crate::options::options;

/// How long Secrets Manager may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a rotation may take: the shop's waits ten seconds before its new key signs.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(60);
/// How often to ask whether it is done.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Replace the keys that sign access tokens, in a shop that runs on this machine

Waits until each new key is current, which takes about 15 seconds a key: one signs
the customers' tokens, one the staff's. Functions that keep an old key take up the
new one within five minutes. Tokens that were signed before stay valid until they
expire: nobody is signed out.";

/// What `--help` says last.
pub(super) const EXAMPLES: &str = "\
Examples:
  cargo run -- rotate-keys
  cargo run -- rotate-keys SigningKey --port 8000

A shop at AWS rotates its keys every 30 days by itself. To do it at once there:
  aws secretsmanager rotate-secret --secret-id SECRET_ARN";

/// Arguments of `rotate-keys`.
#[derive(Debug, Args)]
pub struct RotateKeys {
    /// Port of the shop's API
    #[arg(long, default_value = "9000", value_name = "N", value_parser = fixed_ports)]
    port: Ports,
    /// A secret's name in template.yaml: SigningKey or StaffSigningKey; without it, all that have a
    /// rotation function
    secret: Option<String>,
}

impl RotateKeys {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let options = options(Profile::Dev);
        let template =
            Template::load(&options.template, &options.deployment).map_err(OperatorError::new)?;
        let endpoint = format!("http://127.0.0.1:{}", self.port.secrets_manager());
        for secret in rotated(&template.secrets, self.secret.as_deref())? {
            let name = &secret.logical_id;
            let version = rotate(&endpoint, &secret.arn).await.map_err(|error| {
                OperatorError::new(format_args!("{name} was not rotated: {error}"))
            })?;
            print(&format!(
                "{name} is rotated: its version {version} is current. A function that keeps the \
                 one before takes it up within minutes."
            ));
        }
        Ok(())
    }
}

/// Chooses the secret of that name, or all that have a rotation function.
fn rotated<'a>(
    secrets: &'a [SecretTemplate],
    name: Option<&str>,
) -> Result<Vec<&'a SecretTemplate>, OperatorError> {
    let all = secrets.iter().filter(|it| it.rotation_function.is_some());
    let chosen: Vec<_> = all
        .clone()
        .filter(|it| name.is_none_or(|name| it.logical_id == name))
        .collect();
    match name {
        Some(name) if chosen.is_empty() => {
            let known: Vec<&str> = all.map(|it| it.logical_id.as_str()).collect();
            Err(OperatorError::new(format_args!(
                "the template has no secret {name} that is rotated; it has {}",
                known.join(", ")
            )))
        }
        _ => Ok(chosen),
    }
}

/// Why a secret was not rotated, in sentences that say what to do.
#[derive(Debug)]
pub enum RotationError {
    /// Nothing listens there.
    NotRunning {
        /// The base URL that was called.
        endpoint: String,
    },
    /// Something listens there that doesn't answer as Secrets Manager does.
    Unexpected {
        /// The base URL that was called.
        endpoint: String,
        /// What it did.
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
            Self::NotRunning { endpoint } => write!(
                f,
                "no shop is running: nothing listens at {endpoint}, where its Secrets Manager \
                 would be; start one with `cargo run`, or say with `--port N` which port its API \
                 has"
            ),
            Self::Unexpected { endpoint, reason } => write!(
                f,
                "what listens at {endpoint} is not the Secrets Manager of a shop: {reason}; say \
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

/// Rotates a secret by the local Secrets Manager at this base URL and waits until its new version
/// is current. Returns the version's id.
///
/// # Errors
/// When no local cloud listens there, it refuses, or the rotation fails.
pub async fn rotate(endpoint: &str, arn: &str) -> Result<String, RotationError> {
    rotate_within(endpoint, arn, ROTATION_TIMEOUT).await
}

async fn rotate_within(
    endpoint: &str,
    arn: &str,
    limit: Duration,
) -> Result<String, RotationError> {
    let service = SecretsManager::at(endpoint)?;
    let id = json!({ "SecretId": arn });
    let rotated = |described: &Value| described.get("LastRotatedDate").cloned();
    let before = rotated(&service.call("DescribeSecret", &id).await?);
    let begun = service.call("RotateSecret", &id).await?;
    let version = begun.get("VersionId").and_then(Value::as_str);
    let version = version.ok_or_else(|| service.unexpected("it named no version"))?;
    let end = Instant::now() + limit;
    loop {
        let described = service.call("DescribeSecret", &id).await?;
        let labels = described
            .get("VersionIdsToStages")
            .and_then(|it| it.get(version)?.as_array());
        let current = labels.is_some_and(|it| it.iter().any(|label| label == "AWSCURRENT"));
        // The version is current before the last step is done.
        if current && rotated(&described) != before {
            return Ok(version.to_owned());
        }
        if Instant::now() >= end {
            return Err(RotationError::Unfinished { waited: limit });
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// The Secrets Manager of a local cloud, called as the operator.
struct SecretsManager<'a> {
    endpoint: &'a str,
    client: Client,
}

impl<'a> SecretsManager<'a> {
    fn at(endpoint: &'a str) -> Result<Self, RotationError> {
        let client = Client::builder().no_proxy().timeout(ANSWER_TIMEOUT).build();
        let client = client.map_err(|error| RotationError::Unexpected {
            endpoint: endpoint.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { endpoint, client })
    }

    /// Makes one call of the API.
    async fn call(&self, action: &str, input: &Value) -> Result<Value, RotationError> {
        let request = self
            .client
            .post(self.endpoint)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header(header::AUTHORIZATION, authorization())
            .body(input.to_string());
        let response = request.send().await.map_err(|error| {
            if error.is_connect() {
                RotationError::NotRunning {
                    endpoint: self.endpoint.to_owned(),
                }
            } else if error.is_timeout() {
                self.unexpected("it does not answer")
            } else {
                self.unexpected(error)
            }
        })?;
        let succeeded = response.status().is_success();
        let answer: Value = response
            .json()
            .await
            .map_err(|_| self.unexpected("its answer is not JSON"))?;
        match (succeeded, answer.get("Message").and_then(Value::as_str)) {
            (true, _) => Ok(answer),
            (false, Some(reason)) => Err(RotationError::Refused {
                reason: reason.to_owned(),
            }),
            (false, None) => Err(self.unexpected("its refusal says no reason")),
        }
    }

    fn unexpected(&self, reason: impl fmt::Display) -> RotationError {
        RotationError::Unexpected {
            endpoint: self.endpoint.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Names the operator as the caller. Only the key's id counts: signatures are not checked.
fn authorization() -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/19700101/{REGION}/secretsmanager/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
