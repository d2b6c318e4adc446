//! Keeping a session alive.

use std::sync::Arc;

use super::session::{RefreshToken, Session};
use super::sessions::{Rotated, Sessions};
use crate::audit::{Action, Actor, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::Transaction;
use crate::http::Problem;
use crate::identity::{Realm, Signer, SigningKey, User, UserStatus, Users};
use crate::telemetry::{SecurityEvent, SecurityLog};
use crate::values::Timestamp;

/// Refreshes the sessions of a realm.
#[derive(Clone)]
pub struct RefreshSession<R> {
    sessions: Sessions<R>,
    signer: Signer<R>,
    users: Users<R>,
    audit: AuditWriter,
}

/// A refresh before its token is used up.
struct Begun {
    key: Arc<SigningKey>,
    /// A moment before the user was read.
    read_at: Timestamp,
    user: User,
}

impl<R: Realm> FromEnv for RefreshSession<R> {
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

impl<R: Realm> RefreshSession<R> {
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
        let begun = self.begin(used).await?;
        self.finish(used, begun).await
    }

    /// Reads what it takes, before the token is used up.
    async fn begin(&self, used: &RefreshToken) -> Result<Begun, Problem> {
        let key = self.signer.key().await?;
        let read_at = Timestamp::now();
        let user = self.users.get(used).await?;
        let user = user.filter(|it| it.status == UserStatus::Active && R::has_role(it.role));
        let user = user.ok_or(Problem::BadToken)?;
        Ok(Begun { key, read_at, user })
    }

    /// Uses the token up. Whatever happens to the user's record between the two
    /// halves, what is given here doesn't outlive it: the access token is dated
    /// by the first half, and so is what the session is compared with.
    async fn finish(&self, used: &RefreshToken, begun: Begun) -> Result<Session, Problem> {
        let Begun { key, read_at, user } = begun;
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
        // No earlier than from when on the user's tokens count.
        let issued_at = read_at.max(user.tokens_valid_after);
        let access = self.signer.sign(&key, &user, &next.session_id, issued_at)?;
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

#[cfg(test)]
impl<R: Realm> RefreshSession<R> {
    /// Opens it on a test's tables, with a key of the tests.
    pub(super) async fn for_tests(tables: &crate::testing::Tables) -> Self {
        let refresh: Self = tables.open();
        refresh.signer.load_for_tests().await;
        refresh
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use cloud::{Calls, Fault};

    use super::*;
    use crate::accounts::{NewPassword, Register};
    use crate::dynamodb::{ItemBuilder, Outcome};
    use crate::identity::{CustomerRealm, END_AHEAD, END_WRITTEN_WITHIN, Role};
    use crate::testing::{Tables, tables};
    use crate::values::{EmailAddress, SessionId};

    /// Someone with a session that was opened a minute ago.
    struct SignedIn {
        tables: Tables,
        refresh: RefreshSession<CustomerRealm>,
        user: User,
        token: RefreshToken,
    }

    async fn signed_in() -> SignedIn {
        let tables = tables().await;
        let refresh = RefreshSession::for_tests(&tables).await;
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let mut ann = User::new(email, "Ann", Role::Customer).unwrap();
        ann.tokens_valid_after = ago(60);
        let accounts: Register<CustomerRealm> = tables.open();
        let password = NewPassword::trusted("owls at night");
        let user = accounts.insert(ann, &password).await.unwrap();
        let session = SessionId::generate().unwrap();
        let token = RefreshToken::first(user.id.clone(), session).unwrap();
        let end = Timestamp::now().plus(Duration::from_secs(3600));
        let sessions = &refresh.sessions;
        let opened = sessions.put_new(&user, &token, None, ago(60), end);
        let opened = Transaction::new().with((), opened);
        let opened = opened.commit(sessions.client()).await.unwrap();
        assert_eq!(opened, Outcome::Committed);
        SignedIn {
            tables,
            refresh,
            user,
            token,
        }
    }

    fn ago(seconds: i64) -> Timestamp {
        Timestamp::from_unix(Timestamp::now().unix() - seconds).unwrap()
    }

    /// When the access token of a session was issued, and the refresh token.
    fn read(session: &Session) -> (i64, RefreshToken) {
        let session = serde_json::to_value(session).unwrap();
        let claims = session["accessToken"].as_str().unwrap().split('.').nth(1);
        let claims = URL_SAFE_NO_PAD.decode(claims.unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let next = RefreshToken::parse(session["refreshToken"].as_str().unwrap());
        (claims["iat"].as_i64().unwrap(), next.unwrap())
    }

    /// A refresh that read the account ten seconds ago, and is slow to go on:
    /// five seconds ago all sessions were ended.
    #[tokio::test]
    async fn a_refresh_that_is_overtaken_gives_nothing_that_outlives_it() {
        let it = signed_in().await;
        let mut begun = it.refresh.begin(&it.token).await.unwrap();
        begun.read_at = ago(10);
        let ended = ago(5);
        let key = ItemBuilder::new().text("userId", it.user.id.as_str());
        let values = ItemBuilder::new().number("tokensValidAfter", ended.unix());
        let (key, values) = (key.into_attributes(), values.into_attributes());
        it.tables.change("USERS_TABLE", key, values).await;

        let session = it.refresh.finish(&it.token, begun).await.unwrap();
        let (issued_at, next) = read(&session);
        assert!(issued_at < ended.unix(), "the access token has ended");
        let refused = it.refresh.refresh(&next).await;
        assert!(matches!(refused, Err(Problem::BadToken)));
        // It is not only refused, it is gone.
        let refused = it.refresh.sessions.rotate(&next, Timestamp::now()).await;
        assert!(matches!(refused, Ok(Rotated::Invalid)));
    }

    #[tokio::test]
    async fn a_refresh_after_all_sessions_were_ended_gives_nothing() {
        let it = signed_in().await;
        let ended = it.refresh.users.sign_out_everywhere(&it.user).await;
        let ended = Transaction::new().with((), ended);
        let client = it.refresh.sessions.client();
        assert_eq!(ended.commit(client).await.unwrap(), Outcome::Committed);
        let refused = it.refresh.refresh(&it.token).await;
        assert!(matches!(refused, Err(Problem::BadToken)));
    }

    #[tokio::test]
    async fn what_ends_all_sessions_is_not_told_as_done_when_it_came_too_late_for_its_date() {
        let it = signed_in().await;
        let calls = Calls::of("TransactWriteItems").always();
        let faults = it.tables.faults();
        let _ = faults.inject(calls, Fault::Conflict);
        let over = async {
            tokio::time::sleep(END_WRITTEN_WITHIN + Duration::from_millis(500)).await;
            faults.clear();
        };
        let ended = it.refresh.users.sign_out_everywhere(&it.user).await;
        let ended = Transaction::new().with((), ended);
        let ended = ended.commit(it.refresh.sessions.client());
        // A token that is issued meanwhile may be dated after it.
        let (outcome, ()) = tokio::join!(ended, over);
        assert!(outcome.is_err());
    }

    #[tokio::test]
    async fn what_ends_all_sessions_is_later_than_all_that_was_read_before() {
        let it = signed_in().await;
        let users = &it.refresh.users;
        let end = async |user: &User| {
            let ended = users.sign_out_everywhere(user).await;
            let ended = Transaction::new().with((), ended);
            ended.commit(it.refresh.sessions.client()).await.unwrap()
        };
        let read = async || users.get(&it.token).await.unwrap().unwrap();
        let mut before = it.user.tokens_valid_after;
        for _ in 0..3 {
            let user = read().await;
            let read_at = Timestamp::now();
            assert_eq!(end(&user).await, Outcome::Committed);
            let after = read().await.tokens_valid_after;
            // What was dated by the record, or by the clock, has ended.
            assert!(after > before && after > read_at);
            // What is issued from now on is dated so, and must count at once.
            assert!(after <= Timestamp::now().plus(END_AHEAD));
            // What was read before may end nothing any more.
            assert_eq!(end(&user).await, Outcome::Refused(vec![()]));
            before = after;
        }
    }
}
