//! Having the files of products' pictures shown or hidden anew, by `sync-images`: for what that
//! failed on so long ago that the stream's record of it is gone.

use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::Products;
use crate::http::Problem;
use crate::values::{PathId, ProductId};

/// Has `sync-images` look at products once more: for an operator, and for no function. Nothing is
/// done here but that the products' stream tells of them: who shows and hides files at another
/// time than that function could show a draft.
#[derive(Clone)]
pub struct ResyncPictures {
    products: Products,
}

impl FromEnv for ResyncPictures {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
        })
    }
}

impl ResyncPictures {
    /// Does so for the product of this id. Returns false if there is none.
    ///
    /// # Errors
    /// When the table can't be reached.
    pub async fn one(&self, id: &str) -> Result<bool, Problem> {
        match ProductId::parse(id) {
            Some(product) => Ok(self.products.touch_images(&product).await?),
            None => Ok(false),
        }
    }

    /// Does so for every product that has pictures, and returns how many these are. It may be
    /// done again, also after it was cut short.
    ///
    /// # Errors
    /// When the table can't be reached; products that were touched by then stay so.
    pub async fn all(&self) -> Result<u32, Problem> {
        let (mut touched, mut after) = (0, None);
        loop {
            let (products, last) = self.products.with_pictures(after).await?;
            for product in &products {
                touched += u32::from(self.products.touch_images(product).await?);
            }
            after = last;
            if after.is_none() {
                return Ok(touched);
            }
        }
    }
}
