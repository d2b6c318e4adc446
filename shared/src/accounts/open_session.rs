//! Opening a session for someone who has just shown who they are.

use super::session::{RefreshToken, Session, lifetime};
use super::sessions::Sessions;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction, WriteAction};
use crate::http::Problem;
use crate::identity::{Realm, Signer, User};
use crate::values::{SessionId, Timestamp};

/// Someone who has just shown who they are: what a session is opened for.
pub struct SignedIn {
    pub(super) user: User,
    /// Checks, at the moment at which the session is opened, that what they
    /// showed still holds: a password that is changed in between opens nothing.
    pub(super) proof: Option<WriteAction>,
}

/// Opens sessions of a realm.
#[derive(Clone)]
pub struct OpenSession<R> {
    sessions: Sessions<R>,
    signer: Signer<R>,
}

impl<R: Realm> FromEnv for OpenSession<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            sessions: Sessions::from_env(env)?,
            signer: Signer::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.signer.warm().await;
    }
}

impl<R: Realm> OpenSession<R> {
    /// Checks that sessions can be opened now, before anything is made that
    /// would be left over if they could not.
    ///
    /// # Errors
    /// When the signing key can't be reached.
    pub async fn ready(&self) -> Result<(), Problem> {
        self.signer.key().await.map(|_| ())
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] if their password was changed meanwhile;
    /// otherwise when a table or the key can't be reached.
    pub async fn open(&self, who: SignedIn, device: Option<&str>) -> Result<Session, Problem> {
        let SignedIn { user, proof } = who;
        let token = RefreshToken::first(user.id.clone(), SessionId::generate()?)?;
        // Signed first: a session nobody was told of would be left over if
        // this failed after the write.
        let access = self.signer.sign(&user, &token.session_id).await?;
        // No earlier than from when on the user's sessions count.
        let now = Timestamp::now().max(user.tokens_valid_after);
        let end = now.plus(lifetime(user.role));
        let session = self.sessions.put_new(&user, &token, device, now, end);
        let mut parts = Transaction::new();
        parts.push_unlabelled(session);
        if let Some(proof) = proof {
            parts.push((), proof);
        }
        match parts.commit(self.sessions.client()).await? {
            Outcome::Committed => Ok(Session::new(&user, access, &token, end)),
            Outcome::Refused(_) => Err(Problem::SignInFailed),
        }
    }
}
