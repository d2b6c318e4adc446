//! The private key that signs a realm's access tokens, from Secrets Manager.
//! Only the functions that sign its people in may read it, and none keeps it
//! longer than five minutes, so that a rotated key is soon everywhere.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::key_ring::GRACE;
use super::realm::Realm;
use super::token::SigningKey;
use super::user::User;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::http::Problem;
use crate::values::{Moment, SessionId, Timestamp};

/// How long a key is used before it is fetched again.
const CACHE_TTL: Duration = Duration::from_secs(5 * 60);
/// How long a key is used at most: public keys outlive the tokens of a retired
/// key by this much.
const MAX_STALENESS: Duration = GRACE;

/// The secret's text: `{"kid":"…","seed":"<base64, 32 bytes>"}`. It has neither
/// `Debug` nor `Display`, so that it can't be printed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretKey {
    pub(crate) kid: String,
    seed: String,
}

impl SecretKey {
    pub(crate) fn new(kid: String, seed: &[u8; 32]) -> Self {
        Self {
            kid,
            seed: STANDARD.encode(seed),
        }
    }

    /// Reads the secret's text. What is wrong with it is never told: the text
    /// would be part of it.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text)
            .map_err(|_| Problem::internal("the signing key's secret can't be read"))
    }

    pub(crate) fn seed(&self) -> Result<[u8; 32], Problem> {
        let seed = STANDARD.decode(&self.seed).ok();
        seed.and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Problem::internal("the signing key's seed is not 32 bytes"))
    }
}

/// Signs the access tokens of a realm.
#[derive(Clone)]
pub(crate) struct Signer<R> {
    realm: PhantomData<R>,
    client: Client,
    secret: String,
    issuer: String,
    loaded: Arc<Mutex<Option<LoadedKey>>>,
}

struct LoadedKey {
    at: Moment,
    key: Arc<SigningKey>,
}

impl<R: Realm> FromEnv for Signer<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            realm: PhantomData,
            client: env.secrets_manager(),
            secret: env.variable(R::SIGNING_KEY)?,
            issuer: env.variable("TOKEN_ISSUER")?,
            loaded: Arc::new(Mutex::new(None)),
        })
    }

    async fn warm(&self) {
        let _ = self.key().await;
    }
}

impl<R: Realm> Signer<R> {
    /// Signs a new access token.
    ///
    /// It is dated by when its session was found valid, which is before the
    /// user was read: what ends the user's tokens after that ends this one too.
    pub(crate) fn sign(
        &self,
        key: &SigningKey,
        user: &User,
        session: &SessionId,
        issued_at: Timestamp,
    ) -> Result<String, Problem> {
        Ok(key.sign(&user.id, user.role, session, &self.issuer, issued_at)?)
    }

    /// Returns the current key. While Secrets Manager can't be reached, the one
    /// from before, for as long as its public half is surely known.
    pub(crate) async fn key(&self) -> Result<Arc<SigningKey>, Problem> {
        let mut loaded = self.loaded.lock().await;
        if let Some(fresh) = loaded.as_ref().filter(|it| it.at.age() < CACHE_TTL) {
            return Ok(Arc::clone(&fresh.key));
        }
        match self.load().await {
            Ok(key) => {
                *loaded = Some(LoadedKey {
                    at: Moment::now(),
                    key: Arc::clone(&key),
                });
                Ok(key)
            }
            Err(problem) => match loaded.as_ref().filter(|it| it.at.age() < MAX_STALENESS) {
                Some(stale) => Ok(Arc::clone(&stale.key)),
                None => Err(problem),
            },
        }
    }

    async fn load(&self) -> Result<Arc<SigningKey>, Problem> {
        let secret = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .send()
            .await
            .map_err(|error| match error.code() {
                // The first rotation has not made it yet.
                Some("ResourceNotFoundException") => AwsError::unavailable(error),
                _ => AwsError::from(error),
            })?;
        let text = secret.secret_string();
        let text = text.ok_or_else(|| Problem::internal("the signing key's secret has no text"))?;
        let secret = SecretKey::read(text)?;
        let seed = secret.seed()?;
        Ok(Arc::new(SigningKey::from_seed(secret.kid, &seed)))
    }
}

#[cfg(test)]
impl<R: Realm> Signer<R> {
    /// Makes it sign by a key of the tests, without Secrets Manager.
    pub(crate) async fn load_for_tests(&self) {
        *self.loaded.lock().await = Some(LoadedKey {
            at: Moment::now(),
            key: Arc::new(SigningKey::from_seed("k1".to_owned(), &[7; 32])),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CustomerRealm;
    use crate::testing::tables;

    #[tokio::test]
    async fn a_process_that_was_frozen_does_not_sign_with_a_retired_key() {
        let tables = tables().await;
        // Nobody listens there: what is not kept can't be had.
        let nowhere = "http://127.0.0.1:1";
        let env = tables.env_with("AWS_ENDPOINT_URL_SECRETS_MANAGER", nowhere);
        let signer = Signer::<CustomerRealm>::from_env(&env).unwrap();
        for (frozen, signs) in [
            (Duration::ZERO, true),
            (MAX_STALENESS - Duration::from_secs(9), true),
            (MAX_STALENESS, false),
        ] {
            *signer.loaded.lock().await = Some(LoadedKey {
                at: Moment::before_a_freeze_of(frozen),
                key: Arc::new(SigningKey::from_seed("k1".to_owned(), &[7; 32])),
            });
            assert_eq!(signer.key().await.is_ok(), signs, "{frozen:?}");
        }
    }
}
