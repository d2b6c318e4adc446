//! Everybody's orders, for the staff: one, or a list.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::order::OrderFilter;
use super::staff_order::{StaffOrder, StaffOrderPage, StaffOrderSummary};
use super::table;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    DynamoDbError, ItemBuilder, ItemReader, PageQuery, QueryFluentBuilder, Table,
};
use crate::http::{PageRequest, Problem};
use crate::identity::{Cursors, NamesCustomer, Staff, StaffRealm};
use crate::values::{OrderId, UserId};

/// How many partitions of the index are read at once.
const MAX_AT_ONCE: usize = 8;

/// Orders of all customers, reached by one of the staff.
///
/// A bare id opens nothing:
/// ```compile_fail,E0308
/// use shared::orders::StaffOrders;
/// use shared::values::{OrderId, UserId};
/// fn peep(orders: &StaffOrders, somebody: &UserId, id: &OrderId) {
///     let _ = orders.get(somebody, somebody, id);
/// }
/// ```
/// one of the staff does:
/// ```
/// use shared::identity::Staff;
/// use shared::orders::StaffOrders;
/// use shared::values::{OrderId, UserId};
/// fn look(orders: &StaffOrders, staff: &Staff, whose: &UserId, id: &OrderId) {
///     let _ = orders.get(staff, whose, id);
/// }
/// ```
#[derive(Clone)]
pub struct StaffOrders {
    table: Table,
    cursors: Cursors<StaffRealm>,
}

impl FromEnv for StaffOrders {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "ORDERS_TABLE")?,
            cursors: Cursors::from_env(env)?,
        })
    }
}

impl StaffOrders {
    /// Returns an order as it now is, with its notes.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if this customer has no such order.
    pub async fn get(
        &self,
        by: &Staff,
        user_id: &UserId,
        id: &OrderId,
    ) -> Result<StaffOrder, Problem> {
        let key = table::key(&by.serving(user_id), id.as_str());
        let item = self.table.get(key).await?.ok_or(Problem::NotFound)?;
        Ok(table::read_for_staff((&item).into())?)
    }

    /// Returns one page of all orders, or of those of a status, the newest first.
    ///
    /// An order that comes to another status meanwhile keeps its place. The
    /// index that is read is behind the table by a moment: in it such an order
    /// may be missing, or stand twice, of which one is listed.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        _by: &Staff,
        filter: OrderFilter,
        page: &PageRequest,
    ) -> Result<StaffOrderPage, Problem> {
        let status: Option<&str> = filter.status.map(Into::into);
        let list = format!("all orders {}", status.unwrap_or_default());
        let after = self.cursors.open(&list, page.cursor.as_deref()).await?;
        let before = match &after {
            None => None,
            Some(last) => Some(ItemReader::from(last).id("orderId")?),
        };
        let limit = usize::from(page.limit);
        let mut items = self.newest(filter, before.as_ref(), page.limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(|last| {
            let position = ItemBuilder::new().text("orderId", last.order_id.as_str());
            position.into_attributes()
        });
        Ok(StaffOrderPage {
            next_cursor: self.cursors.seal(&list, last.as_ref()).await?,
            items,
        })
    }

    /// Returns whose an order is, if there is one. The index that is read is behind
    /// the table by a moment.
    pub(crate) async fn owner(
        &self,
        _by: &Staff,
        id: &OrderId,
    ) -> Result<Option<UserId>, DynamoDbError> {
        let found = read_each(table::queries_of(&self.table, id), 1).await?;
        Ok(found.into_iter().next().map(|order| order.user_id))
    }

    /// Returns the newest orders of a customer, so many at most, and whether there are older ones.
    pub(crate) async fn newest_of(
        &self,
        customer: &impl NamesCustomer,
        limit: u16,
    ) -> Result<(Vec<StaffOrderSummary>, bool), DynamoDbError> {
        let query = table::query_summaries(&self.table, customer);
        let mut page = PageQuery::new(limit, &[], u32::MAX);
        page.read(&query, None, table::read_summary).await?;
        let has_more = page.is_full();
        Ok((page.into_items(), has_more))
    }

    /// Returns at least the newest `limit` orders before one, if there are so
    /// many.
    async fn newest(
        &self,
        filter: OrderFilter,
        before: Option<&OrderId>,
        limit: u16,
    ) -> Result<Vec<StaffOrderSummary>, DynamoDbError> {
        let queries = table::queries_by_status(&self.table, filter.status, before);
        Ok(merged(read_each(queries, limit).await?))
    }
}

/// Reads the first `limit` orders of each of these queries, in no order.
async fn read_each(
    queries: Vec<QueryFluentBuilder>,
    limit: u16,
) -> Result<Vec<StaffOrderSummary>, DynamoDbError> {
    let pages = queries.into_iter().map(|query| async move {
        let mut page = PageQuery::new(limit, &[], u32::MAX);
        page.read(&query, None, table::read_summary).await?;
        Ok::<_, DynamoDbError>(page.into_items())
    });
    let pages = stream::iter(pages).buffer_unordered(MAX_AT_ONCE);
    let pages: Vec<Vec<_>> = pages.try_collect().await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Returns what several partitions have, the newest first. Of an order that stands
/// in two, which comes to another status just then, the later version is taken.
fn merged(mut found: Vec<StaffOrderSummary>) -> Vec<StaffOrderSummary> {
    found.sort_by(|one, other| {
        let by_id = other.order_id.cmp(&one.order_id);
        by_id.then(other.version.cmp(&one.version))
    });
    found.dedup_by(|next, kept| next.order_id == kept.order_id);
    found
}

#[cfg(test)]
#[path = "staff_orders_tests.rs"]
mod tests;
