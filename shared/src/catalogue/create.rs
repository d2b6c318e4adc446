//! Making a product.

use super::currency::currency;
use super::product::{Availability, Image, NewProduct, Product, StaffProduct};
use super::stock_table::Inventory;
use super::table::Products;
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Idempotent, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::Admin;
use crate::input::IdempotencyKey;
use crate::values::{Currency, ProductId, Timestamp};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-create-product";

/// Makes products.
#[derive(Clone)]
pub struct CreateProduct {
    products: Products,
    inventory: Inventory,
    currency: Currency,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

impl FromEnv for CreateProduct {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            currency: currency(env)?,
            keys: IdempotencyKeys::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl CreateProduct {
    /// Writes product and stock in one transaction. A request that is sent
    /// again under its key gets the product as it was made.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a price in another currency than the shop's;
    /// [`Problem::IdempotencyMismatch`] for a key that was used with another
    /// body.
    pub async fn create(
        &self,
        by: &Admin,
        key: Option<IdempotencyKey>,
        new: NewProduct,
    ) -> Result<Idempotent<StaffProduct>, Problem> {
        let request = key.map(|key| request(by, &key, &new));
        let stock = new.stock;
        let mut product = product(ProductId::generate()?, new, Vec::new(), Timestamp::now());
        let target = product.id.to_string();
        let record = Record::by(by, Action::ProductCreated, &target, Vec::new());
        match self.put(&product, stock, request.as_ref(), &[record]).await {
            Ok(()) => Ok(Idempotent::Created(product.for_staff(stock))),
            Err(refusal) => {
                let used = self.keys.used(request.as_ref(), refusal).await?;
                (product.id, product.created_at) = (used.made()?, used.created_at()?);
                Ok(Idempotent::Replayed(product.for_staff(stock)))
            }
        }
    }

    /// Makes a product under a given id and with pictures, without a record:
    /// for the demo shop, and for no function.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a price in another currency than the shop's.
    pub async fn insert(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
    ) -> Result<StaffProduct, Problem> {
        let stock = new.stock;
        let product = product(id, new, images, Timestamp::now());
        self.put(&product, stock, None, &[]).await?;
        Ok(product.for_staff(stock))
    }

    async fn put(
        &self,
        product: &Product,
        stock: u32,
        request: Option<&KeyedRequest>,
        records: &[Record<'_>],
    ) -> Result<(), Problem> {
        if product.price.currency() != self.currency {
            let currency = self.currency.as_str();
            let detail = format!("must be {currency}, the currency of this shop");
            return Err(Problem::invalid("/price/currency", detail));
        }
        let mut parts = Transaction::new()
            .with((), self.products.put_new(product))
            .with((), self.inventory.put_new(&product.id, stock));
        if let Some(request) = request {
            let (made, now) = (product.id.as_str(), product.created_at);
            parts = parts.with_key(|_| (), self.keys.put_new(request, made, now));
        }
        match self.audit.commit(parts, records).await? {
            Outcome::Committed => Ok(()),
            Outcome::Refused(_) => Err(Problem::unavailable("a new id or a key is in use")),
        }
    }
}

fn product(id: ProductId, new: NewProduct, images: Vec<Image>, now: Timestamp) -> Product {
    Product {
        id,
        name: new.name,
        description: new.description,
        price: new.price,
        category: new.category,
        status: new.status,
        availability: Availability::of(new.stock),
        images,
        version: 1,
        created_at: now,
    }
}

fn request(by: &Admin, key: &IdempotencyKey, new: &NewProduct) -> KeyedRequest {
    let (amount, stock) = (new.price.amount().to_string(), new.stock.to_string());
    let currency = new.price.currency();
    let body = [
        new.name.as_str(),
        &new.description,
        &amount,
        currency.as_str(),
        new.category.as_str(),
        new.status.into(),
        &stock,
    ];
    KeyedRequest::new(OPERATION, by, key, &body)
}
