//! Where one changes one's own password.

use crate::audit::{Action, Change, Record};
use crate::auth::{Identity, Person};
use crate::env::{Env, FromEnv, StartError};
use crate::journal::SignInFailure;
use crate::problem::{Conflict, Problem};
use crate::store::audit::AuditLog;
use crate::store::credentials::CredentialStore;
use crate::store::item::{number, text};
use crate::store::limits::LimitStore;
use crate::store::sessions::SessionStore;
use crate::store::sign_in::Door;
use crate::store::transaction::Written;
use crate::store::users::{STAFF_PASSWORD, UserStore};
use crate::user::PasswordChange;

/// One's own password, and what ends with the old one.
#[derive(Clone)]
pub struct PasswordDesk {
    credentials: CredentialStore,
    users: UserStore,
    sessions: SessionStore,
    limits: LimitStore,
    audit: AuditLog,
}

impl FromEnv for PasswordDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: CredentialStore::from_env(env)?,
            users: UserStore::from_env(env)?,
            sessions: SessionStore::from_env(env)?,
            limits: LimitStore::from_env(env)?,
            audit: AuditLog::from_env(env)?,
        })
    }
}

impl PasswordDesk {
    /// Changes the caller's password and ends all of their sessions but this
    /// one, and the access tokens that are out. Whoever holds a stolen token
    /// can guess the old password no more often than at the door.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a wrong current password or an unfit new one;
    /// [`Problem::BadToken`] for a token that no longer counts.
    pub async fn change(&self, caller: &Person, wanted: PasswordChange) -> Result<(), Problem> {
        let user = self.users.standing(caller).await?;
        let new = wanted.new.for_account(user.role, &user.email, &user.name);
        let new = new.map_err(|reason| Problem::invalid("/newPassword", reason))?;

        let (tried, found) = tokio::try_join!(
            self.limits.begin(&user.email, Door::of(user.role)),
            self.credentials.find(&user.email)
        )?;
        let stored = found.filter(|it| it.user_id == user.id);
        let stored = stored.and_then(|it| it.password);
        let right = wanted.current.is(stored.as_ref())?;
        let old = stored.filter(|_| right && !tried.is_closed());
        let Some(old) = old else {
            let why = match tried.is_closed() {
                true => SignInFailure::Locked,
                false => SignInFailure::WrongPassword,
            };
            tried.note_failure(why, Some(&user.id), caller.journal());
            return Err(Problem::invalid("/currentPassword", "is not the password"));
        };
        self.limits.succeeded(&tried).await;

        let changes = vec![Change::of("password")];
        let record = Record::by(caller, Action::PasswordChanged, user.id.as_str(), changes);
        let hash = new.hash()?;
        let credential = self.credentials.update(
            &user.email,
            "SET passwordHash = :new",
            "passwordHash = :old",
            [(":new", text(hash.as_str())), (":old", text(old.as_str()))],
        )?;
        // Dated last: what was issued while the hash was made must end too.
        let session = caller.session_id();
        let ended = self.users.end_tokens(&user.id, Some(session));
        // What is long enough for one role need not be for the next. (Not the
        // role itself: whoever may name it may write it, IAM can't tell.)
        let ended = ended.only_if("version", number(user.version));
        let ended = if new.fits_staff() {
            ended.set(STAFF_PASSWORD, text("yes"))
        } else {
            ended.remove(STAFF_PASSWORD)
        };
        let actions = vec![credential, ended.build()?];
        let written = self.audit.write(actions, &[record]).await?;
        if written.refused(0) {
            // Another request has changed it meanwhile.
            return Err(Problem::invalid("/currentPassword", "is not the password"));
        }
        if let Written::Refused(_) = written {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        // They have ended already, by the date in the user's record.
        self.sessions.end_all_but(caller, Some(session)).await
    }
}
