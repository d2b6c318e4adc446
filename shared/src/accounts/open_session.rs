//! Opening a session for someone who has just shown who they are.

use super::session::{RefreshToken, Session, lifetime};
use super::sessions::Sessions;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction, WriteAction};
use crate::http::Problem;
use crate::identity::{Realm, Signer, User};
use crate::limits::{Address, KnownAddresses};
use crate::telemetry::{SecurityEvent, SecurityLog, SignInFailure};
use crate::values::{SessionId, Timestamp};

/// Someone who has just shown who they are: what a session is opened for.
pub struct SignedIn {
    pub(super) user: User,
    /// A moment before the user was read. What is opened counts from then on,
    /// so that it ends with all that ends afterwards.
    pub(super) read_at: Timestamp,
    /// Where they are.
    pub(super) address: Address,
    /// Checks, at the moment at which the session is opened, that what they
    /// showed still holds: a password that is changed in between opens nothing.
    pub(super) proof: Option<WriteAction>,
}

/// Opens sessions of a realm.
#[derive(Clone)]
pub struct OpenSession<R> {
    sessions: Sessions<R>,
    signer: Signer<R>,
    addresses: KnownAddresses<R>,
}

impl<R: Realm> FromEnv for OpenSession<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            sessions: Sessions::from_env(env)?,
            signer: Signer::from_env(env)?,
            addresses: KnownAddresses::from_env(env)?,
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

    /// Opens a session. Whoever has twenty loses the oldest.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] if their password was changed meanwhile;
    /// otherwise when a table or the key can't be reached.
    pub async fn open(&self, who: SignedIn, device: Option<&str>) -> Result<Session, Problem> {
        let SignedIn {
            user,
            read_at,
            address,
            proof,
        } = who;
        let mut unopened = Unopened(Some(&user));
        let token = RefreshToken::first(user.id.clone(), SessionId::generate()?)?;
        // Signed first: a session nobody was told of would be left over if
        // this failed after the write.
        let key = self.signer.key().await?;
        // No earlier than from when on the user's sessions count.
        let opened = read_at.max(user.tokens_valid_after);
        let access = self.signer.sign(&key, &user, &token.session_id, opened)?;
        let end = read_at.plus(lifetime(user.role));
        let session = self.sessions.put_new(&user, &token, device, opened, end);
        let mut parts = Transaction::new();
        parts.push_unlabelled(session);
        // Whoever was made by this very request has no other session.
        let has_others = proof.is_some();
        if let Some(proof) = proof {
            parts.push((), proof);
        }
        let displaced = async {
            match has_others {
                true => self.sessions.displaced_by(&token, read_at).await,
                false => Vec::new(),
            }
        };
        // Boxed: three calls of the SDK side by side are a large future.
        let (opened, (), displaced) = tokio::join!(
            Box::pin(parts.commit(self.sessions.client())),
            Box::pin(self.addresses.add(&token, &address)),
            Box::pin(displaced)
        );
        match opened? {
            Outcome::Committed => {
                unopened.0 = None;
                SecurityLog::emit(&SecurityEvent::SignedIn(&user.id));
                if !displaced.is_empty() {
                    for _ in 0..self.sessions.displace(&user.id, &displaced).await {
                        SecurityLog::emit(&SecurityEvent::SessionDisplaced(&user.id));
                    }
                }
                Ok(Session::new(&user, access, &token, end))
            }
            Outcome::Refused(_) => {
                unopened.0 = None;
                let changed = SignInFailure::PasswordChanged;
                SecurityLog::emit(&SecurityEvent::SignInFailed(changed, Some(&user.id), None));
                Err(Problem::SignInFailed)
            }
        }
    }
}

/// Someone for whom a session is being opened. Tells of it when it is given up,
/// whether by an error or because time ran out.
struct Unopened<'a>(Option<&'a User>);

impl Drop for Unopened<'_> {
    fn drop(&mut self) {
        if let Some(user) = self.0 {
            let failed =
                SecurityEvent::SignInFailed(SignInFailure::NoSession, Some(&user.id), None);
            SecurityLog::emit(&failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::accounts::refresh_session::RefreshSession;
    use crate::accounts::{NewPassword, Register, SignIn, SignInRequest};
    use crate::dynamodb::ItemBuilder;
    use crate::identity::{CustomerRealm, Role};
    use crate::input::parse_json;
    use crate::telemetry::{RequestScope, recorder};
    use crate::testing::{Tables, tables};
    use crate::values::EmailAddress;

    fn request() -> SignInRequest {
        parse_json(br#"{"email":"ann@example.com","password":"owls at night"}"#).unwrap()
    }

    /// Ann has an account, and has just shown her password.
    async fn signed_in() -> (Tables, OpenSession<CustomerRealm>, SignedIn) {
        let tables = tables().await;
        let open: OpenSession<CustomerRealm> = tables.open();
        open.signer.load_for_tests().await;
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let accounts: Register<CustomerRealm> = tables.open();
        let password = NewPassword::trusted("owls at night");
        accounts.insert(ann, &password).await.unwrap();
        let sign_in: SignIn<CustomerRealm> = tables.open();
        let who = sign_in
            .sign_in(&request(), Address::of("192.0.2.1"))
            .await
            .unwrap();
        (tables, open, who)
    }

    /// The security events that `work` leaves, with their reasons.
    async fn events(work: impl Future<Output = ()>) -> Vec<(String, String)> {
        let (subscriber, lines) = recorder(None);
        let request = async {
            let request = RequestScope::new("r1", "POST /", "192.0.2.1", "test");
            Arc::new(request).enter(work).await;
        };
        request.with_subscriber(subscriber).await;
        let lines = lines().into_iter();
        let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
        // A failure's line has its causes.
        let events = lines.filter(|line| line["error"].is_null()).map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (text("event"), text("reason"))
        });
        events.collect()
    }

    fn event(code: &str, reason: &str) -> Vec<(String, String)> {
        vec![(code.to_owned(), reason.to_owned())]
    }

    #[tokio::test]
    async fn whoever_has_a_session_is_signed_in_and_nobody_before() {
        let (tables, open, _) = signed_in().await;
        let sign_in: SignIn<CustomerRealm> = tables.open();
        let mut who = None;
        let shown = events(async {
            who = sign_in
                .sign_in(&request(), Address::of("192.0.2.1"))
                .await
                .ok();
        });
        assert_eq!(shown.await, []);
        let opened = events(async { drop(open.open(who.take().unwrap(), None).await.unwrap()) });
        assert_eq!(opened.await, event("signed-in", ""));
    }

    #[tokio::test]
    async fn a_sign_in_that_fails_after_the_password_was_right_says_why() {
        let (tables, open, who) = signed_in().await;
        let key = ItemBuilder::new().text("login", "email#ann@example.com");
        let other = ItemBuilder::new().text("passwordHash", "another");
        let (key, other) = (key.into_attributes(), other.into_attributes());
        tables.change("CREDENTIALS_TABLE", key, other).await;
        let refused = events(async {
            let refused = open.open(who, None).await;
            assert!(matches!(refused, Err(Problem::SignInFailed)));
        });
        assert_eq!(refused.await, event("sign-in-failed", "password-changed"));
    }

    #[tokio::test]
    async fn a_session_that_can_not_be_opened_leaves_no_one_signed_in() {
        let (tables, mut open, who) = signed_in().await;
        let env = tables.env_without_dynamodb();
        open.sessions = Sessions::from_env(&env).unwrap();
        let failed = events(async {
            let failed = open.open(who, None).await;
            assert!(matches!(failed, Err(Problem::Unavailable { .. })));
        });
        assert_eq!(failed.await, event("sign-in-failed", "no-session"));
    }

    #[tokio::test]
    async fn a_session_that_takes_too_long_leaves_no_one_signed_in() {
        let (tables, mut open, who) = signed_in().await;
        // It takes connections and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let env = tables.env_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
        open.sessions = Sessions::from_env(&env).unwrap();
        let failed = events(async {
            let opened = open.open(who, None);
            let late = tokio::time::timeout(Duration::from_millis(50), opened).await;
            assert!(late.is_err());
        });
        assert_eq!(failed.await, event("sign-in-failed", "no-session"));
    }

    /// A sign-in that read the account ten seconds ago, and is slow to go on:
    /// five seconds ago all sessions were ended.
    #[tokio::test]
    async fn a_sign_in_that_is_overtaken_opens_nothing_that_lasts() {
        let (tables, open, mut who) = signed_in().await;
        let now = Timestamp::now().unix();
        let ago = |seconds: i64| Timestamp::from_unix(now - seconds).unwrap();
        (who.read_at, who.user.tokens_valid_after) = (ago(10), ago(60));
        let key = ItemBuilder::new().text("userId", who.user.id.as_str());
        let ended = ItemBuilder::new().number("tokensValidAfter", ago(5).unix());
        let (key, ended) = (key.into_attributes(), ended.into_attributes());
        tables.change("USERS_TABLE", key, ended).await;
        let session = open.open(who, None).await.unwrap();
        let session = serde_json::to_value(session).unwrap();
        let token = RefreshToken::parse(session["refreshToken"].as_str().unwrap()).unwrap();
        let refresh = RefreshSession::<CustomerRealm>::for_tests(&tables).await;
        let refused = refresh.refresh(&token).await;
        assert!(matches!(refused, Err(Problem::BadToken)));
    }
}
