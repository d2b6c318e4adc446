//! The table `orders`: each customer's orders, and beside them the rows that
//! remember which idempotency key made which order.

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::Client;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::{Customer, Identity};
use crate::cursor::Cursors;
use crate::env::{Env, FromEnv, StartError};
use crate::extract::{IdempotencyKey, PageRequest};
use crate::ids::{OrderId, UserId};
use crate::order::{
    Order, OrderFilter, OrderLine, OrderPage, OrderStatus, Payment, PaymentMethod, PaymentStatus,
    ShippingAddress, StatusChange,
};
use crate::problem::Problem;
use crate::store::item::{Attributes, Item, Row, text};
use crate::store::{Corrupt, failed};
use crate::text::Word;
use crate::time::Timestamp;

/// How many queries one page of a filtered list may take. A filter is applied
/// after reading, so a rare status is found over several.
const MAX_QUERIES: usize = 10;

/// Orders, each reached by its customer.
#[derive(Clone)]
pub struct OrderStore {
    client: Client,
    pub(crate) table: String,
}

impl FromEnv for OrderStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("ORDERS_TABLE")?,
        })
    }
}

impl OrderStore {
    /// The customer's own orders: the only door to them.
    #[must_use]
    pub fn of<'a>(&'a self, customer: &'a Customer) -> CustomerOrders<'a> {
        CustomerOrders {
            store: self,
            user_id: customer.user_id(),
        }
    }
}

/// One customer's orders.
pub struct CustomerOrders<'a> {
    store: &'a OrderStore,
    user_id: &'a UserId,
}

impl CustomerOrders<'_> {
    /// One order.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if it is absent; somebody else's is absent here.
    pub async fn get(&self, id: &OrderId) -> Result<Order, Problem> {
        let item = self.row(id.as_str()).await?.ok_or(Problem::NotFound)?;
        Ok(read(&item)?)
    }

    /// What an idempotency key was used for, if it was.
    pub(crate) async fn used(&self, key: &IdempotencyKey) -> Result<Option<UsedKey>, Problem> {
        let Some(item) = self.row(&key_row(key)).await? else {
            return Ok(None);
        };
        let row = Row(&item);
        Ok(Some(UsedKey {
            order_id: row.id("order")?,
            body_hash: row.text("bodyHash")?.to_owned(),
        }))
    }

    async fn row(&self, sort_key: &str) -> Result<Option<Attributes>, Problem> {
        let found = self
            .store
            .client
            .get_item()
            .table_name(&self.store.table)
            .key("userId", text(self.user_id.as_str()))
            .key("orderId", text(sort_key))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        Ok(found.item)
    }
}

/// An idempotency key that made an order.
pub(crate) struct UsedKey {
    pub(crate) order_id: OrderId,
    pub(crate) body_hash: String,
}

/// Lists of a customer's own orders.
#[derive(Clone)]
pub struct OrderHistory {
    store: OrderStore,
    cursors: Cursors,
}

impl FromEnv for OrderHistory {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            store: OrderStore::from_env(env)?,
            cursors: Cursors::new(env.key_ring()?),
        })
    }
}

impl OrderHistory {
    /// One page of the customer's orders, the newest first.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        customer: &Customer,
        filter: OrderFilter,
        page: &PageRequest,
    ) -> Result<OrderPage, Problem> {
        let status = filter.status.map_or("", OrderStatus::as_str);
        let list = format!("orders of {} {status}", customer.user_id());
        let mut after = self.cursors.open(&list, page.cursor.as_deref()).await?;
        let limit = usize::from(page.limit);
        let mut items: Vec<Order> = Vec::new();
        for _ in 0..MAX_QUERIES {
            // One more than the page holds tells whether there is a next one.
            let wanted = (limit + 1).saturating_sub(items.len());
            let mut query = self
                .store
                .client
                .query()
                .table_name(&self.store.table)
                .key_condition_expression("userId = :user AND begins_with(orderId, :order)")
                .expression_attribute_values(":user", text(customer.user_id().as_str()))
                .expression_attribute_values(":order", text("ord_"))
                // Who has just bought must find it in the list.
                .consistent_read(true)
                .scan_index_forward(false)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after);
            if !status.is_empty() {
                query = query
                    .filter_expression("#status = :status")
                    .expression_attribute_names("#status", "status")
                    .expression_attribute_values(":status", text(status));
            }
            let found = query.send().await.map_err(failed)?;
            for item in found.items() {
                items.push(read(item)?);
            }
            after = found.last_evaluated_key;
            if after.is_none() || items.len() > limit {
                break;
            }
        }
        if items.len() > limit {
            items.truncate(limit);
            after = items.last().map(|last| {
                Item::new()
                    .text("userId", customer.user_id().as_str())
                    .text("orderId", last.order_id.as_str())
                    .into_attributes()
            });
        }
        let next_cursor = match &after {
            Some(last) => Some(self.cursors.seal(&list, last).await?),
            None => None,
        };
        Ok(OrderPage { items, next_cursor })
    }
}

/// The sort key of an idempotency row. Hashed, since a client's key may hold
/// anything, `ord_…` included.
pub(crate) fn key_row(key: &IdempotencyKey) -> String {
    let hash = digest(&SHA256, key.as_str().as_bytes());
    format!("key#{}", URL_SAFE_NO_PAD.encode(hash))
}

/// An order as an item of its customer.
pub(crate) fn write(user_id: &UserId, order: &Order) -> Attributes {
    let address = &order.shipping_address;
    let address = Item::new()
        .text("name", &address.name)
        .text("line1", &address.line1)
        .optional_text("line2", address.line2.as_deref())
        .text("postalCode", &address.postal_code)
        .text("city", &address.city)
        .text("country", &address.country)
        .optional_text("phone", address.phone.as_deref());
    let payment = Item::new()
        .text("method", order.payment.method.as_str())
        .text("status", order.payment.status.as_str());
    let lines = order.lines.iter().map(|line| {
        Item::new()
            .text("productId", line.product_id.as_str())
            .text("name", &line.name)
            .number("quantity", line.quantity)
            .money("unitPrice", line.unit_price)
            .money("lineTotal", line.line_total)
    });
    let history = order.history.iter().map(|change| {
        Item::new()
            .text("status", change.status.as_str())
            .time("at", change.at)
    });
    Item::new()
        .text("userId", user_id.as_str())
        .text("orderId", order.order_id.as_str())
        .text("status", order.status.as_str())
        .time("createdAt", order.created_at)
        .list("lines", lines)
        .money("total", order.total)
        .map("shippingAddress", address)
        .map("payment", payment)
        .list("history", history)
        .number("version", order.version)
        .into_attributes()
}

/// An order from an item.
pub(crate) fn read(item: &Attributes) -> Result<Order, Corrupt> {
    let row = Row(item);
    let lines = row.list("lines")?.into_iter().map(|line| {
        Ok(OrderLine {
            product_id: line.id("productId")?,
            name: line.text("name")?.to_owned(),
            quantity: line.number("quantity")?,
            unit_price: line.money("unitPrice")?,
            line_total: line.money("lineTotal")?,
        })
    });
    let history = row.list("history")?.into_iter().map(|change| {
        Ok(StatusChange {
            status: change.parsed("status", OrderStatus::parse)?,
            at: change.time("at")?,
        })
    });
    Ok(Order {
        order_id: row.id("orderId")?,
        status: row.parsed("status", OrderStatus::parse)?,
        created_at: row.time("createdAt")?,
        lines: lines.collect::<Result<_, Corrupt>>()?,
        total: row.money("total")?,
        shipping_address: read_address(row.map("shippingAddress")?)?,
        payment: read_payment(row.map("payment")?)?,
        history: history.collect::<Result<_, Corrupt>>()?,
        version: row.number("version")?,
    })
}

fn read_address(row: Row<'_>) -> Result<ShippingAddress, Corrupt> {
    Ok(ShippingAddress {
        name: row.text("name")?.to_owned(),
        line1: row.text("line1")?.to_owned(),
        line2: row.optional_text("line2")?.map(str::to_owned),
        postal_code: row.text("postalCode")?.to_owned(),
        city: row.text("city")?.to_owned(),
        country: row.text("country")?.to_owned(),
        phone: row.optional_text("phone")?.map(str::to_owned),
    })
}

fn read_payment(row: Row<'_>) -> Result<Payment, Corrupt> {
    Ok(Payment {
        method: row.parsed("method", PaymentMethod::parse)?,
        status: row.parsed("status", PaymentStatus::parse)?,
    })
}

/// When an order was first heard of, for its history.
pub(crate) fn placed(at: Timestamp) -> Vec<StatusChange> {
    vec![StatusChange {
        status: OrderStatus::Placed,
        at,
    }]
}
