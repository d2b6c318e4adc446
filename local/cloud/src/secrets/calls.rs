//! The calls of Secrets Manager's API, each from its JSON input to its JSON answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fault::{Fault, fault, invalid};
use super::manager::{SecretsManager, find, unfinished};
use super::store::{CURRENT, Secret};

type Answer = Result<Value, Fault>;

impl SecretsManager {
    /// Answers one call of the API.
    pub(super) fn call(self: &Arc<Self>, action: &str, input: &Value) -> Answer {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let id = || text("SecretId").ok_or_else(|| invalid("SecretId is missing."));
        match action {
            "GetSecretValue" => {
                let secrets = self.lock();
                let secret = find(&secrets, id()?)?;
                let (version_id, version, value) =
                    secret.version(text("VersionId"), text("VersionStage"))?;
                Ok(json!({
                    "ARN": secret.arn,
                    "Name": secret.name,
                    "VersionId": version_id,
                    "VersionStages": version.stages,
                    "CreatedDate": version.created,
                    "SecretString": value,
                }))
            }
            "PutSecretValue" => {
                let value = text("SecretString")
                    .ok_or_else(|| invalid("SecretString is missing, the only kind known here."))?;
                let token = token(input);
                let stages: Vec<String> = match input.get("VersionStages") {
                    None => vec![CURRENT.to_owned()],
                    Some(stages) => serde_json::from_value(stages.clone())
                        .map_err(|_| invalid("VersionStages must be a list of strings."))?,
                };
                self.change(id()?, |secret| {
                    secret.put(&token, value.to_owned(), &stages)?;
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
            "UpdateSecretVersionStage" => {
                let stage =
                    text("VersionStage").ok_or_else(|| invalid("VersionStage is missing."))?;
                self.change(id()?, |secret| {
                    secret.move_stage(
                        stage,
                        text("RemoveFromVersionId"),
                        text("MoveToVersionId"),
                    )?;
                    Ok(named(secret))
                })
            }
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
        if input.get("RotateImmediately").and_then(Value::as_bool) == Some(false) {
            return Err(invalid(
                "The local Secrets Manager only rotates immediately.",
            ));
        }
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
        tokio::spawn(async move { manager.run_rotation(rotating).await });
        if reattempted {
            return Err(unfinished());
        }
        Ok(answer)
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
            ("RotationLambdaARN", rotation.map(Value::from)),
            ("LastRotatedDate", secret.rotated.map(Value::from)),
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

/// Returns the request's token, which becomes the version's id; SDKs always send one.
fn token(input: &Value) -> String {
    input
        .get("ClientRequestToken")
        .and_then(Value::as_str)
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}
