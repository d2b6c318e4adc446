//! The tables `sessions` and `staff-sessions`: who is signed in where.

use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::session::RefreshToken;
use super::successor::Nonce;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDb, DynamoDbError, ItemBuilder, ItemReader, SingleWrite,
    Table, WriteAction, is_condition_failed, number, read_all, text,
};
use crate::identity::{Identity, Realm, Role, User};
use crate::values::{SessionId, Timestamp, UserId};

/// For how long a used token is answered with its successor again, while that
/// is unused: an answer may be lost, and two tabs may ask at once.
const GRACE: Duration = Duration::from_secs(30);

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

    /// Ends every session of the caller, but for `kept`.
    pub(super) async fn end_all(
        &self,
        caller: &impl Identity<Realm = R>,
        kept: Option<&SessionId>,
    ) -> Result<(), DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("userId = :user")
            .projection_expression("userId, sessionId")
            .expression_attribute_values(":user", text(caller.user_id().as_str()))
            .consistent_read(true);
        for item in read_all(&rows).await? {
            let id = ItemReader(&item).text("sessionId")?;
            if kept.is_some_and(|kept| kept.as_str() == id) {
                continue;
            }
            let deleted = self.table.delete(item).commit().await;
            deleted.map_err(AwsError::from)?;
        }
        Ok(())
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
    let item = ItemReader(item);
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

fn key(user_id: &UserId, session_id: &SessionId) -> Attributes {
    ItemBuilder::new()
        .text("userId", user_id.as_str())
        .text("sessionId", session_id.as_str())
        .into_attributes()
}

fn read(item: &Attributes) -> Result<StoredSession, Corrupt> {
    let item = ItemReader(item);
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
    use crate::values::{EmailAddress, SessionId};

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

    #[tokio::test]
    async fn what_is_kept_does_not_yield_the_next_token() {
        let (tables, sessions, first) = opened().await;
        let second = sessions.rotated(&first, at(100)).await.unwrap();
        let key = key(&first.user_id, &first.session_id);
        let table = Table::from_env(&tables.env, "SESSIONS_TABLE").unwrap();
        let row = table.get(key).await.unwrap().unwrap();
        let row = ItemReader(&row);
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
