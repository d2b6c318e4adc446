//! The table `inventory`: how many pieces of each product there are. Stock goes
//! down inside checkout's transaction and nowhere else.

use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, DynamoDbError, ItemBuilder, ItemReader, Table, WriteAction, number,
    read_all, text,
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
