//! Listing orders that were made before there was an index by status.

use super::table;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Table, Transaction};
use crate::http::Problem;

/// Fills the index by status: for an operator, and for no function.
#[derive(Clone)]
pub struct FillStatusIndex {
    table: Table,
}

impl FromEnv for FillStatusIndex {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "ORDERS_TABLE")?,
        })
    }
}

impl FillStatusIndex {
    /// Lists every order that isn't listed yet, and returns how many that were. It
    /// changes nothing that an order says, its version included, and may be
    /// repeated, or run while the shop is open.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if the table can't be read or written.
    pub async fn fill(&self) -> Result<u64, Problem> {
        let (mut listed, mut after) = (0, None);
        loop {
            let (rows, stopped) = table::scan_unlisted(&self.table, after).await?;
            for row in &rows {
                let parts = Transaction::new().with((), table::list_in_index(&self.table, row)?);
                match parts.commit(self.table.client()).await? {
                    Outcome::Committed => listed += 1,
                    // It came to another status meanwhile, and is listed.
                    Outcome::Refused(_) => {}
                }
            }
            after = stopped;
            if after.is_none() {
                return Ok(listed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{ItemBuilder, read_all, text};
    use crate::identity::Identity;
    use crate::testing::tables;

    #[tokio::test]
    async fn an_order_whose_status_changed_since_it_was_read_keeps_its_place() {
        let tables = tables().await;
        let (customer, product) = (tables.customer().await, tables.product(10).await);
        let order = tables.order(&customer, &product, 1).await;
        let index: FillStatusIndex = tables.open();
        // As if it had been made before the index, and read so.
        let key = table::key(&customer, order.order_id.as_str());
        let remove = index.table.update(key.clone());
        let remove = remove.update_expression("REMOVE statusShard").send();
        remove.await.unwrap();
        let (rows, _) = table::scan_unlisted(&index.table, None).await.unwrap();
        assert_eq!(rows.len(), 1);
        let moved = ItemBuilder::new()
            .text("status", "processing")
            .text("statusShard", "processing#0");
        tables
            .change("ORDERS_TABLE", key, moved.into_attributes())
            .await;
        let parts = Transaction::new();
        let parts = parts.with((), table::list_in_index(&index.table, &rows[0]).unwrap());
        let outcome = parts.commit(index.table.client()).await.unwrap();
        assert_eq!(outcome, Outcome::Refused(vec![()]));
        let query = index
            .table
            .query()
            .key_condition_expression("userId = :user");
        let user = text(customer.user_id().as_str());
        let query = query.expression_attribute_values(":user", user);
        let places: Vec<String> = read_all(&query, |row| {
            Ok(row.optional_text("statusShard")?.map(str::to_owned))
        })
        .await
        .unwrap();
        assert_eq!(places, ["processing#0"]);
        assert_eq!(index.fill().await.unwrap(), 0);
    }
}
