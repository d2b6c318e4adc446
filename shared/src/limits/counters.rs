//! The table `rate-limits`: how often something was done from an address, or
//! tried on an account, in the present window. All processes share the counts,
//! and none of them resets one by ending.

use aws_sdk_dynamodb::types::ReturnValue;

use super::address::Address;
use super::window::Window;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, DynamoDbError, ItemBuilder, ItemReader, SingleWrite, Table, is_condition_failed,
    number,
};
use crate::http::{Problem, Quota};
use crate::values::Timestamp;

/// The counters.
#[derive(Clone)]
pub(super) struct Counters {
    table: Table,
}

impl FromEnv for Counters {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "RATE_LIMITS_TABLE")?,
        })
    }
}

impl Counters {
    /// Counts one attempt from an address before it is checked.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] beyond the limit; [`Problem::Unavailable`] if
    /// it can't be counted, since what isn't counted can be repeated without end.
    pub(crate) async fn count(
        &self,
        name: &'static str,
        max: u32,
        address: &Address,
    ) -> Result<Quota, Problem> {
        let window = Window::at(Timestamp::now());
        let subject = format!("{name}#{address}#{}", window.number());
        match self.add(&subject, 1, max, window).await? {
            Some(used) => Ok(window.quota(max, used)),
            None => Err(Problem::RateLimited {
                limit: name,
                quota: window.quota(max, max),
            }),
        }
    }

    /// Adds to a counter and returns its new value; `None` if that would take
    /// it past `max`, and then nothing is added. Adding nothing is the same work.
    pub(super) async fn add(
        &self,
        subject: &str,
        more: u32,
        max: u32,
        window: Window,
    ) -> Result<Option<u32>, DynamoDbError> {
        let added = self
            .table
            .update(key(subject))
            .update_expression("ADD used :more SET expiresAt = :end")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":more", number(more))
            .expression_attribute_values(":room", number(i64::from(max) - i64::from(more)))
            .expression_attribute_values(":end", number(window.expires(Timestamp::now()).unix()))
            .return_values(ReturnValue::UpdatedNew)
            .commit()
            .await;
        match added {
            Ok(added) => {
                let row = added.attributes.unwrap_or_default();
                Ok(Some(ItemReader::from(&row).number("used")?))
            }
            Err(error) if is_condition_failed(&error) => Ok(None),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }

    /// Keeps a row that counts nothing until then.
    pub(super) async fn keep_until(&self, subject: &str, end: Timestamp) -> Result<(), AwsError> {
        self.table
            .update(key(subject))
            .update_expression("SET expiresAt = :end")
            .expression_attribute_values(":end", number(end.unix()))
            .commit()
            .await?;
        Ok(())
    }

    /// Returns until when a row is kept, in seconds since 1970, as it is or was
    /// a moment ago.
    pub(super) async fn end(&self, subject: &str) -> Result<Option<i64>, DynamoDbError> {
        match self.table.get_eventually(key(subject)).await? {
            Some(row) => Ok(Some(ItemReader::from(&row).number("expiresAt")?)),
            None => Ok(None),
        }
    }

    /// Takes one off a counter that is above zero.
    pub(super) async fn take_back(&self, subject: &str) -> Result<(), AwsError> {
        self.table
            .update(key(subject))
            .update_expression("ADD used :less")
            .condition_expression("used > :none")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":none", number(0))
            .commit()
            .await?;
        Ok(())
    }
}

fn key(subject: &str) -> Attributes {
    ItemBuilder::new()
        .text("subject", subject)
        .into_attributes()
}
