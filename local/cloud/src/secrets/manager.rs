//! The secrets of a local cloud: kept in memory and, with a data folder, in a file; rotated by
//! the functions that the template names.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use serde_json::json;
use template::SecretTemplate;
use tokio::sync::OwnedMutexGuard;

use super::fault::{Fault, fault};
use super::store::Secret;
use crate::clock::epoch_seconds as now;
use crate::logs::Logs;
use crate::runtime::{InvokeError, MAX_WAIT, Runtime};

/// The steps of a rotation, in order.
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// The secrets, and how they are rotated.
pub(crate) struct SecretsManager {
    secrets: Mutex<BTreeMap<String, Secret>>,
    /// How secrets are rotated, by their ARNs.
    pub(super) rotations: BTreeMap<String, Rotation>,
    file: Option<PathBuf>,
    logs: Logs,
    pub(super) runtime: OnceLock<Arc<Runtime>>,
}

/// How a secret is rotated.
pub(super) struct Rotation {
    /// The logical id of its rotation function.
    pub(super) function: String,
    /// Held by the rotation that is under way: there is one at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A rotation that is under way until this is dropped.
pub(super) struct Rotating {
    arn: String,
    /// The version that it fills: a new one, or what a rotation before did not finish.
    pub(super) version: String,
    turn: OwnedMutexGuard<()>,
}

impl SecretsManager {
    /// Opens the secrets that the file keeps. The template's secrets that aren't there yet are
    /// made without a value, as CloudFormation makes them: their first rotation gives them one.
    pub(super) fn open(
        secrets: &[SecretTemplate],
        file: Option<PathBuf>,
        logs: &Logs,
    ) -> io::Result<Self> {
        let mut kept = match &file {
            None => BTreeMap::new(),
            Some(file) => load(file)?,
        };
        for secret in secrets {
            kept.entry(secret.arn.clone())
                .or_insert_with(|| Secret::new(secret.arn.clone(), secret.name.clone()));
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
        Ok(Self {
            secrets: Mutex::new(kept),
            rotations,
            file,
            logs: logs.clone(),
            runtime: OnceLock::new(),
        })
    }

    /// Says who runs the rotation functions. They need this service's address to start, so that
    /// neither can be made first.
    pub(crate) fn use_runtime(&self, runtime: Arc<Runtime>) {
        let _ = self.runtime.set(runtime);
    }

    /// Returns whether the secret has a current value.
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
    pub(super) fn begin_rotation(&self, id: &str, token: &str) -> Result<Rotating, Fault> {
        self.change(id, |secret| {
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

    pub(super) async fn run_rotation(&self, rotating: Rotating) -> Result<(), InvokeError> {
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
                MAX_WAIT,
            )
            .await
            .map(drop)
            .inspect_err(|error| {
                self.logs
                    .line("secrets-manager", &format!("rotation, {step}: {error}"));
            })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a secret and keeps the change, or does neither.
    pub(super) fn change<T>(
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

fn load(file: &Path) -> io::Result<BTreeMap<String, Secret>> {
    match fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Finds a secret by its name, its ARN, or its ARN without the six characters at the end.
pub(super) fn find<'a>(
    secrets: &'a BTreeMap<String, Secret>,
    id: &str,
) -> Result<&'a Secret, Fault> {
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

/// Refuses a rotation while another is under way or after one that failed.
pub(super) fn unfinished() -> Fault {
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
