//! Products and stock read in one batch, for carts and checkout: what can be bought, what
//! is short, and which labels are out of date.

use super::product::{Availability, LOW_STOCK, Product};
use super::stock_table::{self, Inventory, Stock};
use super::table::{self, Products};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{BatchGet, DynamoDbError, WriteAction};
use crate::values::ProductId;

/// What is on offer: products with their stock.
#[derive(Clone)]
pub(crate) struct Offers {
    products: Products,
    inventory: Inventory,
}

/// Products and their stock as they were read.
#[derive(Default)]
pub(crate) struct Offer {
    products: Vec<Product>,
    stock: Vec<(ProductId, Stock)>,
}

impl FromEnv for Offers {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
        })
    }
}

impl Offers {
    /// Reads up to 50 products and their stock as they now are.
    pub(crate) async fn get<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId> + Clone,
    ) -> Result<Offer, DynamoDbError> {
        let (products, inventory) = (&self.products.table, &self.inventory.table);
        let batch = BatchGet::default()
            .with(products, ids.clone().map(table::key))
            .with(inventory, ids.map(stock_table::key));
        self.read(batch).await
    }

    /// Reads up to 50 products as they now are, so that none shows which was deleted, and their
    /// stock as it is or was a moment ago.
    pub(crate) async fn get_to_show<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId> + Clone,
    ) -> Result<Offer, DynamoDbError> {
        let (products, inventory) = (&self.products.table, &self.inventory.table);
        let batch = BatchGet::default()
            .with(products, ids.clone().map(table::key))
            .with_eventually(inventory, ids.map(stock_table::key));
        self.read(batch).await
    }

    async fn read(&self, batch: BatchGet) -> Result<Offer, DynamoDbError> {
        let products = &self.products.table;
        let mut offer = Offer::default();
        for (table, item) in batch.read(products.client()).await? {
            if table == products.name() {
                offer.products.extend(table::read(&item)?);
            } else {
                offer.stock.push(stock_table::read(&item)?);
            }
        }
        Ok(offer)
    }

    /// Returns the action that takes pieces off the stock: refused if there are
    /// fewer.
    pub(crate) fn take_stock(&self, id: &ProductId, pieces: u32) -> WriteAction {
        self.inventory.take(id, pieces)
    }

    /// Returns the action that checks that a product is as it was read.
    pub(crate) fn check_unchanged(&self, product: &Product) -> WriteAction {
        self.products.check_unchanged(product)
    }

    /// Returns the action that puts pieces of a cancelled order back.
    pub(crate) fn return_to_stock(&self, id: &ProductId, pieces: u32) -> WriteAction {
        self.inventory.return_to_stock(id, pieces)
    }

    /// Sets the label of a product, unless that of a newer stock is there.
    pub(super) async fn set_availability(
        &self,
        id: &ProductId,
        label: Availability,
        stock_version: u64,
    ) -> Result<(), AwsError> {
        self.products
            .set_availability(id, label, stock_version)
            .await
    }
}

impl Offer {
    /// Returns the product of that id, if customers may buy it.
    pub(crate) fn on_sale(&self, id: &ProductId) -> Option<&Product> {
        Product::on_sale(&self.products, id)
    }

    /// Returns the products whose label is not what the stock says, each with the label that is,
    /// and the version of that stock.
    pub(super) fn outdated(&self) -> impl Iterator<Item = (&ProductId, Availability, u64)> {
        self.products.iter().filter_map(|product| {
            let stock = self.stock_of(&product.id)?;
            let label = Availability::of(stock.available);
            (label != product.availability).then_some((&product.id, label, stock.version))
        })
    }

    /// Returns the stock of a product, if it was found.
    pub(super) fn stock_of(&self, id: &ProductId) -> Option<Stock> {
        let found = self.stock.iter().find(|(of, _)| of == id);
        found.map(|(_, stock)| *stock)
    }

    /// Returns how much of a product there is, as a word.
    pub(crate) fn availability(&self, id: &ProductId) -> Availability {
        let stock = self.stock_of(id);
        Availability::of(stock.map_or(0, |stock| stock.available))
    }

    /// Returns whether there are so many pieces of a product.
    pub(crate) fn has(&self, id: &ProductId, pieces: u32) -> bool {
        self.stock_of(id)
            .is_some_and(|stock| stock.available >= pieces)
    }

    /// Returns whether a product is low in stock once so many pieces are gone.
    pub(crate) fn is_low_without(&self, id: &ProductId, pieces: u32) -> bool {
        let stock = self.stock_of(id);
        stock.map_or(0, |it| it.available.saturating_sub(pieces)) <= LOW_STOCK
    }
}
