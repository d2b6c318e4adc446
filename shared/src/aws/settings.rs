//! What a function is started with: the variables that template.yaml sets
//! (names and ARNs, never a secret) and the AWS clients made from them.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_secretsmanager::Client as SecretsManager;

use super::clients::Aws;
use super::error::StartError;

/// Where variables are looked up.
type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// One value of each type that was asked for.
type Singletons = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

/// The environment of a function. Clients are made once and shared.
pub struct Env {
    lookup: Lookup,
    aws: Aws,
    dynamodb: OnceLock<DynamoDb>,
    secrets_manager: OnceLock<SecretsManager>,
    singletons: Mutex<Singletons>,
}

impl Env {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// When AWS's own variables are missing.
    pub fn of_process() -> Result<Self, StartError> {
        Self::of(|name| std::env::var(name).ok())
    }

    /// Makes an environment of variables from anywhere, for tools and tests.
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
            singletons: Mutex::default(),
        })
    }

    /// Makes the environment of a simulated process.
    ///
    /// # Errors
    /// When AWS's own variables are missing.
    #[cfg(feature = "simulation")]
    pub(crate) fn simulated(
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        network: impl super::simulated::Network + 'static,
    ) -> Result<Self, StartError> {
        let mut env = Self::of(lookup)?;
        env.aws.simulated = Some(super::simulated::SimulatedClient::new(network));
        Ok(env)
    }

    /// Returns a variable that must be set.
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

    /// Returns a variable; `None` if it is unset or empty.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
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

    /// Returns the one `T` of this process, made at the first call: for what
    /// several parts of a function use together, such as a cache.
    pub(crate) fn singleton<T: FromEnv + 'static>(&self) -> Result<T, StartError> {
        let known = |made: &Singletons| {
            let found = made.get(&TypeId::of::<T>());
            found.and_then(|it| it.downcast_ref::<T>()).cloned()
        };
        if let Some(found) = known(&self.lock()) {
            return Ok(found);
        }
        // Made without the lock, since it may ask for a singleton itself.
        let made = T::from_env(self)?;
        let mut singletons = self.lock();
        if let Some(found) = known(&singletons) {
            return Ok(found);
        }
        singletons.insert(TypeId::of::<T>(), Box::new(made.clone()));
        Ok(made)
    }

    fn lock(&self) -> MutexGuard<'_, Singletons> {
        // A map of finished values is whole at every moment, also after a panic.
        self.singletons
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

/// Implements [`FromEnv`] for a tuple of what implements it.
macro_rules! from_env_for_tuple {
    ($($name:ident: $Type:ident),+) => {
        impl<$($Type: FromEnv),+> FromEnv for ($($Type,)+) {
            fn from_env(env: &Env) -> Result<Self, StartError> {
                Ok(($($Type::from_env(env)?,)+))
            }

            async fn warm(&self) {
                let ($($name,)+) = self;
                tokio::join!($($name.warm()),+);
            }
        }
    };
}

from_env_for_tuple!(a: A);
from_env_for_tuple!(a: A, b: B);
from_env_for_tuple!(a: A, b: B, c: C);
from_env_for_tuple!(a: A, b: B, c: C, d: D);
from_env_for_tuple!(a: A, b: B, c: C, d: D, e: E);
from_env_for_tuple!(a: A, b: B, c: C, d: D, e: E, f: F);
