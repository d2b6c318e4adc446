//! Signing out of one session, or of all.

use super::session::RefreshToken;
use super::sessions::Sessions;
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Deadline, Problem};
use crate::identity::{Identity, NamesUser, Realm, Users};
use crate::telemetry::{SecurityEvent, SecurityLog};
use crate::values::Timestamp;

/// Signs the people of a realm out.
#[derive(Clone)]
pub struct SignOut<R> {
    sessions: Sessions<R>,
    users: Users<R>,
    audit: AuditWriter,
}

impl<R: Realm> FromEnv for SignOut<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            sessions: Sessions::from_env(env)?,
            users: Users::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl<R: Realm> SignOut<R> {
    /// Ends the session of a refresh token that is or was its current one.
    /// Ending it twice changes nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn session(&self, token: &RefreshToken) -> Result<(), Problem> {
        if self.sessions.end(token).await? {
            SecurityLog::emit(&SecurityEvent::SignedOut(&token.user_id));
        }
        Ok(())
    }

    /// Ends every session of the caller, and every access token issued to them
    /// so far.
    ///
    /// # Errors
    /// [`Problem::BadToken`] if the caller's own token has ended already.
    pub async fn everywhere(
        &self,
        caller: &(impl Identity<Realm = R> + NamesUser<R>),
        deadline: Deadline,
    ) -> Result<(), Problem> {
        let id = caller.user_id().as_str();
        let ended_at = loop {
            // Refused where somebody else ended them meanwhile: then, too, the
            // caller's token has ended, unless their session was kept.
            let user = self.users.require_active(caller).await?;
            let record = Record::by(caller, Action::SignedOutEverywhere, id, Vec::new());
            let ended_at = Timestamp::now();
            let ended = self.users.sign_out_everywhere(&user).await;
            let ended = Transaction::new().with((), ended);
            if self.audit.commit(ended, &[record]).await? == Outcome::Committed {
                break ended_at;
            }
        };
        // They have ended already, by the date in the user's record.
        let sessions = &self.sessions;
        sessions.tidy_up(caller, None, ended_at, deadline).await;
        Ok(())
    }
}
