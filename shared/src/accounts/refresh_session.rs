//! Keeping a session alive.

use super::session::{RefreshToken, Session};
use super::sessions::{Rotated, Sessions};
use crate::audit::{Action, Actor, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::Transaction;
use crate::http::Problem;
use crate::identity::{Signer, UserStatus, Users};
use crate::telemetry::{SecurityEvent, SecurityLog};
use crate::values::Timestamp;

/// Refreshes sessions.
#[derive(Clone)]
pub struct RefreshSession {
    sessions: Sessions,
    signer: Signer,
    users: Users,
    audit: AuditWriter,
}

impl FromEnv for RefreshSession {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            sessions: Sessions::from_env(env)?,
            signer: Signer::from_env(env)?,
            users: Users::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.signer.warm().await;
    }
}

impl RefreshSession {
    /// Uses up a refresh token and puts the next one in its place. One that is
    /// sent again within 30 seconds, because the answer was lost or by another
    /// tab, gets the same next one, as long as that is unused. Any other token
    /// that was used before ends its session.
    ///
    /// The token is used up last, when all else that may fail has been done:
    /// what fails before leaves it good for another attempt.
    ///
    /// # Errors
    /// [`Problem::BadToken`] for a token that is used, ended, expired or none
    /// of ours, for a user who is disabled or whose role is another now, and
    /// for a session from before its user ended all of them.
    pub async fn refresh(&self, used: &RefreshToken) -> Result<Session, Problem> {
        let key = self.signer.key().await?;
        let user = self.users.get(used).await?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        let user = user.ok_or(Problem::BadToken)?;
        let rotated = self.sessions.rotate(used, Timestamp::now()).await?;
        let (session, next) = match rotated {
            Rotated::Done(session, next) => (session, next),
            Rotated::Reused => {
                self.end_reused(used).await?;
                return Err(Problem::BadToken);
            }
            Rotated::Invalid => return Err(Problem::BadToken),
        };
        // A session lasts as long as the role it was opened for allows. Who has
        // another role by now signs in anew.
        let valid = session.opened >= user.tokens_valid_after
            || user.kept_session.as_ref() == Some(&used.session_id);
        if session.role != user.role || !valid {
            if self.sessions.end(used).await? {
                SecurityLog::emit(&SecurityEvent::SignedOut(&used.user_id));
            }
            return Err(Problem::BadToken);
        }
        let access = self.signer.sign_with(&key, &user, &next.session_id)?;
        Ok(Session::new(&user, access, &next, session.end))
    }

    /// Ends a session whose refresh token was used again, and records it: one
    /// of the two users stole it.
    async fn end_reused(&self, used: &RefreshToken) -> Result<(), Problem> {
        let session = Change {
            field: "session".to_owned(),
            before: Some(used.session_id.to_string()),
            after: None,
        };
        let record = Record::new(
            Actor::Unknown,
            Action::RefreshTokenReused,
            used.user_id.as_str(),
            vec![session],
        );
        let ended = Transaction::new().with((), self.sessions.end_reused(used));
        // If it is refused, somebody else ended it at the same time, and
        // recorded why.
        self.audit.commit(ended, &[record]).await.map(|_| ())
    }
}
