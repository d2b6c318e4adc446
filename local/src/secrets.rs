//! Secrets Manager, as much of it as a shop needs, over its own protocol (JSON 1.1).
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html>

mod calls;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;

use crate::clock::epoch_seconds as now;
use crate::error::StartError;
use crate::iam::{Call, Iam, signer};
use crate::logs::Logs;
use crate::runtime::{InvokeError, Runtime};
use crate::service::{self, Service};
use crate::template::{ACCOUNT, REGION, SecretTemplate};
use store::{Fault, Secret, fault, invalid};

/// The largest request, in bytes: a value of 64 KiB and what is around it.
const MAX_REQUEST: usize = 256 * 1024;
/// How long a step of a rotation waits for a free instance of the rotation function.
const PATIENCE: Duration = Duration::from_secs(29);
/// The steps of a rotation, in order.
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// The calls that a function may make if its role says so: each is one action on one secret,
/// which the others are not.
const JUDGED: [&str; 7] = [
    "DeleteSecret",
    "DescribeSecret",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutSecretValue",
    "RestoreSecret",
    "UpdateSecretVersionStage",
];

/// The service with its secrets.
pub(crate) struct SecretsManager {
    secrets: Mutex<BTreeMap<String, Secret>>,
    /// How secrets are rotated, by their ARNs.
    rotations: BTreeMap<String, Rotation>,
    file: Option<PathBuf>,
    iam: Arc<Iam>,
    logs: Logs,
    runtime: OnceLock<Arc<Runtime>>,
}

/// How a secret is rotated.
struct Rotation {
    /// The logical id of its rotation function.
    function: String,
    /// Held by the rotation that is under way: there is one at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A rotation that is under way until this is dropped.
struct Rotating {
    arn: String,
    /// The version that it fills: a new one, or what a rotation before did not finish.
    version: String,
    turn: OwnedMutexGuard<()>,
}

impl SecretsManager {
    /// Starts the service. The template's secrets that aren't there yet are made without a
    /// value, as CloudFormation makes them: their first rotation gives them one.
    pub(crate) async fn start(
        address: SocketAddr,
        secrets: &[SecretTemplate],
        data: Option<&Path>,
        iam: &Arc<Iam>,
        logs: &Logs,
    ) -> Result<(Arc<Self>, Service), StartError> {
        let file = data.map(|folder| folder.join("secrets.json"));
        let mut kept = match &file {
            None => BTreeMap::new(),
            Some(file) => load(file).map_err(|error| StartError::Data {
                path: file.clone(),
                reason: format!("the secrets cannot be read: {error}; remove the file"),
            })?,
        };
        for secret in secrets {
            kept.entry(secret.arn.clone())
                .or_insert_with(|| Secret::new(secret.arn.clone(), secret.name.clone(), None));
        }
        let rotations = secrets
            .iter()
            .filter_map(|secret| {
                let rotation = Rotation {
                    function: secret.rotation_function.clone()?,
                    turn: Arc::default(),
                };
                Some((secret.arn.clone(), rotation))
            })
            .collect();
        let manager = Arc::new(Self {
            secrets: Mutex::new(kept),
            rotations,
            file,
            iam: Arc::clone(iam),
            logs: logs.clone(),
            runtime: OnceLock::new(),
        });
        let router = Router::new()
            .route("/", post(handle))
            .with_state(Arc::clone(&manager));
        let service = Service::start_router(address, router)
            .await
            .map_err(|error| StartError::listen(service::SECRETS_MANAGER, address, error))?;
        Ok((manager, service))
    }

    /// Says who runs the rotation functions. They need this service's address to start, so that
    /// neither can be made first.
    pub(crate) fn use_runtime(&self, runtime: Arc<Runtime>) {
        let _ = self.runtime.set(runtime);
    }

    /// Whether the secret has a current value.
    pub(crate) fn has_value(&self, id: &str) -> bool {
        find(&self.lock(), id).is_ok_and(|secret| secret.version(None, None).is_ok())
    }

    /// Rotates a secret and waits until that is done.
    pub(crate) async fn rotate(&self, id: &str) -> Result<(), InvokeError> {
        let token = uuid::Uuid::new_v4().to_string();
        let refused = |fault: Fault| InvokeError::Failed {
            function: "Secrets Manager".to_owned(),
            payload: fault.message.into_bytes(),
        };
        let rotating = self.begin_rotation(id, &token).map_err(refused)?;
        self.run_rotation(rotating).await
    }

    /// Makes the version that a rotation is to fill. A rotation before that failed is gone on
    /// with instead.
    fn begin_rotation(&self, id: &str, token: &str) -> Result<Rotating, Fault> {
        self.change(id, |secret| {
            not_deleted(secret)?;
            let rotation = self.rotations.get(&secret.arn).ok_or_else(|| {
                fault(
                    "InvalidRequestException",
                    "The secret has no rotation function.",
                )
            })?;
            let turn = Arc::clone(&rotation.turn).try_lock_owned();
            Ok(Rotating {
                turn: turn.map_err(|_| unfinished())?,
                arn: secret.arn.clone(),
                version: secret.begin_rotation(token)?,
            })
        })
    }

    async fn run_rotation(&self, rotating: Rotating) -> Result<(), InvokeError> {
        for step in STEPS {
            self.take_step(&rotating, step).await?;
        }
        let Rotating { arn, turn, .. } = rotating;
        let _ = self.change(&arn, |secret| {
            secret.rotated = Some(now());
            // Whoever reads that it is done may ask for the next one.
            drop(turn);
            Ok(())
        });
        Ok(())
    }

    /// What comes of a rotation that is not to happen now: its function's test, on a version
    /// that is gone afterwards.
    async fn test_rotation(&self, rotating: Rotating) {
        // The failure of a step is in the log.
        let _ = self.take_step(&rotating, "testSecret").await;
        let Rotating { arn, version, turn } = rotating;
        let _ = self.change(&arn, |secret| {
            secret.versions.remove(&version);
            drop(turn);
            Ok(())
        });
    }

    async fn take_step(&self, rotating: &Rotating, step: &str) -> Result<(), InvokeError> {
        let Rotating { arn, version, .. } = rotating;
        let (Some(runtime), Some(rotation)) = (self.runtime.get(), self.rotations.get(arn)) else {
            return Err(InvokeError::UnknownFunction(format!(
                "the rotation function of {arn}"
            )));
        };
        let event = json!({ "Step": step, "SecretId": arn, "ClientRequestToken": version });
        runtime
            .invoke(
                &rotation.function,
                Bytes::from(event.to_string()),
                None,
                PATIENCE,
            )
            .await
            .map(drop)
            .inspect_err(|error| {
                self.logs
                    .line("secrets-manager", &format!("rotation, {step}: {error}"));
            })
    }

    /// Whether whoever signed the request may make this call.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
    fn judge(&self, headers: &HeaderMap, action: &str, input: &Value) -> Result<(), Fault> {
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
        let calls = || {
            JUDGED.contains(&action).then_some(())?;
            let id = input.get("SecretId")?.as_str()?;
            let arn = find(&self.lock(), id).map_or_else(
                |_| format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{id}"),
                |secret| secret.arn.clone(),
            );
            Some(vec![Call::new(called.as_str(), arn)])
        };
        caller
            .may_request(&called, calls)
            .map_err(|refusal| fault("AccessDeniedException", refusal.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a secret and keeps the change, or does neither.
    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Secret) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut secrets = self.lock();
        let mut secret = find(&secrets, id)?.clone();
        let result = change(&mut secret)?;
        let before = secrets.insert(secret.arn.clone(), secret);
        if let Err(error) = self.save(&secrets) {
            if let Some(before) = before {
                secrets.insert(before.arn.clone(), before);
            }
            return Err(internal(&error));
        }
        Ok(result)
    }

    fn save(&self, secrets: &BTreeMap<String, Secret>) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let text = serde_json::to_vec_pretty(secrets)?;
        let new = file.with_extension("json.new");
        // A file left by a crash may have other permissions.
        let _ = fs::remove_file(&new);
        let mut written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        written.write_all(&text)?;
        written.sync_all()?;
        fs::rename(new, file)
    }
}

async fn handle(
    State(manager): State<Arc<SecretsManager>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => {
            let action = headers
                .get("x-amz-target")
                .and_then(|target| target.to_str().ok()?.strip_prefix("secretsmanager."))
                .unwrap_or_default();
            match serde_json::from_slice(&body) {
                Ok(input) => manager
                    .judge(&headers, action, &input)
                    .and_then(|()| manager.call(action, &input)),
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

fn load(file: &Path) -> io::Result<BTreeMap<String, Secret>> {
    match fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// A secret by its name, its ARN, or its ARN without the six characters at the end.
fn find<'a>(secrets: &'a BTreeMap<String, Secret>, id: &str) -> Result<&'a Secret, Fault> {
    secrets
        .values()
        .find(|secret| {
            let partial = secret
                .arn
                .len()
                .checked_sub(7)
                .and_then(|end| secret.arn.get(..end));
            secret.name == id || secret.arn == id || partial == Some(id)
        })
        .ok_or_else(|| {
            fault(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            )
        })
}

fn not_deleted(secret: &Secret) -> Result<&Secret, Fault> {
    match secret.deleted {
        None => Ok(secret),
        Some(_) => Err(fault(
            "InvalidRequestException",
            "The secret is marked for deletion.",
        )),
    }
}

/// What AWS says while a rotation is under way, and after one that failed.
fn unfinished() -> Fault {
    fault(
        "InvalidRequestException",
        "A previous rotation isn't complete. That rotation will be reattempted.",
    )
}

fn internal(error: &io::Error) -> Fault {
    fault(
        "InternalServiceError",
        format!("The secrets can't be written to the data folder: {error}"),
    )
}
