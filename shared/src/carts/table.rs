//! The table `carts`: one row a line, so that parallel edits of two lines never
//! collide.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;

use super::cart::{CartLine, Quantity};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, SingleWrite, Table,
    WriteAction, is_condition_failed, number, read_all, text,
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
        let removed = self.table.delete(self.key(product)).commit().await;
        removed.map_err(AwsError::from)?;
        Ok(())
    }

    /// Sets a line's quantity. Returns whether this made the line: the row
    /// remembers which attempt made it, so that an attempt which the SDK sends
    /// again after a lost answer recognises its own line. A line that has
    /// expired and is still there is made anew.
    pub(super) async fn set(
        &self,
        product: &ProductId,
        quantity: Quantity,
    ) -> Result<bool, Problem> {
        let attempt = new_ulid()?;
        for _ in 0..2 {
            if let Some(made_by) = self.set_live(product, quantity, &attempt).await? {
                return Ok(made_by == attempt);
            }
            if self.replace_expired(product, quantity, &attempt).await? {
                return Ok(true);
            }
        }
        // It can't expire again at once: its end was moved 90 days on.
        Err(Problem::unavailable(
            "a line of a cart expires again and again",
        ))
    }

    /// Sets the quantity of a line that is there and has not expired, or makes
    /// it if there is none. Returns which attempt made it; `None`, and sets
    /// nothing, if it has expired.
    async fn set_live(
        &self,
        product: &ProductId,
        quantity: Quantity,
        attempt: &str,
    ) -> Result<Option<String>, Problem> {
        let set = self
            .set_line(product, quantity, attempt)
            .update_expression(
                "SET quantity = :quantity, expiresAt = :end, \
                 madeBy = if_not_exists(madeBy, :attempt)",
            )
            .condition_expression("attribute_not_exists(expiresAt) OR expiresAt > :now")
            .return_values(ReturnValue::AllNew)
            .commit()
            .await;
        match set {
            Ok(set) => {
                let row = set.attributes.unwrap_or_default();
                Ok(Some(ItemReader(&row).text("madeBy")?.to_owned()))
            }
            Err(error) if is_condition_failed(&error) => Ok(None),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }

    /// Makes a line anew in the place of one that has expired. Returns false,
    /// and sets nothing, if there is none.
    async fn replace_expired(
        &self,
        product: &ProductId,
        quantity: Quantity,
        attempt: &str,
    ) -> Result<bool, Problem> {
        let replaced = self
            .set_line(product, quantity, attempt)
            .update_expression("SET quantity = :quantity, expiresAt = :end, madeBy = :attempt")
            .condition_expression("expiresAt <= :now")
            .commit()
            .await;
        match replaced {
            Ok(_) => Ok(true),
            // Somebody else did, DynamoDB deleted it, or an answer was lost.
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }

    /// Begins the update of a line, with the values of its expressions.
    fn set_line(
        &self,
        product: &ProductId,
        quantity: Quantity,
        attempt: &str,
    ) -> UpdateItemFluentBuilder {
        let now = Timestamp::now();
        self.table
            .update(self.key(product))
            .expression_attribute_values(":quantity", number(quantity.get()))
            .expression_attribute_values(":end", number(now.plus(RETENTION).unix()))
            .expression_attribute_values(":attempt", text(attempt))
            .expression_attribute_values(":now", number(now.unix()))
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
