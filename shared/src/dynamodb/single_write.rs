//! Writes of one item. DynamoDB refuses one while a transaction with its item is under way, and the
//! SDK doesn't send it again.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};

use super::retry::Retries;

/// A write of one item that is ready to be sent.
pub(crate) trait SingleWrite {
    type Output;
    type Error;

    /// Writes it. While it meets a transaction it is sent again, until the time of the request is
    /// nearly up.
    async fn commit(self) -> Result<Self::Output, SdkError<Self::Error>>;
}

macro_rules! single_write {
    ($builder:ty, $output:ty, $error:ty) => {
        impl SingleWrite for $builder {
            type Output = $output;
            type Error = $error;

            async fn commit(self) -> Result<$output, SdkError<$error>> {
                let mut retries = Retries::of_request();
                loop {
                    let sent = Box::pin(self.clone().send()).await;
                    let conflicts = sent.as_ref().is_err_and(meets_transaction);
                    // Without random numbers it stays at what it has.
                    if !conflicts || !retries.wait().await.unwrap_or(false) {
                        return sent;
                    }
                }
            }
        }
    };
}

single_write!(PutItemFluentBuilder, PutItemOutput, PutItemError);
single_write!(UpdateItemFluentBuilder, UpdateItemOutput, UpdateItemError);
single_write!(DeleteItemFluentBuilder, DeleteItemOutput, DeleteItemError);

fn meets_transaction<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("TransactionConflictException")
}
