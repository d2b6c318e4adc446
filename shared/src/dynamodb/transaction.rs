//! Writes that happen all or none: labelled actions, the one loop that sends
//! them, and the one reading of a cancellation.

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use super::error::DynamoDbError;
use super::retry::{MAX_RETRIES, backoff};
use crate::aws::AwsError;

/// One write of a transaction, made by the table it goes to.
pub(crate) struct WriteAction(Result<TransactWriteItem, AwsError>);

impl WriteAction {
    pub(super) fn of(built: Result<TransactWriteItem, BuildError>) -> Self {
        Self(built.map_err(AwsError::rejected))
    }
}

/// Actions that are applied together, each with a label that says what it
/// means if its condition does not hold.
pub(crate) struct Transaction<L> {
    actions: Vec<(Option<L>, WriteAction)>,
    token: Option<String>,
    deadline: Option<Instant>,
}

/// What came of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<L> {
    /// All of it was written.
    Committed,
    /// Nothing was written: the conditions of the actions with these labels
    /// did not hold.
    Refused(Vec<L>),
}

impl<L> Transaction<L> {
    pub(crate) fn new() -> Self {
        Self {
            actions: Vec::new(),
            token: None,
            deadline: None,
        }
    }

    /// Adds an action.
    pub(crate) fn with(mut self, label: L, action: WriteAction) -> Self {
        self.push(label, action);
        self
    }

    /// Adds an action.
    pub(crate) fn push(&mut self, label: L, action: WriteAction) {
        self.actions.push((Some(label), action));
    }

    /// Adds an action that is refused only if a random id collides; the commit
    /// then fails as [`AwsError::Unavailable`].
    pub(crate) fn push_unlabelled(&mut self, action: WriteAction) {
        self.actions.push((None, action));
    }

    /// Sends the transaction under this token, of at most 36 characters, by
    /// which DynamoDB applies it once however often it is sent, and sends it
    /// again, at most five times, until its outcome is known or the deadline is
    /// reached.
    pub(crate) fn until_known(mut self, token: String, deadline: Instant) -> Self {
        (self.token, self.deadline) = (Some(token), Some(deadline));
        self
    }

    /// Writes all of it or nothing.
    ///
    /// # Errors
    /// [`DynamoDbError::Call`] when it can't be written, or when its outcome is
    /// not known.
    pub(crate) async fn commit(self, client: &Client) -> Result<Outcome<L>, DynamoDbError> {
        let mut labels = Vec::with_capacity(self.actions.len());
        let mut items = Vec::with_capacity(self.actions.len());
        for (label, action) in self.actions {
            labels.push(label);
            items.push(action.0?);
        }
        let mut tried = 0;
        loop {
            let sent = client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .set_client_request_token(self.token.clone())
                .send();
            let sent = match self.deadline {
                None => Ok(sent.await),
                Some(deadline) => tokio::time::timeout_at(deadline.into(), sent).await,
            };
            let error = match sent {
                Ok(Ok(_)) => return Ok(Outcome::Committed),
                Ok(Err(error)) => match read(&error) {
                    Reading::Refused(places) => return refused(labels, &places),
                    Reading::Final => return Err(AwsError::rejected(error).into()),
                    Reading::Unknown if self.deadline.is_none() => {
                        return Err(AwsError::from(error).into());
                    }
                    Reading::Again | Reading::Unknown => AwsError::from(error),
                },
                Err(elapsed) => AwsError::unavailable(elapsed),
            };
            let pause = backoff(tried)?;
            tried += 1;
            let late = |deadline: Instant| Instant::now() + pause >= deadline;
            if tried > MAX_RETRIES || self.deadline.is_some_and(late) {
                return Err(error.into());
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// What a failed transaction means.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// The conditions of the actions at these places did not hold.
    Refused(Vec<usize>),
    /// It met another transaction or was throttled: nothing was written.
    Again,
    /// Throttled, still running, no answer, or an answer that does not say
    /// whether it was written.
    Unknown,
    /// DynamoDB does not take it as it is.
    Final,
}

fn read<R>(error: &SdkError<TransactWriteItemsError, R>) -> Reading {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            read_reasons(cancelled.cancellation_reasons())
        }
        Some(_) | None if crate::aws::is_rejected(error) => Reading::Final,
        Some(_) | None => Reading::Unknown,
    }
}

/// Reads the reasons of a cancellation, one for each action in order
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
fn read_reasons(reasons: &[CancellationReason]) -> Reading {
    let has = |codes: &[&str]| {
        let mut found = reasons.iter().filter_map(|reason| reason.code());
        found.any(|code| codes.contains(&code))
    };
    if has(&["ValidationError", "AccessDenied"]) {
        return Reading::Final;
    }
    let places: Vec<usize> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(place, _)| place)
        .collect();
    if places.is_empty() {
        return Reading::Again;
    }
    Reading::Refused(places)
}

fn refused<L>(labels: Vec<Option<L>>, places: &[usize]) -> Result<Outcome<L>, DynamoDbError> {
    let refused = labels
        .into_iter()
        .enumerate()
        .filter(|(place, _)| places.contains(place))
        .filter_map(|(_, label)| label);
    let refused: Vec<L> = refused.collect();
    if refused.is_empty() {
        return Err(AwsError::unavailable("a new id is taken").into());
    }
    Ok(Outcome::Refused(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str = "None";
    const FAILED: &str = "ConditionalCheckFailed";
    const CONFLICT: &str = "TransactionConflict";

    fn reading(codes: &[&str]) -> Reading {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        read_reasons(&codes.iter().map(reason).collect::<Vec<_>>())
    }

    #[test]
    fn every_condition_that_failed_is_named() {
        assert_eq!(
            reading(&[HELD, FAILED, HELD, FAILED]),
            Reading::Refused(vec![1, 3])
        );
        assert_eq!(reading(&[CONFLICT, FAILED]), Reading::Refused(vec![1]));
    }

    #[test]
    fn a_pure_conflict_or_throttling_is_tried_again() {
        assert_eq!(reading(&[HELD, CONFLICT]), Reading::Again);
        assert_eq!(
            reading(&[HELD, "ThrottlingError", CONFLICT]),
            Reading::Again
        );
    }

    #[test]
    fn what_dynamodb_does_not_take_is_not_sent_again() {
        assert_eq!(reading(&[FAILED, "ValidationError"]), Reading::Final);
        assert_eq!(reading(&[HELD, "AccessDenied"]), Reading::Final);
    }

    #[test]
    fn only_labelled_actions_are_refused() {
        let labels = || vec![Some("a"), None, Some("b")];
        let outcome = refused(labels(), &[1, 2]).unwrap();
        assert_eq!(outcome, Outcome::Refused(vec!["b"]));
        assert!(refused(labels(), &[1]).is_err());
    }
}
