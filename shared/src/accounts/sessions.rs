//! The tables `sessions` and `staff-sessions`: who is signed in where.

use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Select};

use super::session::RefreshToken;
use super::successor::Nonce;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDb, DynamoDbError, ItemBuilder, ItemReader,
    QueryFluentBuilder, SingleWrite, Table, WriteAction, is_condition_failed, number, read_all,
    text,
};
use crate::http::Deadline;
use crate::identity::{Identity, Realm, Role, User};
use crate::telemetry::warn;
use crate::values::{SessionId, Timestamp, UserId};

/// For how long a used token is answered with its successor again, while that
/// is unused: an answer may be lost, and two tabs may ask at once.
const GRACE: Duration = Duration::from_secs(30);
/// How many sessions someone has at most; two that are opened at once may make
/// one more of it for a while.
const MAX_SESSIONS: usize = 20;
/// The longest that deleting sessions may hold an answer up.
const TIDYING: Duration = Duration::from_millis(500);

/// The sessions of a realm, each reached by its refresh token or by its owner's
/// identity.
#[derive(Clone)]
pub(crate) struct Sessions<R> {
    table: Table,
    realm: PhantomData<R>,
}

/// A session as it was read.
pub(super) struct StoredSession {
    /// The role that it was opened for.
    pub(super) role: Role,
    pub(super) opened: Timestamp,
    pub(super) end: Timestamp,
}

/// What became of a refresh token that was to be replaced by its successor.
pub(super) enum Rotated {
    /// The successor is in its place.
    Done(StoredSession, RefreshToken),
    /// It is an earlier token of this session, used by somebody else or too
    /// long ago.
    Reused,
    /// It is none of this session, or the session has ended.
    Invalid,
}

impl<R: Realm> FromEnv for Sessions<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, R::SESSIONS_TABLE)?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> Sessions<R> {
    /// Returns the client with which transactions are sent.
    pub(super) fn client(&self) -> &DynamoDb {
        self.table.client()
    }

    /// Returns the action that puts a new session.
    pub(super) fn put_new(
        &self,
        user: &User,
        token: &RefreshToken,
        device: Option<&str>,
        now: Timestamp,
        end: Timestamp,
    ) -> WriteAction {
        let item = ItemBuilder::new()
            .text("userId", user.id.as_str())
            .text("sessionId", token.session_id.as_str())
            .text("familyHash", token.family_hash())
            .text("tokenHash", token.hash())
            .word("role", user.role)
            .optional_text("device", device)
            .time("createdAt", now)
            .expires(end);
        self.table.put_new(item, "sessionId")
    }

    /// Ends the session of a token that is or was its current one, and returns
    /// whether there was one. Ending it twice changes nothing.
    pub(super) async fn end(&self, token: &RefreshToken) -> Result<bool, AwsError> {
        let ended = self
            .table
            .delete(key(&token.user_id, &token.session_id))
            .condition_expression("familyHash = :family")
            .expression_attribute_values(":family", text(token.family_hash()))
            .commit()
            .await;
        match ended {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the action that ends the session of a token that was used
    /// twice: refused if it has ended already.
    pub(super) fn end_reused(&self, token: &RefreshToken) -> WriteAction {
        self.table
            .change(key(&token.user_id, &token.session_id))
            .only_if("familyHash", Comparison::Equal, text(token.family_hash()))
            .into_delete()
    }

    /// Deletes the rows of the caller's sessions that were opened up to
    /// `ended_at`, but for `kept`. They have ended by the date in their user's
    /// record, so this is tidiness: it takes half a second at most, ends before
    /// the deadline, and what fails is logged and left until its end.
    pub(super) async fn tidy_up(
        &self,
        caller: &impl Identity<Realm = R>,
        kept: Option<&SessionId>,
        ended_at: Timestamp,
        deadline: Deadline,
    ) {
        let work = async {
            let rows = self.ids_of(caller.user_id()).consistent_read(true);
            let ended = read_all(&rows, |row| {
                let id: SessionId = row.id("sessionId")?;
                let has_ended = kept != Some(&id) && row.time("createdAt")? <= ended_at;
                Ok(has_ended.then_some(id))
            });
            self.delete(caller.user_id(), &ended.await?).await.map(drop)
        };
        in_time(deadline.spare(TIDYING), work).await;
    }

    /// Returns the ids of the sessions that a new one displaces: all but the 19
    /// newest that were opened before it and have not ended. None if that can't
    /// be found out in half a second; the next sign-in will.
    pub(super) async fn displaced_by(&self, new: &RefreshToken, now: Timestamp) -> Vec<SessionId> {
        let work = async {
            // Ids sort by the time at which they were made.
            let rows = self
                .ids_of(&new.user_id)
                .key_condition_expression("userId = :user AND sessionId < :new")
                .expression_attribute_values(":new", text(new.session_id.as_str()))
                .scan_index_forward(false);
            let live = read_all(&rows, |row| {
                let is_live = row.number::<i64>("expiresAt")? > now.unix();
                is_live.then(|| row.id("sessionId")).transpose()
            });
            let mut live: Vec<SessionId> = live.await?;
            Ok(live.split_off(live.len().min(MAX_SESSIONS - 1)))
        };
        in_time(TIDYING, work).await.unwrap_or_default()
    }

    /// Ends the sessions that another one displaced, and returns how many. What
    /// can't be ended in half a second is left to the next sign-in.
    pub(super) async fn displace(&self, user_id: &UserId, sessions: &[SessionId]) -> usize {
        let ended = in_time(TIDYING, self.delete(user_id, sessions)).await;
        ended.unwrap_or_default()
    }

    /// Begins a query of someone's sessions that tells nothing of their tokens.
    fn ids_of(&self, user_id: &UserId) -> QueryFluentBuilder {
        self.table
            .query()
            .select(Select::SpecificAttributes)
            .projection_expression("userId, sessionId, createdAt, expiresAt")
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", text(user_id.as_str()))
    }

    /// Deletes sessions, all at once, and returns how many.
    async fn delete(
        &self,
        user_id: &UserId,
        sessions: &[SessionId],
    ) -> Result<usize, DynamoDbError> {
        let deletions = sessions
            .iter()
            .map(|id| self.table.delete(key(user_id, id)).commit());
        let deleted = futures_util::future::try_join_all(deletions).await;
        Ok(deleted.map_err(AwsError::from)?.len())
    }

    /// Puts the successor of a token in its place and returns it. A token that
    /// was replaced up to 30 seconds ago, and whose successor is unused, is
    /// answered with that same successor.
    pub(super) async fn rotate(
        &self,
        used: &RefreshToken,
        now: Timestamp,
    ) -> Result<Rotated, DynamoDbError> {
        let nonce = Nonce::generate()?;
        let next = used.successor(&nonce);
        let replaced = self
            .table
            .update(key(&used.user_id, &used.session_id))
            .update_expression("SET tokenHash = :next, nonce = :nonce, refreshedAt = :at")
            // DynamoDB deletes late: what has expired must not be kept alive.
            .condition_expression("tokenHash = :used AND expiresAt > :now")
            .expression_attribute_values(":used", text(used.hash()))
            .expression_attribute_values(":next", text(next.hash()))
            .expression_attribute_values(":nonce", text(nonce.to_text()))
            .expression_attribute_values(":at", text(now.to_string()))
            .expression_attribute_values(":now", number(now.unix()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .commit()
            .await;
        let error = match replaced {
            Ok(replaced) => {
                let item = replaced.attributes.unwrap_or_default();
                return Ok(Rotated::Done(read(&item)?, next));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        else {
            return Err(AwsError::from(error).into());
        };
        match refused.item() {
            Some(item) => rotated_before(used, item, now),
            None => Ok(Rotated::Invalid),
        }
    }
}

/// Says what a token is that is not the current one of this session, or is
/// late.
fn rotated_before(
    used: &RefreshToken,
    item: &Attributes,
    now: Timestamp,
) -> Result<Rotated, DynamoDbError> {
    let session = read(item)?;
    let item = ItemReader::from(item);
    let current = item.text("tokenHash")?;
    // The current token after the session's end is late, not stolen.
    if current == used.hash() || item.text("familyHash")? != used.family_hash() {
        return Ok(Rotated::Invalid);
    }
    if let Some(nonce) = item.optional_text("nonce")?.and_then(Nonce::parse) {
        let next = used.successor(&nonce);
        let until = item.time("refreshedAt")?.plus(GRACE);
        // The current token follows this one: the answer was lost, perhaps our
        // own when the SDK sent the request again, or another tab was as quick.
        if next.hash() == current && now <= until && now < session.end {
            return Ok(Rotated::Done(session, next));
        }
    }
    Ok(Rotated::Reused)
}

/// Does what the answer doesn't depend on: gives it up after that time, and logs
/// what fails.
async fn in_time<T>(
    time: Duration,
    work: impl Future<Output = Result<T, DynamoDbError>>,
) -> Option<T> {
    let done = match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(elapsed) => Err(AwsError::unavailable(elapsed).into()),
    };
    done.inspect_err(|error| warn("sessions-not-deleted", error))
        .ok()
}

fn key(user_id: &UserId, session_id: &SessionId) -> Attributes {
    ItemBuilder::new()
        .text("userId", user_id.as_str())
        .text("sessionId", session_id.as_str())
        .into_attributes()
}

fn read(item: &Attributes) -> Result<StoredSession, Corrupt> {
    let item = ItemReader::from(item);
    Ok(StoredSession {
        role: item.word("role")?,
        opened: item.time("createdAt")?,
        end: Timestamp::from_unix(item.number("expiresAt")?).ok_or(Corrupt::new("expiresAt"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Outcome, Transaction};
    use crate::identity::CustomerRealm;
    use crate::testing::{Tables, tables};
    use crate::values::{EmailAddress, PathId};

    const OPENED: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(OPENED + seconds).unwrap()
    }

    /// A session of a customer that was opened at [`OPENED`] for a day.
    async fn opened() -> (Tables, Sessions<CustomerRealm>, RefreshToken) {
        let tables = tables().await;
        let sessions: Sessions<CustomerRealm> = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let session = SessionId::generate().unwrap();
        let token = RefreshToken::first(ann.id.clone(), session).unwrap();
        let new = sessions.put_new(&ann, &token, None, at(0), at(86_400));
        let opened = Transaction::new().with((), new);
        let opened = opened.commit(sessions.client()).await.unwrap();
        assert_eq!(opened, Outcome::Committed);
        (tables, sessions, token)
    }

    impl Sessions<CustomerRealm> {
        /// What a rotation comes to: the next token, or a word.
        async fn rotated(&self, used: &RefreshToken, now: Timestamp) -> Result<String, &str> {
            match self.rotate(used, now).await.unwrap() {
                Rotated::Done(_, next) => Ok(next.to_text()),
                Rotated::Reused => Err("reused"),
                Rotated::Invalid => Err("invalid"),
            }
        }
    }

    fn token(text: &str) -> RefreshToken {
        RefreshToken::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_token_sent_again_within_30_seconds_has_the_same_successor() {
        let (_tables, sessions, first) = opened().await;
        let second = sessions.rotated(&first, at(100)).await.unwrap();
        for seconds in [100, 101, 130, 99] {
            let again = sessions.rotated(&first, at(seconds)).await;
            assert_eq!(again, Ok(second.clone()), "{seconds}");
        }
        // Being asked again makes it last no longer.
        let late = sessions.rotated(&first, at(131)).await;
        assert_eq!(late, Err("reused"));
    }

    #[tokio::test]
    async fn a_token_whose_successor_was_used_is_a_stolen_one() {
        let (_tables, sessions, first) = opened().await;
        let second = sessions.rotated(&first, at(100)).await.unwrap();
        let third = sessions.rotated(&token(&second), at(101)).await.unwrap();
        assert_ne!(third, second);
        let old = sessions.rotated(&first, at(102)).await;
        assert_eq!(old, Err("reused"));
        // The one before the current one is the predecessor now, and it alone.
        let again = sessions.rotated(&token(&second), at(131)).await;
        assert_eq!(again, Ok(third));
    }

    #[tokio::test]
    async fn processes_that_race_with_one_token_give_one_successor() {
        let (tables, _, first) = opened().await;
        let processes: Vec<Sessions<CustomerRealm>> = (0..8).map(|_| tables.open()).collect();
        let races = processes.iter().map(|it| it.rotated(&first, at(100)));
        let successors = futures_util::future::try_join_all(races).await.unwrap();
        assert!(successors.iter().all(|it| *it == successors[0]));
    }

    #[tokio::test]
    async fn a_token_is_not_good_after_its_session_nor_for_another() {
        let (_tables, sessions, first) = opened().await;
        let second = sessions.rotated(&first, at(86_390)).await.unwrap();
        for late in [&first, &token(&second)] {
            let late = sessions.rotated(late, at(86_400)).await;
            assert!(late.is_err());
        }
        let ended = sessions.rotated(&token(&second), at(86_400)).await;
        assert_eq!(ended, Err("invalid"));
        let mut guess = first.clone();
        guess.secret = [0; 48];
        assert_eq!(sessions.rotated(&guess, at(86_391)).await, Err("invalid"));
    }

    /// Opens a session with that number in its id, which ends then.
    async fn open(sessions: &Sessions<CustomerRealm>, ann: &User, number: u8, end: Timestamp) {
        let mut token = RefreshToken::first(ann.id.clone(), session_id(number)).unwrap();
        token.secret[0] = number;
        let new = sessions.put_new(ann, &token, None, at(0), end);
        let opened = Transaction::new().with((), new);
        opened.commit(sessions.client()).await.unwrap();
    }

    fn session_id(number: u8) -> SessionId {
        SessionId::parse(&format!("ses_01arz3ndektsv4rrffq69g5f{number:02}")).unwrap()
    }

    #[tokio::test]
    async fn a_new_session_displaces_all_but_the_nineteen_newest() {
        let tables = tables().await;
        let sessions: Sessions<CustomerRealm> = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let new = RefreshToken::first(ann.id.clone(), session_id(99)).unwrap();
        for number in 10..29 {
            open(&sessions, &ann, number, at(100)).await;
        }
        // One that has ended, and one that is opened at the same time.
        open(&sessions, &ann, 40, at(50)).await;
        open(&sessions, &ann, 99, at(100)).await;
        assert_eq!(sessions.displaced_by(&new, at(50)).await, []);
        open(&sessions, &ann, 29, at(100)).await;
        open(&sessions, &ann, 30, at(100)).await;
        let displaced = sessions.displaced_by(&new, at(50)).await;
        assert_eq!(displaced, [session_id(11), session_id(10)]);
        assert_eq!(sessions.displace(&ann.id, &displaced).await, 2);
        assert_eq!(sessions.displaced_by(&new, at(50)).await, []);
    }

    /// Sessions in a database that takes connections and says nothing.
    async fn silent(tables: &Tables) -> (tokio::net::TcpListener, Sessions<CustomerRealm>) {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let env = tables.env_with("AWS_ENDPOINT_URL_DYNAMODB", &url);
        (silent, Sessions::from_env(&env).unwrap())
    }

    #[tokio::test]
    async fn tidying_up_ends_in_time_to_answer() {
        let tables = tables().await;
        let (_silent, sessions) = silent(&tables).await;
        let ann = tables.customer().await;
        // Lambda ends the process half a second after the deadline.
        for (lambda, most) in [(700, 190), (10_000, 900), (500, 50), (0, 50)] {
            let deadline = Deadline::after(Duration::from_millis(lambda));
            let tidied = sessions.tidy_up(&ann, None, at(0), deadline);
            let tidied = tokio::time::timeout(Duration::from_millis(most), tidied).await;
            assert!(tidied.is_ok(), "{lambda}");
        }
    }

    #[tokio::test]
    async fn tidying_up_leaves_what_was_opened_afterwards_and_what_is_kept() {
        let (tables, sessions, _) = opened().await;
        let ann = tables.customer().await;
        let email = EmailAddress::parse("ben@example.com").unwrap();
        let mut user = User::new(email, "Ben", Role::Customer).unwrap();
        user.id = ann.user_id().clone();
        for (number, opened) in [(1, 0), (2, 0), (3, 1), (4, 2)] {
            let id = session_id(number);
            let token = RefreshToken::first(user.id.clone(), id).unwrap();
            let new = sessions.put_new(&user, &token, None, at(opened), at(100));
            let opened = Transaction::new().with((), new);
            opened.commit(sessions.client()).await.unwrap();
        }
        let deadline = Deadline::after(Duration::from_secs(10));
        let kept = session_id(2);
        sessions.tidy_up(&ann, Some(&kept), at(1), deadline).await;
        let ids = sessions.ids_of(&user.id);
        let left: Vec<SessionId> = read_all(&ids, |row| row.id("sessionId").map(Some))
            .await
            .unwrap();
        assert_eq!(left, [session_id(2), session_id(4)]);
    }

    #[tokio::test]
    async fn what_is_kept_does_not_yield_the_next_token() {
        let (tables, sessions, first) = opened().await;
        let second = sessions.rotated(&first, at(100)).await.unwrap();
        let key = key(&first.user_id, &first.session_id);
        let table = Table::from_env(&tables.env, "SESSIONS_TABLE").unwrap();
        let row = table.get(key).await.unwrap().unwrap();
        let row = ItemReader::from(&row);
        let nonce = Nonce::parse(row.text("nonce").unwrap()).unwrap();
        // All that is in the table, in place of the token that was presented.
        let mut dumped = first.clone();
        dumped.secret = [0; 48];
        assert_ne!(dumped.successor(&nonce).to_text(), second);
        // The old token with what may be read off it, in place of the nonce.
        let guessed = Nonce::parse(&first.hash()).unwrap();
        assert_ne!(first.successor(&guessed).to_text(), second);
        let secret = second.rsplit('.').next().unwrap();
        for name in ["tokenHash", "familyHash", "nonce"] {
            let kept = row.text(name).unwrap();
            assert!(!secret.contains(kept) && !second.contains(kept), "{name}");
        }
    }
}
