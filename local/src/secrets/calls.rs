//! The calls of Secrets Manager's API, each from its JSON input to its JSON answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::store::{CURRENT, Fault, Secret, SecretValue, fault, invalid};
use super::{SecretsManager, find, internal, not_deleted, unfinished};
use crate::clock::epoch_seconds as now;
use crate::template::{ACCOUNT, REGION};

type Answer = Result<Value, Fault>;

impl SecretsManager {
    /// One call of the API.
    pub(super) fn call(self: &Arc<Self>, action: &str, input: &Value) -> Answer {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let id = || text("SecretId").ok_or_else(|| invalid("SecretId is missing."));
        match action {
            "CreateSecret" => self.create(input),
            "GetSecretValue" => {
                let secrets = self.lock();
                let secret = not_deleted(find(&secrets, id()?)?)?;
                let (version_id, version, value) =
                    secret.version(text("VersionId"), text("VersionStage"))?;
                let mut answer = json!({
                    "ARN": secret.arn,
                    "Name": secret.name,
                    "VersionId": version_id,
                    "VersionStages": version.stages,
                    "CreatedDate": version.created,
                });
                let (name, value) = match value {
                    SecretValue::Text(value) => ("SecretString", value),
                    SecretValue::Base64(value) => ("SecretBinary", value),
                };
                if let Some(answer) = answer.as_object_mut() {
                    answer.insert(name.to_owned(), value.as_str().into());
                }
                Ok(answer)
            }
            "PutSecretValue" => {
                let value = value(input)?
                    .ok_or_else(|| invalid("SecretString or SecretBinary is missing."))?;
                let token = token(input);
                let stages: Vec<String> = match input.get("VersionStages") {
                    None => vec![CURRENT.to_owned()],
                    Some(stages) => serde_json::from_value(stages.clone())
                        .map_err(|_| invalid("VersionStages must be a list of strings."))?,
                };
                self.change(id()?, |secret| {
                    not_deleted(secret)?;
                    secret.put(&token, value, &stages)?;
                    Ok(json!({
                        "ARN": secret.arn,
                        "Name": secret.name,
                        "VersionId": token,
                        "VersionStages": secret.versions.get(&token).map(|it| &it.stages),
                    }))
                })
            }
            "DescribeSecret" => {
                let secrets = self.lock();
                Ok(self.describe(find(&secrets, id()?)?))
            }
            "ListSecretVersionIds" => {
                let secrets = self.lock();
                let secret = find(&secrets, id()?)?;
                let all = input.get("IncludeDeprecated").and_then(Value::as_bool) == Some(true);
                let versions: Vec<Value> = secret
                    .versions
                    .iter()
                    .filter(|(_, version)| all || !version.stages.is_empty())
                    .map(|(id, version)| {
                        json!({
                            "VersionId": id,
                            "VersionStages": version.stages,
                            "CreatedDate": version.created,
                        })
                    })
                    .collect();
                Ok(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions }))
            }
            "UpdateSecretVersionStage" => {
                let stage =
                    text("VersionStage").ok_or_else(|| invalid("VersionStage is missing."))?;
                self.change(id()?, |secret| {
                    not_deleted(secret)?;
                    secret.move_stage(
                        stage,
                        text("RemoveFromVersionId"),
                        text("MoveToVersionId"),
                    )?;
                    Ok(named(secret))
                })
            }
            "DeleteSecret" => self.delete(id()?, input),
            "RestoreSecret" => self.change(id()?, |secret| {
                secret.deleted = None;
                Ok(named(secret))
            }),
            "RotateSecret" => self.start_rotation(id()?, input),
            other => Err(fault(
                "UnknownOperationException",
                format!("The local Secrets Manager does not know {other}."),
            )),
        }
    }

    /// Answers before the rotation is done; a failure is in the log.
    fn start_rotation(self: &Arc<Self>, id: &str, input: &Value) -> Answer {
        for name in ["RotationLambdaARN", "RotationRules"] {
            if input.get(name).is_some_and(|value| !value.is_null()) {
                return Err(invalid(format!(
                    "The local Secrets Manager takes {name} from the template only."
                )));
            }
        }
        let now = input.get("RotateImmediately").and_then(Value::as_bool) != Some(false);
        let token = token(input);
        let (answer, done) = {
            let secrets = self.lock();
            let secret = find(&secrets, id)?;
            let mut answer = named(secret);
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("VersionId".into(), token.as_str().into());
            }
            let made = secret.versions.contains_key(&token);
            (answer, made && secret.unfinished() != Some(&token))
        };
        // The same request again, as after an answer that was lost: an old version must not
        // become current by it.
        if done {
            return Ok(answer);
        }
        let rotating = self.begin_rotation(id, &token)?;
        let manager = Arc::clone(self);
        let reattempted = rotating.version != token;
        match (now, reattempted) {
            (false, true) => {}
            (false, false) => {
                tokio::spawn(async move { manager.test_rotation(rotating).await });
            }
            (true, _) => {
                tokio::spawn(async move { manager.run_rotation(rotating).await });
            }
        }
        if reattempted {
            return Err(unfinished());
        }
        Ok(answer)
    }

    fn create(&self, input: &Value) -> Answer {
        let name = input
            .get("Name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty() && name.len() <= 512)
            .ok_or_else(|| invalid("Name must have 1 to 512 characters."))?;
        let mut secrets = self.lock();
        if find(&secrets, name).is_ok() {
            return Err(fault(
                "ResourceExistsException",
                format!("There is already a secret {name}."),
            ));
        }
        let random = uuid::Uuid::new_v4().simple().to_string();
        let suffix = random.get(..6).unwrap_or_default();
        let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}");
        let description = input.get("Description").and_then(Value::as_str);
        let mut secret = Secret::new(arn, name.to_owned(), description.map(str::to_owned));
        let mut answer = named(&secret);
        if let Some(value) = value(input)? {
            let token = token(input);
            secret.put(&token, value, &[CURRENT.to_owned()])?;
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("VersionId".into(), token.into());
            }
        }
        let arn = secret.arn.clone();
        secrets.insert(arn.clone(), secret);
        self.save(&secrets).map_err(|error| {
            secrets.remove(&arn);
            internal(&error)
        })?;
        Ok(answer)
    }

    fn delete(&self, id: &str, input: &Value) -> Answer {
        if input
            .get("ForceDeleteWithoutRecovery")
            .and_then(Value::as_bool)
            == Some(true)
        {
            let mut secrets = self.lock();
            let secret = find(&secrets, id)?.clone();
            secrets.remove(&secret.arn);
            self.save(&secrets).map_err(|error| internal(&error))?;
            let mut answer = named(&secret);
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("DeletionDate".into(), now().into());
            }
            return Ok(answer);
        }
        let days = match input.get("RecoveryWindowInDays") {
            None => 30,
            Some(days) => days
                .as_u64()
                .filter(|days| (7..=30).contains(days))
                .ok_or_else(|| invalid("RecoveryWindowInDays must be 7 to 30."))?,
        };
        self.change(id, |secret| {
            not_deleted(secret)?;
            secret.deleted = Some(now());
            let mut answer = named(secret);
            if let Some(answer) = answer.as_object_mut() {
                let end = now() + Duration::from_secs(days * 86_400).as_secs_f64();
                answer.insert("DeletionDate".into(), end.into());
            }
            Ok(answer)
        })
    }

    fn describe(&self, secret: &Secret) -> Value {
        let stages: BTreeMap<&String, _> = secret
            .versions
            .iter()
            .filter(|(_, version)| !version.stages.is_empty())
            .map(|(id, version)| (id, &version.stages))
            .collect();
        let rotation = self.rotations.get(&secret.arn).and_then(|rotation| {
            let function = self.runtime.get()?.function(&rotation.function).ok()?;
            Some(function.arn())
        });
        let mut answer = json!({
            "ARN": secret.arn,
            "Name": secret.name,
            "CreatedDate": secret.created,
            "LastChangedDate": secret.changed,
            "RotationEnabled": self.rotations.contains_key(&secret.arn),
            "VersionIdsToStages": stages,
        });
        let optional = [
            ("Description", secret.description.clone().map(Value::from)),
            ("RotationLambdaARN", rotation.map(Value::from)),
            ("LastRotatedDate", secret.rotated.map(Value::from)),
            ("DeletedDate", secret.deleted.map(Value::from)),
        ];
        if let Some(answer) = answer.as_object_mut() {
            for (name, value) in optional {
                if let Some(value) = value {
                    answer.insert(name.to_owned(), value);
                }
            }
        }
        answer
    }
}

fn named(secret: &Secret) -> Value {
    json!({ "ARN": secret.arn, "Name": secret.name })
}

/// The request's token, which becomes the version's id; SDKs always send one.
fn token(input: &Value) -> String {
    input
        .get("ClientRequestToken")
        .and_then(Value::as_str)
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn value(input: &Value) -> Result<Option<SecretValue>, Fault> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    match (text("SecretString"), text("SecretBinary")) {
        (Some(_), Some(_)) => Err(invalid(
            "SecretString and SecretBinary can't both be given.",
        )),
        (Some(value), None) => Ok(Some(SecretValue::Text(value))),
        (None, Some(value)) => Ok(Some(SecretValue::Base64(value))),
        (None, None) => Ok(None),
    }
}
