//! Trusting frontends, and ending that.

use std::time::Duration;

use crate::audit::{Action, Actor, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Comparison, Outcome, Transaction, text};
use crate::http::Problem;
use crate::identity::FrontendKeys;
use crate::values::{Timestamp, new_ulid};

/// Changes which frontends are trusted: for an operator, and for no function.
#[derive(Clone)]
pub struct TrustFrontends {
    keys: FrontendKeys,
    shop: String,
    audit: AuditWriter,
}

/// A frontend that is trusted.
#[derive(Debug)]
pub struct TrustedFrontend {
    /// The id of its key: the `kid` of its tokens.
    pub kid: String,
    /// What it is called: their `iss`.
    pub name: String,
    /// Since when it is trusted.
    pub since: Timestamp,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
}

impl FromEnv for TrustFrontends {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            keys: FrontendKeys::from_env(env)?,
            shop: env.variable("TOKEN_ISSUER")?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl TrustFrontends {
    /// Returns what the shop is called: the `aud` of the tokens it takes.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// Trusts whoever signs with the private half of a key, for so long or until
    /// that is ended, and returns the key's id.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if that can't be written.
    pub async fn add(
        &self,
        name: &str,
        public_key: &[u8; 32],
        lifetime: Option<Duration>,
    ) -> Result<String, Problem> {
        let (kid, now) = (new_ulid()?, Timestamp::now());
        let ends = lifetime.map(|lifetime| now.plus(lifetime));
        let put = self.keys.put_new(&kid, name, public_key, now, ends);
        let parts = Transaction::new().with((), put);
        let record = Record::new(Actor::Operator, Action::FrontendTrusted, &kid, Vec::new());
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => Ok(kid),
            Outcome::Refused(_) => Err(Problem::internal("a new id is some key's")),
        }
    }

    /// Returns who is trusted, the newest first.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if that can't be read.
    pub async fn list(&self) -> Result<Vec<TrustedFrontend>, Problem> {
        let keys = self.keys.read().await?.into_iter();
        let mut listed: Vec<TrustedFrontend> = keys
            .map(|key| TrustedFrontend {
                kid: key.kid,
                name: key.frontend,
                since: key.created_at,
                until: key.expires_at.and_then(Timestamp::from_unix),
            })
            .collect();
        listed.sort_by(|one, other| other.kid.cmp(&one.kid));
        Ok(listed)
    }

    /// Ends the trust in a key; functions that keep it forget it within five
    /// minutes. Returns false if there is no such key.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if that can't be written.
    pub async fn remove(&self, kid: &str) -> Result<bool, Problem> {
        let removed = self.keys.change(kid);
        let removed = removed.only_if("kid", Comparison::Equal, text(kid));
        let parts = Transaction::new().with((), removed.into_delete());
        let record = Record::new(Actor::Operator, Action::FrontendRemoved, kid, Vec::new());
        let outcome = self.audit.commit(parts, &[record]).await?;
        Ok(outcome == Outcome::Committed)
    }
}
