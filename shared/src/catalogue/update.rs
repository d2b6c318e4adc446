//! Changing a product.

use super::category_table::Categories;
use super::currency::{check_currency, currency};
use super::image::StaffImageUrls;
use super::product::{Product, ProductChange, StaffProduct};
use super::stock_table::Inventory;
use super::table::Products;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, IfMatch, Problem};
use crate::identity::Admin;
use crate::values::{Currency, ProductId};

/// Changes products.
#[derive(Clone)]
pub struct UpdateProduct {
    products: Products,
    inventory: Inventory,
    categories: Categories,
    currency: Currency,
    urls: StaffImageUrls,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Product,
    Category,
    OldCategory,
    Sku,
    OldSku,
}

impl FromEnv for UpdateProduct {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            categories: Categories::from_env(env)?,
            currency: currency(env)?,
            urls: StaffImageUrls::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl UpdateProduct {
    /// Changes what is given of a product, and leaves the rest and the pictures as they are.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a product that is absent or deleted; [`Problem::Invalid`] for
    /// a category that doesn't exist and a price in another currency than the shop's;
    /// [`Conflict::Stale`] for another version than the caller read, and if somebody changes the
    /// product at the same time; [`Conflict::SkuInUse`] for another product's code.
    pub async fn update(
        &self,
        by: &Admin,
        id: &ProductId,
        wanted: &ProductChange,
        read: IfMatch,
    ) -> Result<StaffProduct, Problem> {
        let (before, available) =
            tokio::try_join!(self.products.get(id), self.inventory.available(id))?;
        let before = before.ok_or(Problem::NotFound)?;
        let stale = |version: u64| version != before.version;
        if wanted.version.is_some_and(stale) || read.0.is_some_and(stale) {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        if let Some(price) = wanted.price {
            check_currency(price, self.currency)?;
        }
        let mut after = wanted.apply(&before);
        let changes = changes(&before, &after);
        if changes.is_empty() {
            return Ok(before.for_staff(available, &self.urls));
        }
        after.counted |= after.category != before.category;
        let record = Record::by(by, Action::ProductChanged, id.as_str(), changes);
        let parts = self.transaction(&before, &after);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => {
                after.version += 1;
                Ok(after.for_staff(available, &self.urls))
            }
            Outcome::Refused(parts) => Err(match parts.first() {
                Some(Part::Category) => Problem::invalid("/category", "names no category"),
                Some(Part::Sku) => Problem::Conflict(Conflict::SkuInUse),
                Some(Part::OldCategory | Part::OldSku) => {
                    Problem::internal("a product's category or code doesn't know it")
                }
                Some(Part::Product) | None => Problem::Conflict(Conflict::Stale),
            }),
        }
    }

    /// Makes the transaction. Of several conditions that don't hold, the first one counts.
    fn transaction(&self, before: &Product, after: &Product) -> Transaction<Part> {
        let mut parts = Transaction::new().with(Part::Product, self.products.change(before, after));
        if after.category != before.category {
            parts.push(Part::Category, self.categories.count(&after.category));
            if before.counted {
                let uncount = self.categories.uncount(&before.category);
                parts.push(Part::OldCategory, uncount);
            }
        }
        let (old, new) = (before.sku.as_ref(), after.sku.as_ref());
        if old.map(|it| it.folded()) != new.map(|it| it.folded()) {
            if let Some(new) = new {
                parts.push(Part::Sku, self.products.take_sku(new, &after.id));
            }
            if let Some(old) = old {
                parts.push(Part::OldSku, self.products.free_sku(old, &before.id));
            }
        }
        parts
    }
}

/// Names the fields in which two states of a product differ.
fn changes(before: &Product, after: &Product) -> Vec<Change> {
    let mut changes: Vec<Change> = [
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("price", before.price != after.price),
        ("category", before.category != after.category),
        ("sku", before.sku != after.sku),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| Change::of(field))
    .collect();
    if before.status != after.status {
        changes.push(Change::between("status", before.status, after.status));
    }
    changes
}
