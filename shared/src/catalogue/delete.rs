//! Deleting a product.

use super::category_table::Categories;
use super::product::Product;
use super::table::{Products, Stored};
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::Problem;
use crate::identity::SuperAdmin;
use crate::values::{ProductId, Timestamp};

/// How often a product is read anew that somebody changes at the same time.
const MAX_TRIES: u32 = 5;

/// Deletes products.
#[derive(Clone)]
pub struct DeleteProduct {
    products: Products,
    categories: Categories,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Product,
    Other,
}

impl FromEnv for DeleteProduct {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            categories: Categories::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl DeleteProduct {
    /// Deletes a product: nobody finds, buys or changes it any more. Its row stays for a day, so
    /// that deleting it again is answered in the same way, and its stock for orders that are
    /// cancelled later.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for one that is absent or purged.
    pub async fn delete(&self, by: &SuperAdmin, id: &ProductId) -> Result<(), Problem> {
        for _ in 0..MAX_TRIES {
            let product = match self.products.stored(id).await? {
                Stored::Live(product) => product,
                Stored::Deleted => return Ok(()),
                Stored::Absent => return Err(Problem::NotFound),
            };
            let record = Record::by(by, Action::ProductDeleted, id.as_str(), Vec::new());
            let parts = self.transaction(&product);
            match self.audit.commit(parts, &[record]).await? {
                Outcome::Committed => return Ok(()),
                // Changed since, or deleted by somebody else.
                Outcome::Refused(parts) if parts.contains(&Part::Product) => {}
                Outcome::Refused(_) => {
                    let fault = "a product's category or code doesn't know it";
                    return Err(Problem::internal(fault));
                }
            }
        }
        Err(Problem::unavailable("a product changes again and again"))
    }

    fn transaction(&self, product: &Product) -> Transaction<Part> {
        let delete = self.products.delete(product, Timestamp::now());
        let mut parts = Transaction::new().with(Part::Product, delete);
        if product.counted {
            parts.push(Part::Other, self.categories.uncount(&product.category));
        }
        if let Some(sku) = &product.sku {
            parts.push(Part::Other, self.products.free_sku(sku, &product.id));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::catalogue::stock_table::Inventory;
    use crate::dynamodb::Transaction;
    use crate::identity::{Role, super_admin_for_tests};
    use crate::testing::tables;

    #[tokio::test]
    async fn what_was_deleted_is_absent_for_readers_and_purged_once() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        let by = super_admin_for_tests(&sue);
        let (id, kept) = (tables.product(10).await, tables.product(10).await);
        let (products, delete): (Products, DeleteProduct) = (tables.open(), tables.open());
        delete.delete(&by, &id).await.unwrap();
        delete.delete(&by, &id).await.unwrap();
        assert!(products.get(&id).await.unwrap().is_none());
        assert!(products.get_eventually(&id).await.unwrap().is_none());
        let both = [&id, &kept];
        let read = products.get_all_consistent(both.into_iter()).await.unwrap();
        assert_eq!(read.first().unwrap().id, kept);

        let now = Timestamp::now();
        let later = now.plus(Duration::from_secs(60));
        let day_ago = Timestamp::from_unix(now.unix() - 86_400).unwrap();
        assert_eq!(products.deleted_before(day_ago).await.unwrap(), []);
        let deleted = products.deleted_before(later).await.unwrap();
        assert_eq!(deleted, std::slice::from_ref(&id));
        products.purge(&kept).await.unwrap();
        assert!(products.get(&kept).await.unwrap().is_some());
        for _ in 0..2 {
            products.purge(&id).await.unwrap();
        }
        assert_eq!(products.deleted_before(later).await.unwrap(), []);
        let gone = delete.delete(&by, &id).await;
        assert!(matches!(gone, Err(Problem::NotFound)), "{gone:?}");
    }

    #[tokio::test]
    async fn the_stock_of_a_deleted_product_takes_what_an_order_returns() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        let id = tables.product(10).await;
        let delete: DeleteProduct = tables.open();
        delete
            .delete(&super_admin_for_tests(&sue), &id)
            .await
            .unwrap();
        let inventory: Inventory = tables.open();
        let returned = Transaction::new().with((), inventory.return_to_stock(&id, 2));
        returned.commit(inventory.table.client()).await.unwrap();
        assert_eq!(tables.stock(&id).await, 12);
    }
}
