//! Making a product.

use super::category_table::Categories;
use super::currency::{check_currency, currency};
use super::image::Image;
use super::movements_table::{Movement, MovementKind, Movements};
use super::product::{Availability, NewProduct, Product, StaffProduct};
use super::sku::Sku;
use super::stock_table::Inventory;
use super::table::Products;
use crate::audit::{Action, Actor, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Idempotent, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::{Admin, Identity};
use crate::input::IdempotencyKey;
use crate::values::{Currency, ProductId, Timestamp};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-create-product";

/// Makes products.
#[derive(Clone)]
pub struct CreateProduct {
    products: Products,
    inventory: Inventory,
    movements: Movements,
    categories: Categories,
    currency: Currency,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A new id or a key.
    Made,
    Category,
    Sku,
}

impl FromEnv for CreateProduct {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            movements: Movements::from_env(env)?,
            categories: Categories::from_env(env)?,
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
    /// [`Problem::Invalid`] for a price in another currency than the shop's and for a category
    /// that doesn't exist; [`Conflict::SkuInUse`] for another product's code;
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
        let by = by.user_id().as_str();
        let records = [record];
        let put = self.put(&product, stock, by, request.as_ref(), &records);
        match put.await {
            Ok(()) => Ok(Idempotent::Created(product.without_pictures(stock))),
            Err(refusal) => {
                let used = self.keys.used(request.as_ref(), refusal).await?;
                (product.id, product.created_at) = (used.made()?, used.created_at()?);
                Ok(Idempotent::Replayed(product.without_pictures(stock)))
            }
        }
    }

    /// Makes a product under a given id and with pictures, without a record:
    /// for the demo shop, and for no function.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a price in another currency than the shop's and for a category
    /// that doesn't exist.
    pub async fn insert(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
    ) -> Result<(), Problem> {
        let stock = new.stock;
        let product = product(id, new, images, Timestamp::now());
        let operator = Actor::Operator;
        self.put(&product, stock, operator.as_str(), None, &[])
            .await
    }

    async fn put(
        &self,
        product: &Product,
        stock: u32,
        by: &str,
        request: Option<&KeyedRequest>,
        records: &[Record<'_>],
    ) -> Result<(), Problem> {
        check_currency(product.price, self.currency)?;
        let movement = Movement {
            product: &product.id,
            kind: MovementKind::Initial,
            change: stock.into(),
            between: Some((0, stock)),
            by,
        };
        let mut parts = Transaction::new()
            .with(Part::Made, self.products.put_new(product))
            .with(Part::Made, self.inventory.put_new(&product.id, stock))
            .with(Part::Category, self.categories.count(&product.category));
        parts.push_unlabelled(self.movements.put_new(&movement)?);
        if let Some(sku) = &product.sku {
            parts.push(Part::Sku, self.products.take_sku(sku, &product.id));
        }
        if let Some(request) = request {
            let (made, now) = (product.id.as_str(), product.created_at);
            parts = parts.with_key(|_| Part::Made, self.keys.put_new(request, made, now));
        }
        match self.audit.commit(parts, records).await? {
            Outcome::Committed => Ok(()),
            Outcome::Refused(parts) if parts.contains(&Part::Made) => {
                Err(Problem::unavailable("a new id or a key is in use"))
            }
            Outcome::Refused(parts) if parts.contains(&Part::Category) => {
                Err(Problem::invalid("/category", "names no category"))
            }
            Outcome::Refused(_) => Err(Problem::Conflict(Conflict::SkuInUse)),
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
        sku: new.sku,
        counted: true,
        version: 1,
        created_at: now,
    }
}

fn request(by: &Admin, key: &IdempotencyKey, new: &NewProduct) -> KeyedRequest {
    let (amount, stock) = (new.price.amount().to_string(), new.stock.to_string());
    let currency = new.price.currency();
    let mut body = vec![
        new.name.as_str(),
        &new.description,
        &amount,
        currency.as_str(),
        new.category.as_str(),
        new.status.into(),
        &stock,
    ];
    // A key that was used before there were codes is the same.
    body.extend(new.sku.as_ref().map(Sku::as_str));
    KeyedRequest::new(OPERATION, by, key, &body)
}
