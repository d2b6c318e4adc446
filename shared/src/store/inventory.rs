//! The table `inventory`: how many pieces of each product there are. Stock
//! goes down inside checkout's transaction and nowhere else.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::env::{Env, FromEnv, StartError};
use crate::ids::ProductId;
use crate::problem::Problem;
use crate::store::failed;
use crate::store::item::{Attributes, Item, Row, text};
use crate::store::products::keys_of;

/// The one stock row of a product. More rows would spread the writes of a
/// very hot one.
pub(crate) const BUCKET: &str = "0";

/// Stock by product.
#[derive(Clone)]
pub(crate) struct InventoryStore {
    client: Client,
    pub(crate) table: String,
}

/// A stock row as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock {
    pub(crate) available: u32,
    /// Counts the changes, so that of two labels the newer one wins.
    pub(crate) version: u64,
}

impl FromEnv for InventoryStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("INVENTORY_TABLE")?,
        })
    }
}

impl InventoryStore {
    /// How many pieces there are, over all stock rows.
    ///
    /// # Errors
    /// When the table can't be read.
    pub(crate) async fn available(&self, id: &ProductId) -> Result<u32, Problem> {
        let rows = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("productId = :id")
            .expression_attribute_values(":id", text(id.as_str()))
            .send()
            .await
            .map_err(failed)?;
        let mut available: u32 = 0;
        for item in rows.items() {
            available = available.saturating_add(read(item)?.1.available);
        }
        Ok(available)
    }

    /// The keys of stock rows for a consistent batch read.
    pub(crate) fn keys<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
    ) -> Result<Option<KeysAndAttributes>, Problem> {
        keys_of(ids.map(key), true)
    }
}

/// The key of a product's stock row.
pub(crate) fn key(id: &ProductId) -> Attributes {
    Item::new()
        .text("productId", id.as_str())
        .text("bucket", BUCKET)
        .into_attributes()
}

/// A new stock row.
pub(crate) fn stock_row(id: &ProductId, available: u32) -> Attributes {
    Item::new()
        .text("productId", id.as_str())
        .text("bucket", BUCKET)
        .number("available", available)
        .number("version", 1_u32)
        .into_attributes()
}

/// A stock row and whose it is.
pub(crate) fn read(item: &Attributes) -> Result<(ProductId, Stock), Problem> {
    let row = Row(item);
    let stock = Stock {
        available: row.number("available")?,
        version: row.number("version")?,
    };
    Ok((row.id("productId")?, stock))
}
