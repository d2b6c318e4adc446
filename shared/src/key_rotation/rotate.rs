//! Rotating the key that signs tokens: the four steps in which Secrets
//! Manager calls its rotation function
//! (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>).
//! Each may be repeated. The public half is known to every verifier before
//! the private half signs anything.

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::audit::{Action, Actor, AuditWriter, Record};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::http::Problem;
use crate::identity::{Realm, Role, SecretKey, SigningKey, TokenKeys, Unverified};
use crate::telemetry::RequestScope;
use crate::values::{SessionId, Timestamp, UserId, random_bytes};

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// One step of a rotation, as Secrets Manager asks for it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RotationStep {
    step: Step,
    secret_id: String,
    client_request_token: String,
}

#[derive(Deserialize)]
enum Step {
    #[serde(rename = "createSecret")]
    Create,
    #[serde(rename = "setSecret")]
    Set,
    #[serde(rename = "testSecret")]
    Test,
    #[serde(rename = "finishSecret")]
    Finish,
}

/// What a rotation works on: the secret of a realm and its ring of public keys.
#[derive(Clone)]
pub struct KeyRotation<R> {
    client: Client,
    secret: String,
    ring: TokenKeys<R>,
    audit: AuditWriter,
}

impl<R: Realm> FromEnv for KeyRotation<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.secrets_manager(),
            secret: env.variable(R::SIGNING_KEY)?,
            ring: TokenKeys::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl<R: Realm> KeyRotation<R> {
    /// Takes one step.
    ///
    /// # Errors
    /// When Secrets Manager or the table can't be reached, or the step is
    /// asked for another secret or out of turn.
    pub async fn take(&self, asked: &RotationStep) -> Result<(), Problem> {
        if asked.secret_id != self.secret {
            return Err(Problem::internal("asked to rotate another secret"));
        }
        let version = asked.client_request_token.as_str();
        let current = self.current_if_in_turn(version).await?;
        match asked.step {
            Step::Create => self.create(version).await,
            Step::Set => self.publish(version).await,
            Step::Test => self.test(version).await,
            Step::Finish => self.finish(version, current).await,
        }
    }

    /// Returns the version that is current, if the asked one is that or waits to
    /// be: a step that is repeated late must not bring an old key back.
    async fn current_if_in_turn(&self, version: &str) -> Result<Option<String>, Problem> {
        let described = self
            .client
            .describe_secret()
            .secret_id(&self.secret)
            .send()
            .await
            .map_err(AwsError::from)?;
        let stages = described.version_ids_to_stages.unwrap_or_default();
        let has = |id: &str, label: &str| {
            let labels = stages.get(id);
            labels.is_some_and(|labels| labels.iter().any(|it| it == label))
        };
        if !has(version, PENDING) && !has(version, CURRENT) {
            return Err(Problem::internal(
                "this version does not wait to be current",
            ));
        }
        Ok(stages.keys().find(|id| has(id, CURRENT)).cloned())
    }

    /// Makes a key pair, unless an earlier try made it.
    async fn create(&self, version: &str) -> Result<(), Problem> {
        if self.read(version).await?.is_some() {
            return Ok(());
        }
        let seed: [u8; 32] = random_bytes()?;
        let kid: [u8; 12] = random_bytes()?;
        let secret = SecretKey::new(URL_SAFE_NO_PAD.encode(kid), &seed);
        let text = serde_json::to_string(&secret).map_err(Problem::internal)?;
        self.client
            .put_secret_value()
            .secret_id(&self.secret)
            .client_request_token(version)
            .secret_string(text)
            .version_stages(PENDING)
            .send()
            .await
            .map_err(AwsError::from)?;
        Ok(())
    }

    /// Puts the public half on the ring.
    async fn publish(&self, version: &str) -> Result<(), Problem> {
        let secret = self.pending(version).await?;
        let seed = secret.seed()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| Problem::internal("the new seed makes no key"))?;
        let public = pair.public_key().as_ref();
        self.ring.publish(&secret.kid, public).await
    }

    /// Signs with the private half and checks with what the ring says.
    async fn test(&self, version: &str) -> Result<(), Problem> {
        const ISSUER: &str = "rotation";
        let secret = self.pending(version).await?;
        let public = self.ring.published(&secret.kid).await?;
        let public = public.ok_or_else(|| Problem::internal("the new key is not on the ring"))?;
        let key = SigningKey::from_seed(secret.kid.clone(), &secret.seed()?);
        let now = Timestamp::now();
        let (user, session) = (UserId::generate()?, SessionId::generate()?);
        let token = key.sign(&user, Role::Customer, &session, ISSUER, now)?;
        let verified = Unverified::read(&token)
            .filter(|token| token.kid == secret.kid)
            .and_then(|token| token.verify(&public, ISSUER, now));
        match verified {
            Some(claims) if claims.user_id == user => Ok(()),
            Some(_) | None => Err(Problem::internal("the new key does not verify")),
        }
    }

    /// Makes the new version current, then lets the old public keys end.
    async fn finish(&self, version: &str, current: Option<String>) -> Result<(), Problem> {
        let secret = self.pending(version).await?;
        if current.as_deref() != Some(version) {
            // Before anything is signed with it, everyone knows its other half.
            tokio::time::sleep(self.ring.until_known(&secret.kid).await?).await;
            // Before it is done: a step that is repeated records it twice, and
            // one that dies in between never leaves it unrecorded.
            self.record(version).await?;
            self.client
                .update_secret_version_stage()
                .secret_id(&self.secret)
                .version_stage(CURRENT)
                .move_to_version_id(version)
                .set_remove_from_version_id(current)
                .send()
                .await
                .map_err(AwsError::from)?;
        }
        self.ring.retire_all_but(&secret.kid).await
    }

    /// Records that the key was replaced, under Secrets Manager's id of the
    /// rotation.
    async fn record(&self, version: &str) -> Result<(), Problem> {
        let scope = RequestScope::of_event(version);
        let action = Action::SigningKeyRotated;
        let record = Record::new(Actor::Schedule, action, R::SIGNING_KEY_NAME, Vec::new());
        Arc::new(scope).enter(self.audit.append(&record)).await
    }

    async fn pending(&self, version: &str) -> Result<SecretKey, Problem> {
        let secret = self.read(version).await?;
        secret.ok_or_else(|| Problem::internal("the version to rotate to does not exist"))
    }

    /// Returns the secret of that version; `None` if it has none yet.
    async fn read(&self, version: &str) -> Result<Option<SecretKey>, Problem> {
        let found = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .version_id(version)
            .send()
            .await;
        match found {
            Ok(found) => found.secret_string().map(SecretKey::read).transpose(),
            // Also what AWS answers for a version that is only staged so far.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }
}
