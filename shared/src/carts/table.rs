//! The table `carts`: one row a line, so that parallel edits of two lines never
//! collide.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

use super::cart::{CartLine, Quantity};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, Table, WriteAction,
    number, read_all, text,
};
use crate::http::Problem;
use crate::identity::{Customer, Identity};
use crate::values::{ProductId, Timestamp, UserId, new_ulid};

/// How long a cart that nobody touches is kept.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Carts, each reached by its customer.
#[derive(Clone)]
pub struct Carts {
    table: Table,
}

impl FromEnv for Carts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "CARTS_TABLE")?,
        })
    }
}

impl Carts {
    /// Returns the customer's own cart.
    #[must_use]
    pub fn of<'a>(&'a self, customer: &'a Customer) -> CustomerCart<'a> {
        CustomerCart {
            table: &self.table,
            user_id: customer.user_id(),
        }
    }
}

/// One customer's cart.
pub struct CustomerCart<'a> {
    table: &'a Table,
    user_id: &'a UserId,
}

impl CustomerCart<'_> {
    /// Reads the lines as they now are.
    pub(crate) async fn lines(&self) -> Result<Vec<CartLine>, DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", text(self.user_id.as_str()))
            .consistent_read(true);
        let now = Timestamp::now().unix();
        let mut lines = Vec::new();
        for item in read_all(&rows).await? {
            // DynamoDB deletes late.
            if ItemReader(&item).number::<i64>("expiresAt")? > now {
                lines.push(read(&item)?);
            }
        }
        Ok(lines)
    }

    /// Removes a line. Removing one that is not there changes nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn remove(&self, product: &ProductId) -> Result<(), Problem> {
        let removed = self.table.delete(self.key(product)).send().await;
        removed.map_err(AwsError::from)?;
        Ok(())
    }

    /// Sets a line's quantity. Returns whether this made the line: the row
    /// remembers which attempt made it, so that an attempt which the SDK sends
    /// again after a lost answer recognises its own line.
    pub(super) async fn set(
        &self,
        product: &ProductId,
        quantity: Quantity,
    ) -> Result<bool, Problem> {
        let attempt = new_ulid()?;
        let set = self
            .table
            .update(self.key(product))
            .update_expression(
                "SET quantity = :quantity, expiresAt = :end, \
                 madeBy = if_not_exists(madeBy, :attempt)",
            )
            .expression_attribute_values(":quantity", number(quantity.get()))
            .expression_attribute_values(":end", number(Timestamp::now().plus(RETENTION).unix()))
            .expression_attribute_values(":attempt", text(&attempt))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(AwsError::from)?;
        let row = set.attributes.unwrap_or_default();
        Ok(ItemReader(&row).text("madeBy")? == attempt)
    }

    /// Returns the action that removes a line: refused if it is not as it was
    /// read.
    pub(crate) fn take(&self, line: &CartLine) -> WriteAction {
        let quantity = number(line.quantity.get());
        self.table
            .change(self.key(&line.product_id))
            .only_if("quantity", Comparison::Equal, quantity)
            .into_delete()
    }

    fn key(&self, product: &ProductId) -> Attributes {
        ItemBuilder::new()
            .text("userId", self.user_id.as_str())
            .text("productId", product.as_str())
            .into_attributes()
    }
}

fn read(item: &Attributes) -> Result<CartLine, Corrupt> {
    let item = ItemReader(item);
    let pieces = item.number("quantity")?;
    Ok(CartLine {
        product_id: item.id("productId")?,
        quantity: Quantity::new(pieces).ok_or(Corrupt::new("quantity"))?,
    })
}
