//! Items that are read together as they are at one moment: all before a transaction, or all after
//! it.

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{Get, TransactGetItem};

use super::error::DynamoDbError;
use super::item::Attributes;
use super::retry::Retries;
use super::table::Table;
use super::transaction::is_final;
use crate::aws::AwsError;

/// Keys of items that are read in one transaction: at most 100. It costs twice what plain
/// consistent reads cost; what it is for is that a transaction under way is never half seen, and
/// never overlooked.
#[derive(Default)]
pub(crate) struct TransactGet {
    items: Vec<Result<TransactGetItem, AwsError>>,
    deadline: Option<Instant>,
}

impl TransactGet {
    /// Adds an item.
    pub(crate) fn with(mut self, table: &Table, key: Attributes) -> Self {
        let get = Get::builder().table_name(table.name()).set_key(Some(key));
        let get = get.build().map_err(AwsError::rejected);
        let item = get.map(|get| TransactGetItem::builder().get(get).build());
        self.items.push(item);
        self
    }

    /// Asks again until this moment at most; without this until the time of the request is nearly
    /// up.
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Reads the items, in the order in which they were added; `None` for one that is not there.
    /// While a transaction with one of them is under way, it is asked again.
    ///
    /// # Errors
    /// [`AwsError::Unavailable`] if that goes on until the time is nearly up.
    pub(crate) async fn read(
        self,
        client: &Client,
    ) -> Result<Vec<Option<Attributes>>, DynamoDbError> {
        let items = self.items.into_iter().collect::<Result<Vec<_>, _>>()?;
        let deadline = self.deadline.map(Retries::until);
        let mut retries = deadline.unwrap_or_else(Retries::of_request);
        loop {
            let sent = client
                .transact_get_items()
                .set_transact_items(Some(items.clone()));
            let sent = Box::pin(sent.send());
            let sent = tokio::time::timeout_at(retries.deadline().into(), sent).await;
            let (error, goes_on) = match sent {
                Ok(Ok(found)) => {
                    let found = found.responses.unwrap_or_default();
                    if found.len() != items.len() {
                        let error = AwsError::unavailable("DynamoDB answered other items");
                        return Err(error.into());
                    }
                    return Ok(found.into_iter().map(|found| found.item).collect());
                }
                Ok(Err(error)) => match error.as_service_error() {
                    Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                        if is_final(cancelled.cancellation_reasons()) {
                            return Err(AwsError::rejected(error).into());
                        }
                        (AwsError::unavailable(error), retries.wait().await?)
                    }
                    Some(_) | None if crate::aws::is_rejected(&error) => {
                        return Err(AwsError::rejected(error).into());
                    }
                    Some(_) | None => (AwsError::from(error), retries.wait_unknown().await?),
                },
                Err(elapsed) => (AwsError::unavailable(elapsed), false),
            };
            if !goes_on {
                return Err(error.into());
            }
        }
    }
}
