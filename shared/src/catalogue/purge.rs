//! Removing for good what was deleted.

use std::time::Duration;

use super::table::Products;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::retry_deadline;
use crate::http::Problem;
use crate::values::{Timestamp, clock};

/// How long a deleted product is kept: a purchase that was under way has ended by then, and so
/// have the caches that may show its pictures.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The part of an invocation's time in which no other removal begins.
const SPARE: Duration = Duration::from_secs(5);

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
    /// Removes what was deleted more than a day ago. Leaves the rest when its time is nearly up.
    ///
    /// # Errors
    /// When the table can't be reached; what is removed by then stays so.
    pub async fn purge(&self) -> Result<(), Problem> {
        self.purge_before(Timestamp::now().minus(KEPT)).await
    }

    async fn purge_before(&self, end: Timestamp) -> Result<(), Problem> {
        let deadline = retry_deadline();
        for id in self.products.deleted_before(end).await? {
            if deadline.is_some_and(|it| clock::monotonic() + SPARE > it) {
                break;
            }
            self.products.purge(&id).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::DeleteProduct;
    use crate::dynamodb::retrying_until;
    use crate::identity::{Role, super_admin_for_tests};
    use crate::testing::tables;

    #[tokio::test]
    async fn what_there_is_no_time_for_is_left_for_the_next_call() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        let id = tables.product(10).await;
        let (delete, purge): (DeleteProduct, PurgeProducts) = (tables.open(), tables.open());
        let deleted = delete.delete(&super_admin_for_tests(&sue), &id).await;
        deleted.unwrap();
        let later = Timestamp::now().plus(Duration::from_secs(60));
        let left = async || purge.products.deleted_before(later).await.unwrap();
        let in_time = async |time| {
            let purged = purge.purge_before(later);
            retrying_until(clock::monotonic() + time, purged).await
        };
        in_time(Duration::from_secs(1)).await.unwrap();
        assert_eq!(left().await, [id]);
        in_time(Duration::from_secs(60)).await.unwrap();
        assert_eq!(left().await, []);
    }
}
