//! Writes that happen all or none: labelled actions, the one loop that sends
//! them, and the one reading of a cancellation.

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::error::DynamoDbError;
use super::item::Attributes;
use super::retry::Retries;
use crate::aws::AwsError;
use crate::values::new_ulid;

/// One write of a transaction, made by the table it goes to.
pub(crate) struct WriteAction {
    item: Result<TransactWriteItem, AwsError>,
    /// The moment until which it must be written.
    until: Option<Instant>,
}

impl WriteAction {
    pub(super) fn of(built: Result<TransactWriteItem, BuildError>) -> Self {
        Self {
            item: built.map_err(AwsError::rejected),
            until: None,
        }
    }

    /// Demands that it is written until a moment, if there is one.
    pub(super) fn until(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }
}

/// Actions that are applied together, each with a label that says what it
/// means if its condition does not hold.
pub(crate) struct Transaction<L> {
    actions: Vec<(Label<L>, WriteAction)>,
    token: Option<String>,
    deadline: Option<Instant>,
}

enum Label<L> {
    /// Refused only if a random id collides.
    None,
    Of(L),
    /// Made of the item that is in the way.
    OfItem(fn(Option<Attributes>) -> L),
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
        self.actions.push((Label::Of(label), action));
    }

    /// Adds an action that puts a new item, where one that is there explains
    /// whatever else fails: it is told at once, even if other actions conflict,
    /// and the label is made of it.
    pub(crate) fn with_key(
        mut self,
        label: fn(Option<Attributes>) -> L,
        mut action: WriteAction,
    ) -> Self {
        if let Ok(action) = &mut action.item
            && let Some(put) = &mut action.put
        {
            put.return_values_on_condition_check_failure =
                Some(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        self.actions.push((Label::OfItem(label), action));
        self
    }

    /// Adds an action that is refused only if a random id collides; the commit
    /// then fails as [`AwsError::Unavailable`].
    pub(crate) fn push_unlabelled(&mut self, action: WriteAction) {
        self.actions.push((Label::None, action));
    }

    /// Names the transaction by a token of at most 36 characters, under which
    /// DynamoDB applies it once however often it is sent; without this a
    /// random one.
    pub(crate) fn named(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// Sends the transaction again until this moment at most; without this
    /// until the time of the request is nearly up.
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Writes all of it or nothing. While it conflicts with others or is
    /// throttled it is sent again.
    ///
    /// # Errors
    /// [`DynamoDbError::Call`] when it can't be written, or when its outcome is
    /// not known.
    pub(crate) async fn commit(self, client: &Client) -> Result<Outcome<L>, DynamoDbError> {
        let mut labels = Vec::with_capacity(self.actions.len());
        let mut items = Vec::with_capacity(self.actions.len());
        let deadline = self.deadline.map(Retries::until);
        let mut retries = deadline.unwrap_or_else(Retries::of_request);
        for (label, action) in self.actions {
            labels.push(label);
            items.push(action.item?);
            if let Some(until) = action.until {
                retries.end_by(until);
            }
        }
        // Not left to the SDK, which makes another one for each sending.
        let token = match self.token {
            Some(token) => token,
            None => new_ulid()?,
        };
        loop {
            let sent = client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(&token);
            let sent = Box::pin(sent.send());
            let sent = tokio::time::timeout_at(retries.deadline().into(), sent).await;
            let (error, goes_on) = match sent {
                Ok(Ok(_)) => return Ok(Outcome::Committed),
                Ok(Err(error)) => match read(&error, &labels) {
                    Reading::Refused(failed) => return refused(labels, failed),
                    Reading::Final => return Err(AwsError::rejected(error).into()),
                    Reading::Again => (AwsError::unavailable(error), retries.wait().await?),
                    Reading::Unknown => (AwsError::from(error), retries.wait_unknown().await?),
                },
                Err(elapsed) => (AwsError::unavailable(elapsed), false),
            };
            if !goes_on {
                return Err(error.into());
            }
        }
    }
}

/// The place of an action whose condition did not hold, with the item that is
/// there, if that was asked for.
type Failed = (usize, Option<Attributes>);

/// What a failed transaction means.
#[derive(Debug, PartialEq)]
enum Reading {
    /// The conditions of these actions did not hold.
    Refused(Vec<Failed>),
    /// It met another transaction or was throttled, or is being done already.
    Again,
    /// Throttled, no answer, or an answer that does not say whether it was
    /// written.
    Unknown,
    /// DynamoDB does not take it as it is.
    Final,
}

fn read<R, L>(error: &SdkError<TransactWriteItemsError, R>, labels: &[Label<L>]) -> Reading {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            read_reasons(cancelled.cancellation_reasons(), labels)
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Reading::Again,
        Some(_) | None if crate::aws::is_rejected(error) => Reading::Final,
        Some(_) | None => Reading::Unknown,
    }
}

/// Reads the reasons of a cancellation, one for each action in order
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
///
/// Where one action conflicts or is throttled, nothing is known of the
/// transaction as a whole: what failed may be the other transaction's doing,
/// which may even be the same request sent before. So it is sent again.
fn read_reasons<L>(reasons: &[CancellationReason], labels: &[Label<L>]) -> Reading {
    if is_final(reasons) {
        return Reading::Final;
    }
    let failed = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(place, reason)| (place, reason.item().cloned()));
    let failed: Vec<Failed> = failed.collect();
    let is_key = |(place, _): &Failed| matches!(labels.get(*place), Some(Label::OfItem(_)));
    if !failed.is_empty() && (!is_contended(reasons) || failed.iter().any(is_key)) {
        return Reading::Refused(failed);
    }
    Reading::Again
}

/// Returns whether a transaction was cancelled for what is wrong with it.
pub(super) fn is_final(reasons: &[CancellationReason]) -> bool {
    let mut codes = reasons.iter().filter_map(CancellationReason::code);
    codes.any(|code| {
        matches!(
            code,
            "ValidationError" | "AccessDenied" | "ItemCollectionSizeLimitExceeded"
        )
    })
}

/// Returns whether some action met another transaction or was throttled.
fn is_contended(reasons: &[CancellationReason]) -> bool {
    let mut codes = reasons.iter().filter_map(CancellationReason::code);
    codes.any(|code| !matches!(code, "None" | "ConditionalCheckFailed"))
}

fn refused<L>(labels: Vec<Label<L>>, failed: Vec<Failed>) -> Result<Outcome<L>, DynamoDbError> {
    let mut failed = failed.into_iter().peekable();
    let mut refused = Vec::new();
    for (place, label) in labels.into_iter().enumerate() {
        let Some((_, item)) = failed.next_if(|(failed, _)| *failed == place) else {
            continue;
        };
        match label {
            Label::None => {}
            Label::Of(label) => refused.push(label),
            Label::OfItem(label) => refused.push(label(item)),
        }
    }
    if refused.is_empty() {
        return Err(AwsError::unavailable("a new id is taken").into());
    }
    Ok(Outcome::Refused(refused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::text;

    const HELD: &str = "None";
    const FAILED: &str = "ConditionalCheckFailed";
    const CONFLICT: &str = "TransactionConflict";
    const THROTTLED: &str = "ThrottlingError";

    /// Labels of a transaction whose first action puts a key.
    fn labels() -> Vec<Label<&'static str>> {
        let key: fn(Option<Attributes>) -> &'static str = |item| match item {
            Some(_) => "key with item",
            None => "key",
        };
        vec![
            Label::OfItem(key),
            Label::None,
            Label::Of("a"),
            Label::Of("b"),
        ]
    }

    fn reading(codes: &[&str]) -> Reading {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        read_reasons(&codes.iter().map(reason).collect::<Vec<_>>(), &labels())
    }

    fn at(places: &[usize]) -> Reading {
        Reading::Refused(places.iter().map(|place| (*place, None)).collect())
    }

    #[test]
    fn every_condition_that_failed_is_named() {
        assert_eq!(reading(&[HELD, FAILED, HELD, FAILED]), at(&[1, 3]));
        assert_eq!(reading(&[FAILED, HELD, FAILED, HELD]), at(&[0, 2]));
    }

    #[test]
    fn a_conflict_or_throttling_is_sent_again_whatever_else_failed() {
        assert_eq!(reading(&[HELD, HELD, CONFLICT, HELD]), Reading::Again);
        assert_eq!(reading(&[HELD, THROTTLED, CONFLICT]), Reading::Again);
        assert_eq!(reading(&[HELD, HELD, CONFLICT, FAILED]), Reading::Again);
        assert_eq!(reading(&[CONFLICT, HELD, FAILED, FAILED]), Reading::Again);
        assert_eq!(reading(&[HELD, CONFLICT, FAILED, HELD]), Reading::Again);
        assert_eq!(reading(&[THROTTLED, HELD, HELD, FAILED]), Reading::Again);
    }

    #[test]
    fn a_key_that_is_there_is_told_whatever_conflicts() {
        assert_eq!(reading(&[FAILED, HELD, CONFLICT, FAILED]), at(&[0, 3]));
        assert_eq!(reading(&[FAILED, CONFLICT, THROTTLED]), at(&[0]));
    }

    #[test]
    fn what_dynamodb_does_not_take_is_not_sent_again() {
        assert_eq!(reading(&[FAILED, "ValidationError"]), Reading::Final);
        assert_eq!(reading(&[HELD, "AccessDenied"]), Reading::Final);
    }

    #[test]
    fn only_labelled_actions_are_refused() {
        let outcome = refused(labels(), vec![(1, None), (3, None)]).unwrap();
        assert_eq!(outcome, Outcome::Refused(vec!["b"]));
        assert!(refused(labels(), vec![(1, None)]).is_err());
    }

    #[test]
    fn a_keys_label_is_made_of_the_item_that_is_there() {
        let item = Attributes::from([("k".to_owned(), text("v"))]);
        let outcome = refused(labels(), vec![(0, Some(item)), (2, None)]).unwrap();
        assert_eq!(outcome, Outcome::Refused(vec!["key with item", "a"]));
        let outcome = refused(labels(), vec![(0, None)]).unwrap();
        assert_eq!(outcome, Outcome::Refused(vec!["key"]));
    }
}
