//! Removing for good what was deleted.

use std::time::Duration;

use super::table::Products;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::Problem;
use crate::values::Timestamp;

/// How long a deleted product is kept: a purchase that was under way has ended by then, and so
/// have the caches that may show its pictures.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes products that were deleted.
#[derive(Clone)]
pub struct PurgeProducts {
    products: Products,
}

impl FromEnv for PurgeProducts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
        })
    }
}

impl PurgeProducts {
    /// Removes what was deleted more than a day ago.
    ///
    /// # Errors
    /// When the table can't be reached; what is removed by then stays so.
    pub async fn purge(&self) -> Result<(), Problem> {
        let end = Timestamp::now().minus(KEPT);
        for id in self.products.deleted_before(end).await? {
            self.products.purge(&id).await?;
        }
        Ok(())
    }
}
