//! One published product.

use super::answer_cache::AnswerCache;
use super::image::ImageUrls;
use super::product::{ProductDetail, ProductStatus};
use super::stock_table::Inventory;
use super::table::Products;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Problem, Public};
use crate::values::ProductId;

/// The published products, one at a time and with their stock.
#[derive(Clone)]
pub struct PublishedProducts {
    products: Products,
    inventory: Inventory,
    urls: ImageUrls,
    pub(super) cache: AnswerCache<ProductId, ProductDetail>,
}

impl FromEnv for PublishedProducts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            urls: ImageUrls::from_env(env)?,
            cache: AnswerCache::from_env(env)?,
        })
    }

    async fn warm(&self) {
        // A product that nobody can have made, by the two calls that a request makes at
        // once: a read unit.
        if let Ok(id) = ProductId::generate() {
            let _ = self.read(&id).await;
        }
    }
}

impl PublishedProducts {
    /// Returns the product as it is or was a few seconds ago, if customers may see
    /// it.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for one that is absent or a draft.
    pub async fn get(&self, id: ProductId) -> Result<Public<ProductDetail>, Problem> {
        let vacant = match self.cache.get(id.clone()) {
            Ok(answer) => return Ok(answer),
            Err(vacant) => vacant,
        };
        let product = self.read(&id).await?;
        vacant.insert(&product)
    }

    async fn read(&self, id: &ProductId) -> Result<ProductDetail, Problem> {
        let (product, available) = tokio::try_join!(
            self.products.get_eventually(id),
            self.inventory.available(id)
        )?;
        let product = product
            .filter(|product| product.status == ProductStatus::Published)
            .ok_or(Problem::NotFound)?;
        Ok(product.detail(available, &self.urls))
    }
}
