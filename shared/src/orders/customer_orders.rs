//! A customer's own orders: one, or a list.

use super::order::{Order, OrderFilter, OrderPage};
use super::table::{self, KeyRow, UsedKey};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, DynamoDb, DynamoDbError, Outcome, PageQuery, Table, TransactGet, Transaction,
    WriteAction, text,
};
use crate::http::{Deadline, PageRequest, Problem};
use crate::identity::{Cursors, Customer, CustomerRealm, Identity};
use crate::input::IdempotencyKey;
use crate::values::{OrderId, new_ulid};

/// How many queries one page may take: a filter is applied after reading, so
/// that a rare status is found over several.
const MAX_QUERIES: u32 = 10;

/// Orders, each reached by its customer's identity and in no other way.
///
/// A bare id opens nothing:
/// ```compile_fail,E0308
/// use shared::orders::CustomerOrders;
/// use shared::values::{OrderId, UserId};
/// fn peep(orders: &CustomerOrders, somebody: &UserId, id: &OrderId) {
///     let _ = orders.get(somebody, id);
/// }
/// ```
/// an identity does:
/// ```
/// use shared::identity::Customer;
/// use shared::orders::CustomerOrders;
/// use shared::values::OrderId;
/// fn look(orders: &CustomerOrders, customer: &Customer, id: &OrderId) {
///     let _ = orders.get(customer, id);
/// }
/// ```
#[derive(Clone)]
pub struct CustomerOrders {
    table: Table,
    cursors: Cursors<CustomerRealm>,
}

impl FromEnv for CustomerOrders {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "ORDERS_TABLE")?,
            cursors: Cursors::from_env(env)?,
        })
    }
}

impl CustomerOrders {
    /// Returns one of the customer's orders.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if it is absent; somebody else's is absent here.
    pub async fn get(&self, customer: &Customer, id: &OrderId) -> Result<Order, Problem> {
        let item = self.row(customer, id.as_str()).await?;
        let item = item.ok_or(Problem::NotFound)?;
        Ok(table::read((&item).into())?)
    }

    /// Returns one page of the customer's orders, the newest first.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        customer: &Customer,
        filter: OrderFilter,
        page: &PageRequest,
    ) -> Result<OrderPage, Problem> {
        let status: Option<&str> = filter.status.map(Into::into);
        let user_id = customer.user_id();
        let list = format!("orders of {user_id} {}", status.unwrap_or_default());
        let after = self.cursors.open(&list, page.cursor.as_deref()).await?;
        let query = table::query(&self.table, customer, status);
        let mut orders = PageQuery::new(page.limit, &table::KEY, MAX_QUERIES);
        let stopped = orders.read(&query, after, table::read).await?;
        let (items, last) = orders.into_page(stopped);
        Ok(OrderPage {
            items,
            next_cursor: self.cursors.seal(&list, last.as_ref()).await?,
        })
    }

    /// Returns the client with which transactions are sent.
    pub(super) fn client(&self) -> &DynamoDb {
        self.table.client()
    }

    /// Adds an order of the customer to items that are read together.
    pub(super) fn read_with(
        &self,
        items: TransactGet,
        customer: &Customer,
        id: &OrderId,
    ) -> TransactGet {
        items.with(&self.table, table::key(customer, id.as_str()))
    }

    /// Adds the row of an idempotency key to items that are read together: a
    /// transaction that is using the key is waited for.
    pub(super) fn read_key_with(
        &self,
        items: TransactGet,
        customer: &Customer,
        key: &IdempotencyKey,
    ) -> TransactGet {
        let sort_key = table::sort_key(key);
        items.with(&self.table, table::key(customer, &sort_key))
    }

    /// Writes down that a request with this key is refused, unless the key has
    /// made an order: returns what it was used for then. Afterwards no request
    /// with the key that was sent before can make one: neither one that runs
    /// beside this, nor a call of DynamoDB that is late, nor one that reached
    /// the gateway and has not begun. A transaction that is using the key is
    /// waited for.
    ///
    /// It is a transaction of one action, since the role of checkout writes
    /// orders in transactions only.
    pub(super) async fn refuse(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        deadline: Deadline,
    ) -> Result<Option<UsedKey>, DynamoDbError> {
        let mut arrived = deadline.arrived();
        loop {
            let row = table::write_refusal(customer, key, &new_ulid()?, arrived);
            let put = self
                .table
                .put_new_or_later(row, table::BODY_HASH, table::ARRIVED, arrived);
            let refusal = Transaction::new().with_key(|row| row, put);
            let refusal = refusal.until(deadline.instant());
            let Outcome::Refused(rows) = refusal.commit(self.client()).await? else {
                return Ok(None);
            };
            let row = rows.iter().flatten().next();
            match row.map(table::read_key).transpose()? {
                Some(KeyRow::Used(used)) => return Ok(Some(used)),
                // One that arrived later was refused before: that still counts.
                Some(KeyRow::Refused(later)) if later.arrived > arrived => arrived = later.arrived,
                Some(KeyRow::Refused(_)) | None => {
                    return Err(AwsError::unavailable("a used idempotency key is gone").into());
                }
            }
        }
    }

    /// Reads the order that an idempotency key made, in one with the key: so
    /// that one which is being made is never taken for one that is absent.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] if the key has no order.
    pub(super) async fn order_of_key(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        used: &UsedKey,
        deadline: Deadline,
    ) -> Result<Order, Problem> {
        let sort_key = table::sort_key(key);
        let get = TransactGet::default()
            .with(&self.table, table::key(customer, used.order_id.as_str()))
            .with(&self.table, table::key(customer, &sort_key));
        let rows = get.until(deadline.instant()).read(self.client()).await?;
        // Whether the key is still there says nothing: it may just have expired.
        match rows.first().and_then(Option::as_ref) {
            Some(order) => Ok(table::read(order.into())?),
            None => Err(Problem::unavailable("an idempotency key has no order")),
        }
    }

    /// Returns the action that puts a new order.
    pub(super) fn put_new(&self, customer: &Customer, order: &Order) -> WriteAction {
        let item = table::write(customer, order);
        self.table.put_new(item, "orderId")
    }

    /// Returns the action that remembers which order a key made: refused if it
    /// made one, or if a request with it was refused after this refusal.
    pub(super) fn put_key(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        refusal: Option<&str>,
        body_hash: &str,
        order: &Order,
    ) -> WriteAction {
        let item = table::write_key(customer, key, body_hash, order);
        match refusal {
            None => self.table.put_new(item, "orderId"),
            Some(refusal) => self.table.replace(item, table::REFUSAL, text(refusal)),
        }
    }

    async fn row(
        &self,
        customer: &Customer,
        sort_key: &str,
    ) -> Result<Option<Attributes>, DynamoDbError> {
        Ok(self.table.get(table::key(customer, sort_key)).await?)
    }
}
