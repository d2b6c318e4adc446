//! Secrets, their versions and staging labels, by the rules of Secrets Manager.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fault::{Fault, fault, invalid};
use crate::clock::epoch_seconds as now;

/// The label of the version that is in use.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of the version that was in use before.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// The label of the version that a rotation makes.
pub(super) const PENDING: &str = "AWSPENDING";
/// The largest value, in bytes.
const MAX_VALUE: usize = 65_536;

fn no_value(what: &str) -> Fault {
    fault(
        "ResourceNotFoundException",
        format!("Secrets Manager can't find the specified secret value for {what}"),
    )
}

/// One version of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    /// A rotation makes its version before the rotation function puts the value in.
    pub(super) value: Option<String>,
    pub(super) stages: BTreeSet<String>,
    /// Epoch seconds.
    pub(super) created: f64,
}

/// One secret. Its versions are kept in the order of their ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) versions: BTreeMap<String, Version>,
    /// Epoch seconds, as the following.
    pub(super) created: f64,
    pub(super) changed: f64,
    pub(super) rotated: Option<f64>,
}

impl Secret {
    pub(super) fn new(arn: String, name: String) -> Self {
        let now = now();
        Self {
            arn,
            name,
            versions: BTreeMap::new(),
            created: now,
            changed: now,
            rotated: None,
        }
    }

    /// Returns the version that has a label.
    pub(super) fn labelled(&self, stage: &str) -> Option<&str> {
        self.versions
            .iter()
            .find(|(_, version)| version.stages.contains(stage))
            .map(|(id, _)| id.as_str())
    }

    /// Returns the version of an id, of a label, or the current one; given both, it must have both.
    pub(super) fn version(
        &self,
        id: Option<&str>,
        stage: Option<&str>,
    ) -> Result<(&str, &Version, &str), Fault> {
        let id = match (id, stage) {
            (Some(id), Some(stage)) if self.labelled(stage) != Some(id) => {
                return Err(no_value(&format!(
                    "VersionId: {id} and staging label: {stage}"
                )));
            }
            (Some(id), _) => id,
            (None, stage) => {
                let stage = stage.unwrap_or(CURRENT);
                self.labelled(stage)
                    .ok_or_else(|| no_value(&format!("staging label: {stage}")))?
            }
        };
        let (id, version) = self
            .versions
            .get_key_value(id)
            .ok_or_else(|| no_value(&format!("VersionId: {id}")))?;
        let value = version
            .value
            .as_deref()
            .ok_or_else(|| no_value(&format!("VersionId: {id}")))?;
        Ok((id, version, value))
    }

    /// Puts a value into a version of that id and moves the labels to it. The same value again
    /// changes nothing; another value is refused.
    pub(super) fn put(&mut self, id: &str, value: String, stages: &[String]) -> Result<(), Fault> {
        check_id(id)?;
        if value.len() > MAX_VALUE {
            return Err(invalid(format!("A secret has at most {MAX_VALUE} bytes.")));
        }
        match self.versions.get_mut(id) {
            Some(Version {
                value: Some(present),
                ..
            }) => {
                return if *present == value {
                    Ok(())
                } else {
                    Err(fault(
                        "ResourceExistsException",
                        format!("There is already a version {id} with another value."),
                    ))
                };
            }
            Some(empty) => empty.value = Some(value),
            None => self.add(id, Some(value)),
        }
        for stage in stages {
            self.label(stage, id);
        }
        self.changed = now();
        Ok(())
    }

    /// Returns the version that a rotation made and did not make current.
    pub(super) fn unfinished(&self) -> Option<&str> {
        let pending = self.labelled(PENDING)?;
        (self.labelled(CURRENT) != Some(pending)).then_some(pending)
    }

    /// Adds the version that a rotation is to fill, or finds the one that a rotation before did
    /// not finish. Its id is the rotation's token.
    pub(super) fn begin_rotation(&mut self, token: &str) -> Result<String, Fault> {
        check_id(token)?;
        if let Some(pending) = self.unfinished() {
            return Ok(pending.to_owned());
        }
        if !self.versions.contains_key(token) {
            self.add(token, None);
        }
        self.label(PENDING, token);
        Ok(token.to_owned())
    }

    /// Moves a label from one version to another, or takes it away (`UpdateSecretVersionStage`).
    pub(super) fn move_stage(
        &mut self,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(), Fault> {
        let holder = self.labelled(stage).map(str::to_owned);
        for id in [from, to].into_iter().flatten() {
            if !self.versions.contains_key(id) {
                return Err(no_value(&format!("VersionId: {id}")));
            }
        }
        if let Some(from) = from
            && holder.as_deref() != Some(from)
        {
            return Err(invalid(format!(
                "Staging label {stage} isn't attached to version {from}."
            )));
        }
        match (to, holder) {
            (None, _) if stage == CURRENT => Err(invalid(
                "Staging label AWSCURRENT can be moved to another version, not removed.",
            )),
            (None, _) => {
                let from = from.ok_or_else(|| {
                    invalid("RemoveFromVersionId and MoveToVersionId can't both be empty.")
                })?;
                if let Some(version) = self.versions.get_mut(from) {
                    version.stages.remove(stage);
                }
                self.changed = now();
                Ok(())
            }
            (Some(to), Some(holder)) if holder == to => Ok(()),
            (Some(_), Some(holder)) if from.is_none() => Err(invalid(format!(
                "RemoveFromVersionId can't be empty: staging label {stage} is attached to \
                 version {holder}."
            ))),
            (Some(to), _) => {
                self.label(stage, to);
                self.changed = now();
                Ok(())
            }
        }
    }

    fn add(&mut self, id: &str, value: Option<String>) {
        let version = Version {
            value,
            stages: BTreeSet::new(),
            created: now(),
        };
        self.versions.insert(id.to_owned(), version);
    }

    /// Puts a label on one version and takes it off every other. The version that stops being
    /// current becomes the previous one.
    fn label(&mut self, stage: &str, id: &str) {
        let before = self.labelled(stage).map(str::to_owned);
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
        if let Some(before) = before
            && stage == CURRENT
            && before != id
        {
            self.label(PREVIOUS, &before);
        }
    }
}

/// Checks a version's id: a token of 32 to 64 characters, normally a UUID.
fn check_id(id: &str) -> Result<(), Fault> {
    if (32..=64).contains(&id.len()) {
        Ok(())
    } else {
        Err(invalid(
            "ClientRequestToken must be 32 to 64 characters long.",
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ONE: &str = "00000000-0000-0000-0000-000000000001";
    const TWO: &str = "00000000-0000-0000-0000-000000000002";
    const THREE: &str = "00000000-0000-0000-0000-000000000003";

    fn secret() -> Secret {
        Secret::new("arn".into(), "name".into())
    }

    fn current() -> [String; 1] {
        [CURRENT.to_owned()]
    }

    #[test]
    fn an_empty_secret_has_no_current_value() {
        assert_eq!(
            secret().version(None, None).unwrap_err().kind,
            "ResourceNotFoundException"
        );
    }

    #[test]
    fn the_version_that_stops_being_current_becomes_the_previous_one() {
        let mut secret = secret();
        for (id, value) in [(ONE, "a"), (TWO, "b"), (THREE, "c")] {
            secret.put(id, value.into(), &current()).unwrap();
        }
        assert_eq!(secret.labelled(CURRENT), Some(THREE));
        assert_eq!(secret.labelled(PREVIOUS), Some(TWO));
        assert!(secret.versions.get(ONE).unwrap().stages.is_empty());
        assert_eq!(secret.version(None, None).unwrap().2, "c");
        assert_eq!(secret.version(None, Some(PREVIOUS)).unwrap().2, "b");
        assert_eq!(secret.version(Some(ONE), None).unwrap().2, "a");
        assert!(secret.version(Some(ONE), Some(CURRENT)).is_err());
    }

    #[test]
    fn the_same_token_takes_the_same_value_only() {
        let mut secret = secret();
        secret.put(ONE, "a".into(), &current()).unwrap();
        secret.put(ONE, "a".into(), &current()).unwrap();
        let refused = secret.put(ONE, "b".into(), &current()).unwrap_err();
        assert_eq!(refused.kind, "ResourceExistsException");
        assert!(secret.put("short", "a".into(), &current()).is_err());
        assert!(secret.put(TWO, "x".repeat(65_537), &current()).is_err());
    }

    #[test]
    fn a_rotation_makes_a_version_without_a_value_and_ends_by_moving_the_label() {
        let mut secret = secret();
        secret.put(ONE, "a".into(), &current()).unwrap();
        assert_eq!(secret.begin_rotation(TWO).unwrap(), TWO);
        assert!(secret.version(Some(TWO), Some(PENDING)).is_err(), "empty");
        // A second attempt goes on with the version of the first.
        assert_eq!(secret.begin_rotation(THREE).unwrap(), TWO);

        secret.put(TWO, "b".into(), &[PENDING.into()]).unwrap();
        assert_eq!(secret.labelled(CURRENT), Some(ONE));
        secret.move_stage(CURRENT, Some(ONE), Some(TWO)).unwrap();
        assert_eq!(secret.labelled(CURRENT), Some(TWO));
        assert_eq!(secret.labelled(PREVIOUS), Some(ONE));
        // Its pending label is on the current version: that rotation is over.
        assert_eq!(secret.begin_rotation(THREE).unwrap(), THREE);
    }

    #[test]
    fn a_label_moves_only_from_where_it_is() {
        let mut secret = secret();
        secret.put(ONE, "a".into(), &current()).unwrap();
        secret.put(TWO, "b".into(), &["own".into()]).unwrap();
        for (from, to) in [
            (None, Some(TWO)),
            (Some(TWO), Some(TWO)),
            (Some(ONE), None),
            (Some(ONE), Some(THREE)),
            (None, None),
        ] {
            assert!(
                secret.move_stage(CURRENT, from, to).is_err(),
                "{from:?} {to:?}"
            );
        }
        secret.move_stage(CURRENT, None, Some(ONE)).unwrap();
        secret.move_stage("own", Some(TWO), None).unwrap();
        assert_eq!(secret.labelled("own"), None);
        assert!(secret.move_stage("own", None, None).is_err());
        secret.move_stage("own", None, Some(ONE)).unwrap();
        assert_eq!(secret.labelled("own"), Some(ONE));
    }
}
