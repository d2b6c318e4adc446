//! One product as the staff see it.

use super::image::StaffImageUrls;
use super::product::StaffProduct;
use super::stock_table::Inventory;
use super::table::Products;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::Problem;
use crate::identity::Staff;
use crate::values::ProductId;

/// All products, drafts too, one at a time and with their stock.
#[derive(Clone)]
pub struct StaffProducts {
    products: Products,
    inventory: Inventory,
    urls: StaffImageUrls,
}

impl FromEnv for StaffProducts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            urls: StaffImageUrls::from_env(env)?,
        })
    }
}

impl StaffProducts {
    /// Returns a product as it now is.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for one that is absent or deleted.
    pub async fn get(&self, _by: &Staff, id: &ProductId) -> Result<StaffProduct, Problem> {
        let (product, available) =
            tokio::try_join!(self.products.get(id), self.inventory.available(id))?;
        let product = product.ok_or(Problem::NotFound)?;
        Ok(product.for_staff(available, &self.urls))
    }
}
