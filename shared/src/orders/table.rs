//! The table `orders`: each customer's orders, and beside them the rows that
//! remember which idempotency key made which order.

use std::time::Duration;

use super::order::{Order, OrderLine, Payment, ShippingAddress, StatusChange};
use crate::dynamodb::{
    Attributes, Corrupt, ItemBuilder, ItemReader, QueryFluentBuilder, Table, text,
};
use crate::http::Deadline;
use crate::identity::{Customer, Identity};
use crate::input::IdempotencyKey;
use crate::values::{OrderId, Timestamp, sha256_base64url};

/// How long an idempotency key is remembered.
const KEY_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long it is remembered that a request with a key was refused: longer
/// than a call of DynamoDB can be on its way, which its signature bounds to
/// minutes.
const REFUSAL_KEPT: Duration = Duration::from_secs(60 * 60);

/// What an idempotency key was used for.
#[derive(Debug)]
pub(super) struct UsedKey {
    pub(super) order_id: OrderId,
    pub(super) body_hash: String,
}

/// What is known of an idempotency key.
#[derive(Debug)]
pub(super) enum KeyRow {
    /// It made an order.
    Used(UsedKey),
    /// A request with it was refused, the last time by this refusal.
    Refused(Refusal),
}

/// That a request was told "no". Whoever has not seen its id, or reached the
/// shop no later than that request, must not make an order with the same key:
/// the customer believes that there is none.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) id: String,
    /// When the request that it refused reached the gateway, in milliseconds
    /// since 1970. The gateway's clock is the only one that is asked.
    pub(super) arrived: u64,
}

impl Refusal {
    /// Returns whether a request reached the shop no later than the one that
    /// was refused: its sender gave it up, or it was delivered twice.
    pub(super) fn covers(&self, deadline: Deadline) -> bool {
        deadline.arrived() <= self.arrived
    }
}

/// What only the row of a refused key has.
pub(super) const REFUSAL: &str = "refusal";
/// When the refused request reached the gateway.
pub(super) const ARRIVED: &str = "arrived";
/// What only the row of a used key has.
pub(super) const BODY_HASH: &str = "bodyHash";

/// The attributes of the table's key.
pub(super) const KEY: [&str; 2] = ["userId", "orderId"];

/// Begins a query of this customer's orders, all or those of a status: the
/// newest first.
pub(super) fn query(
    table: &Table,
    customer: &Customer,
    status: Option<&str>,
) -> QueryFluentBuilder {
    let query = table
        .query()
        .key_condition_expression("userId = :user AND begins_with(orderId, :order)")
        .expression_attribute_values(":user", text(customer.user_id().as_str()))
        .expression_attribute_values(":order", text("ord_"))
        // Who has just bought must find it in the list.
        .consistent_read(true)
        .scan_index_forward(false);
    match status {
        None => query,
        Some(status) => query
            .filter_expression("#status = :status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(status)),
    }
}

/// Returns the key of an order or of an idempotency row of this customer.
pub(super) fn key(customer: &Customer, sort_key: &str) -> Attributes {
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("orderId", sort_key)
        .into_attributes()
}

/// Returns the sort key of an idempotency row. Hashed, since a client's key may
/// be anything, `ord_…` included.
pub(super) fn sort_key(key: &IdempotencyKey) -> String {
    let hash = sha256_base64url::<32>(key.as_str().as_bytes());
    format!("key#{hash}")
}

/// Writes the row that remembers which order a key made.
pub(super) fn write_key(
    customer: &Customer,
    key: &IdempotencyKey,
    body_hash: &str,
    order: &Order,
) -> ItemBuilder {
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("orderId", sort_key(key))
        .text("order", order.order_id.as_str())
        .text(BODY_HASH, body_hash)
        .expires(order.created_at.plus(KEY_KEPT))
}

/// Writes the row that remembers that a request with a key was refused.
pub(super) fn write_refusal(
    customer: &Customer,
    key: &IdempotencyKey,
    refusal: &str,
    arrived: u64,
) -> ItemBuilder {
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("orderId", sort_key(key))
        .text(REFUSAL, refusal)
        .number(ARRIVED, arrived)
        .expires(Timestamp::now().plus(REFUSAL_KEPT))
}

/// Reads what is known of a key.
pub(super) fn read_key(item: &Attributes) -> Result<KeyRow, Corrupt> {
    let row = ItemReader::from(item);
    if let Some(id) = row.optional_text(REFUSAL)? {
        return Ok(KeyRow::Refused(Refusal {
            id: id.to_owned(),
            // Those that were written without it are an hour old at most.
            arrived: row.optional_number(ARRIVED)?.unwrap_or_default(),
        }));
    }
    Ok(KeyRow::Used(UsedKey {
        order_id: row.id("order")?,
        body_hash: row.text(BODY_HASH)?.to_owned(),
    }))
}

/// Writes an order of this customer.
pub(super) fn write(customer: &Customer, order: &Order) -> ItemBuilder {
    let address = &order.shipping_address;
    let address = ItemBuilder::new()
        .text("name", &address.name)
        .text("line1", &address.line1)
        .optional_text("line2", address.line2.as_deref())
        .text("postalCode", &address.postal_code)
        .text("city", &address.city)
        .text("country", &address.country)
        .optional_text("phone", address.phone.as_deref());
    let payment = ItemBuilder::new()
        .word("method", order.payment.method)
        .word("status", order.payment.status);
    let lines = order.lines.iter().map(|line| {
        ItemBuilder::new()
            .text("productId", line.product_id.as_str())
            .text("name", &line.name)
            .number("quantity", line.quantity)
            .money("unitPrice", line.unit_price)
            .money("lineTotal", line.line_total)
    });
    let history = order.history.iter().map(|change| {
        ItemBuilder::new()
            .word("status", change.status)
            .time("at", change.at)
    });
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("orderId", order.order_id.as_str())
        .word("status", order.status)
        .time("createdAt", order.created_at)
        .list("lines", lines)
        .money("total", order.total)
        .map("shippingAddress", address)
        .map("payment", payment)
        .list("history", history)
        .number("version", order.version)
}

/// Reads an order.
pub(super) fn read(row: ItemReader<'_>) -> Result<Order, Corrupt> {
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
            status: change.word("status")?,
            at: change.time("at")?,
        })
    });
    Ok(Order {
        order_id: row.id("orderId")?,
        status: row.word("status")?,
        created_at: row.time("createdAt")?,
        lines: lines.collect::<Result<_, Corrupt>>()?,
        total: row.money("total")?,
        shipping_address: read_address(row.map("shippingAddress")?)?,
        payment: read_payment(row.map("payment")?)?,
        history: history.collect::<Result<_, Corrupt>>()?,
        version: row.number("version")?,
    })
}

fn read_address(row: ItemReader<'_>) -> Result<ShippingAddress, Corrupt> {
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

fn read_payment(row: ItemReader<'_>) -> Result<Payment, Corrupt> {
    Ok(Payment {
        method: row.word("method")?,
        status: row.word("status")?,
    })
}
