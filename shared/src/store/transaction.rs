//! Several writes that happen all or none, for stores whose only question is
//! which condition did not hold. Checkout has more to ask and asks itself.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::problem::Problem;
use crate::store::{failed, pause};

/// How often writes that met others on their way are sent again.
const MAX_RETRIES: u32 = 5;

/// What came of a transaction.
pub(crate) enum Written {
    /// All of it was done.
    Done,
    /// None of it: the conditions of the actions at these places did not hold.
    Refused(Vec<usize>),
}

impl Written {
    /// Whether the action at that place was refused.
    pub(crate) fn refused(&self, place: usize) -> bool {
        match self {
            Self::Done => false,
            Self::Refused(places) => places.contains(&place),
        }
    }
}

/// Does all of it or none.
///
/// # Errors
/// When the tables can't be written.
pub(crate) async fn write_all(
    client: &Client,
    actions: Vec<TransactWriteItem>,
) -> Result<Written, Problem> {
    let mut tried = 0;
    loop {
        let sent = client
            .transact_write_items()
            .set_transact_items(Some(actions.clone()))
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(Written::Done),
            Err(error) => error,
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(failed(error));
        };
        let reasons = cancelled.cancellation_reasons().iter();
        let codes: Vec<&str> = reasons.filter_map(|reason| reason.code()).collect();
        let places = codes.iter().enumerate();
        let refused: Vec<usize> = places
            .filter(|(_, code)| **code == "ConditionalCheckFailed")
            .map(|(place, _)| place)
            .collect();
        if !refused.is_empty() {
            return Ok(Written::Refused(refused));
        }
        // Another transaction was at the same rows, or DynamoDB is busy.
        let passing =
            |code: &&str| matches!(*code, "None" | "TransactionConflict" | "ThrottlingError");
        if tried == MAX_RETRIES || !codes.iter().all(passing) {
            return Err(failed(error));
        }
        tokio::time::sleep(pause(tried)?).await;
        tried += 1;
    }
}
