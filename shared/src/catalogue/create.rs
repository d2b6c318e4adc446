//! Making a product.

use super::currency::currency;
use super::product::{Availability, Image, NewProduct, Product, StaffProduct};
use super::stock_table::Inventory;
use super::table::Products;
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::Problem;
use crate::identity::Admin;
use crate::values::{Currency, ProductId, Timestamp};

/// Makes products.
#[derive(Clone)]
pub struct CreateProduct {
    products: Products,
    inventory: Inventory,
    currency: Currency,
    audit: AuditWriter,
}

impl FromEnv for CreateProduct {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            currency: currency(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl CreateProduct {
    /// Writes product and stock in one transaction.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a price in another currency than the shop's.
    pub async fn create(&self, by: &Admin, new: NewProduct) -> Result<StaffProduct, Problem> {
        let id = ProductId::generate()?;
        let target = id.to_string();
        let record = Record::by(by, Action::ProductCreated, &target, Vec::new());
        self.put(id, new, Vec::new(), &[record]).await
    }

    /// Makes a product under a given id and with pictures, without a record:
    /// for the demo shop, and for no function.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn insert(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
    ) -> Result<StaffProduct, Problem> {
        self.put(id, new, images, &[]).await
    }

    async fn put(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
        records: &[Record<'_>],
    ) -> Result<StaffProduct, Problem> {
        if new.price.currency() != self.currency {
            let currency = self.currency.as_str();
            let detail = format!("must be {currency}, the currency of this shop");
            return Err(Problem::invalid("/price/currency", detail));
        }
        let stock = new.stock;
        let product = Product {
            id,
            name: new.name,
            description: new.description,
            price: new.price,
            category: new.category,
            status: new.status,
            availability: Availability::of(stock),
            images,
            version: 1,
            created_at: Timestamp::now(),
        };
        let new = Transaction::new()
            .with((), self.products.put_new(&product))
            .with((), self.inventory.put_new(&product.id, stock));
        match self.audit.commit(new, records).await? {
            Outcome::Committed => Ok(product.for_staff(stock)),
            Outcome::Refused(_) => Err(Problem::internal("a new id is some product's")),
        }
    }
}
