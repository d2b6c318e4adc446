//! The table `inventory`: how many pieces of each product there are. It changes inside
//! transactions alone: a sale's, a cancelled order's, and the staff's, which write a movement.

use super::product::MAX_STOCK;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, BatchGet, Comparison, DynamoDbError, ItemBuilder, ItemReader, Table, WriteAction,
    number, read_all, text,
};
use crate::values::ProductId;

/// The one stock row of a product. More rows would spread the writes of a very
/// popular one.
const BUCKET: &str = "0";

/// Stock by product.
#[derive(Clone)]
pub(crate) struct Inventory {
    pub(super) table: Table,
}

/// The stock of a product as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock {
    pub(crate) available: u32,
    /// Counts the changes, so that of two labels the newer one stays.
    pub(crate) version: u64,
}

impl FromEnv for Inventory {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "INVENTORY_TABLE")?,
        })
    }
}

impl Inventory {
    /// Returns how many pieces there are, over all stock rows.
    pub(crate) async fn available(&self, id: &ProductId) -> Result<u32, DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("productId = :id")
            .expression_attribute_values(":id", text(id.as_str()));
        let stock: Vec<u32> = read_all(&rows, |row| row.number("available").map(Some)).await?;
        Ok(stock.into_iter().fold(0, u32::saturating_add))
    }

    /// Reads the stock row of a product as it now is.
    pub(super) async fn get(&self, id: &ProductId) -> Result<Option<Stock>, DynamoDbError> {
        let found = self.table.get(key(id)).await?;
        let read = found.as_ref().map(read).transpose()?;
        Ok(read.map(|(_, stock)| stock))
    }

    /// Reads the stock of up to 100 products as it now is, in no order.
    pub(super) async fn get_all<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
    ) -> Result<Vec<(ProductId, Stock)>, DynamoDbError> {
        let batch = BatchGet::default().with(&self.table, ids.map(key));
        let items = batch.read(self.table.client()).await?;
        let stock = items.iter().map(|(_, item)| read(item));
        stock.collect()
    }

    /// Returns the action that sets how many pieces there are: refused if that changed since
    /// it was read.
    pub(super) fn set(&self, id: &ProductId, before: Stock, available: u32) -> WriteAction {
        self.table
            .change(key(id))
            .set("available", number(available))
            .add("version", 1)
            .only_if("version", Comparison::Equal, number(before.version))
            .into_update()
    }

    /// Returns the action that changes how many pieces there are by a difference: refused if
    /// there would be fewer than none, or more than the shop keeps account of.
    pub(super) fn adjust(&self, id: &ProductId, by: i32) -> WriteAction {
        let change = self
            .table
            .change(key(id))
            .add("available", by.into())
            .add("version", 1);
        let change = match by < 0 {
            true => change.only_if("available", Comparison::AtLeast, number(by.unsigned_abs())),
            false => {
                let most = MAX_STOCK.saturating_sub(by.unsigned_abs());
                change.only_if("available", Comparison::AtMost, number(most))
            }
        };
        change.into_update()
    }

    /// Returns the action that puts pieces of a cancelled order back, whatever the maximum
    /// is: they are there. Refused only if the product never had stock; that of a deleted
    /// product is still kept.
    pub(crate) fn return_to_stock(&self, id: &ProductId, pieces: u32) -> WriteAction {
        self.table
            .change(key(id))
            .add("available", i64::from(pieces))
            .add("version", 1)
            .only_if_exists("available")
            .into_update()
    }

    /// Returns the action that puts the stock of a new product.
    pub(super) fn put_new(&self, id: &ProductId, available: u32) -> WriteAction {
        let item = ItemBuilder::new()
            .text("productId", id.as_str())
            .text("bucket", BUCKET)
            .number("available", available)
            .number("version", 1_u32);
        self.table.put_new(item, "productId")
    }

    /// Returns the action that takes pieces: refused if there are fewer.
    pub(crate) fn take(&self, id: &ProductId, pieces: u32) -> WriteAction {
        self.table
            .change(key(id))
            .add("available", -i64::from(pieces))
            .add("version", 1)
            .only_if("available", Comparison::AtLeast, number(pieces))
            .into_update()
    }
}

pub(super) fn key(id: &ProductId) -> Attributes {
    let key = ItemBuilder::new()
        .text("productId", id.as_str())
        .text("bucket", BUCKET);
    key.into_attributes()
}

/// Reads a stock row, and whose it is.
pub(super) fn read(item: &Attributes) -> Result<(ProductId, Stock), DynamoDbError> {
    let item = ItemReader::from(item);
    let stock = Stock {
        available: item.number("available")?,
        version: item.number("version")?,
    };
    Ok((item.id("productId")?, stock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Outcome, Transaction};
    use crate::testing::tables;

    #[tokio::test]
    async fn what_is_returned_is_in_stock_again_and_the_row_is_a_newer_one() {
        let tables = tables().await;
        let id = tables.product(10).await;
        let inventory: Inventory = tables.open();
        let commit = async |action| {
            let transaction = Transaction::new().with((), action);
            let client = inventory.table.client();
            transaction.commit(client).await.unwrap()
        };
        assert_eq!(commit(inventory.take(&id, 4)).await, Outcome::Committed);
        let returned = inventory.return_to_stock(&id, 4);
        assert_eq!(commit(returned).await, Outcome::Committed);
        let row = inventory.table.get(key(&id)).await.unwrap().unwrap();
        let (_, stock) = read(&row).unwrap();
        assert_eq!((stock.available, stock.version), (10, 3));
        let unknown = ProductId::generate().unwrap();
        let returned = inventory.return_to_stock(&unknown, 4);
        assert_eq!(commit(returned).await, Outcome::Refused(vec![()]));
    }
}
