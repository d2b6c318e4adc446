//! What a function is started with: the variables that template.yaml sets
//! (names and ARNs, never a secret) and the AWS clients made from them.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_secretsmanager::Client as SecretsManager;

use crate::aws::Aws;
use crate::money::Currency;
use crate::store::token_keys::KeyRing;

/// A function could not be started: something in its environment is missing
/// or can't be read. Shown in the log of its first start.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Where variables are looked up.
type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The environment of a function. Clients are made once and shared.
pub struct Env {
    lookup: Lookup,
    aws: Aws,
    dynamodb: OnceLock<DynamoDb>,
    secrets_manager: OnceLock<SecretsManager>,
    key_ring: OnceLock<Arc<KeyRing>>,
}

impl Env {
    /// The environment of this process.
    ///
    /// # Errors
    /// When AWS's own variables are missing.
    pub fn of_process() -> Result<Self, StartError> {
        Self::of(|name| std::env::var(name).ok())
    }

    /// An environment from anywhere, for tools and tests.
    ///
    /// # Errors
    /// When AWS's own variables are missing.
    pub fn of(
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        Ok(Self {
            aws: Aws::from_lookup(&lookup)?,
            lookup: Box::new(lookup),
            dynamodb: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            key_ring: OnceLock::new(),
        })
    }

    /// A variable that must be set.
    ///
    /// # Errors
    /// When it is not.
    pub fn variable(&self, name: &str) -> Result<String, StartError> {
        self.optional(name).ok_or_else(|| {
            StartError::new(format!(
                "the environment variable {name} is not set; template.yaml sets it per function"
            ))
        })
    }

    /// A variable that may be unset or empty.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// The one currency of the shop.
    pub(crate) fn currency(&self) -> Result<Currency, StartError> {
        let text = self.variable("CURRENCY")?;
        Currency::parse(&text).ok_or_else(|| {
            StartError::new("CURRENCY must be an ISO 4217 code such as EUR".to_owned())
        })
    }

    pub(crate) fn aws(&self) -> &Aws {
        &self.aws
    }

    pub(crate) fn dynamodb(&self) -> DynamoDb {
        self.dynamodb.get_or_init(|| self.aws.dynamodb()).clone()
    }

    pub(crate) fn secrets_manager(&self) -> SecretsManager {
        self.secrets_manager
            .get_or_init(|| self.aws.secrets_manager())
            .clone()
    }

    /// The ring of public keys; one for the whole process, since the
    /// authenticator and the cursors read the same row set.
    pub(crate) fn key_ring(&self) -> Result<Arc<KeyRing>, StartError> {
        if let Some(ring) = self.key_ring.get() {
            return Ok(Arc::clone(ring));
        }
        let ring = Arc::new(KeyRing::new(
            self.dynamodb(),
            self.variable("TOKEN_KEYS_TABLE")?,
        ));
        Ok(Arc::clone(self.key_ring.get_or_init(|| ring)))
    }
}

/// What a function keeps from one request to the next. Made once, at start.
pub trait FromEnv: Clone + Send + Sync + Sized {
    /// Takes what it needs from the environment.
    ///
    /// # Errors
    /// When something is missing: the start fails rather than a request.
    fn from_env(env: &Env) -> Result<Self, StartError>;

    /// Makes the read that opens the connection which the first request will
    /// use. Lambda runs this part uncapped. A failure is left for the request
    /// to meet.
    fn warm(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

impl FromEnv for () {
    fn from_env(_: &Env) -> Result<Self, StartError> {
        Ok(())
    }
}

impl<A: FromEnv, B: FromEnv> FromEnv for (A, B) {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok((A::from_env(env)?, B::from_env(env)?))
    }

    async fn warm(&self) {
        tokio::join!(self.0.warm(), self.1.warm());
    }
}

impl<A: FromEnv, B: FromEnv, C: FromEnv> FromEnv for (A, B, C) {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok((A::from_env(env)?, B::from_env(env)?, C::from_env(env)?))
    }

    async fn warm(&self) {
        tokio::join!(self.0.warm(), self.1.warm(), self.2.warm());
    }
}
