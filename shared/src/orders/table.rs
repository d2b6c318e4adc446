//! The table `orders`: each customer's orders, and beside them the rows that
//! remember which idempotency key made which order.
//!
//! An order has a `statusShard`, by which an index lists all orders of a status;
//! a key's row never has one.

use std::time::Duration;

use strum::IntoEnumIterator;

use super::order::{Order, OrderLine, OrderStatus, Payment, ShippingAddress, StatusChange};
use super::order_change::OrderChange;
use super::staff_order::{Note, StaffOrder, StaffOrderSummary};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, QueryFluentBuilder,
    Table, WriteAction, map, number, scan_lacking, text, word,
};
use crate::http::Deadline;
use crate::identity::{Customer, Identity, NamesCustomer};
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
/// The index of all orders by status.
const BY_STATUS: &str = "by-status";
/// What a list of the staff's has of an order.
const SUMMARY: [&str; 7] = [
    "userId",
    "orderId",
    "createdAt",
    "total",
    "payment",
    "status",
    "version",
];
/// The partition of the index by status in which an order stands.
const STATUS_SHARD: &str = "statusShard";
/// What the staff wrote down about an order.
const NOTES: &str = "notes";
/// What only the row of a used key has.
pub(super) const BODY_HASH: &str = "bodyHash";

/// Over how many partitions of the index the orders of a status are spread.
const SHARDS: u8 = 4;

/// The attributes of the table's key.
pub(super) const KEY: [&str; 2] = ["userId", "orderId"];

/// Begins a query of this customer's orders, all or those of a status: the
/// newest first.
pub(super) fn query(
    table: &Table,
    customer: &impl NamesCustomer,
    status: Option<&str>,
) -> QueryFluentBuilder {
    let query = table
        .query()
        .key_condition_expression("userId = :user AND begins_with(orderId, :order)")
        .expression_attribute_values(":user", text(customer.customer_id().as_str()))
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

/// Begins the queries, one a status, of which one finds the order of an id in the
/// index by status.
pub(super) fn queries_of(table: &Table, id: &OrderId) -> Vec<QueryFluentBuilder> {
    let partitions = OrderStatus::iter().map(|status| status_shard(status, id));
    let queries = partitions.map(|partition| {
        table
            .query()
            .index_name(BY_STATUS)
            .key_condition_expression(format!("{STATUS_SHARD} = :partition AND orderId = :id"))
            .expression_attribute_values(":partition", text(partition))
            .expression_attribute_values(":id", text(id.as_str()))
    });
    queries.collect()
}

/// Begins a query of what a list of the staff's has of a customer's orders: the
/// newest first, and nothing else of them.
pub(super) fn query_summaries(table: &Table, customer: &impl NamesCustomer) -> QueryFluentBuilder {
    let mut query = query(table, customer, None);
    for name in SUMMARY {
        query = query.expression_attribute_names(format!("#{name}"), name);
    }
    let names = SUMMARY.map(|name| format!("#{name}"));
    query.projection_expression(names.join(", "))
}

/// Begins the queries, one a partition of the index by status, that find all
/// orders or those of a status, the newest first; those before an order, if it is
/// named.
pub(super) fn queries_by_status(
    table: &Table,
    status: Option<OrderStatus>,
    before: Option<&OrderId>,
) -> Vec<QueryFluentBuilder> {
    let statuses = OrderStatus::iter().filter(|it| status.is_none_or(|status| status == *it));
    let partitions = statuses.flat_map(|it| (0..SHARDS).map(move |shard| partition(it, shard)));
    let queries = partitions.map(|partition| {
        let query = table
            .query()
            .index_name(BY_STATUS)
            .expression_attribute_values(":partition", text(partition))
            .scan_index_forward(false);
        match before {
            None => query.key_condition_expression(format!("{STATUS_SHARD} = :partition")),
            Some(before) => query
                .key_condition_expression(format!(
                    "{STATUS_SHARD} = :partition AND orderId < :before"
                ))
                .expression_attribute_values(":before", text(before.as_str())),
        }
    });
    queries.collect()
}

/// Returns the key of an order or of an idempotency row of this customer.
pub(super) fn key(customer: &impl NamesCustomer, sort_key: &str) -> Attributes {
    ItemBuilder::new()
        .text("userId", customer.customer_id().as_str())
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
    let lines = order.lines.iter().map(|line| {
        ItemBuilder::new()
            .text("productId", line.product_id.as_str())
            .text("name", &line.name)
            .number("quantity", line.quantity)
            .money("unitPrice", line.unit_price)
            .money("lineTotal", line.line_total)
    });
    let history = order.history.iter().map(write_status_change);
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("orderId", order.order_id.as_str())
        .word("status", order.status)
        .text(STATUS_SHARD, status_shard(order.status, &order.order_id))
        .time("createdAt", order.created_at)
        .list("lines", lines)
        .money("total", order.total)
        .map("shippingAddress", address)
        .map("payment", write_payment(order.payment))
        .list("history", history)
        .number("version", order.version)
}

fn write_payment(payment: Payment) -> ItemBuilder {
    ItemBuilder::new()
        .word("method", payment.method)
        .word("status", payment.status)
}

fn write_status_change(change: &StatusChange) -> ItemBuilder {
    ItemBuilder::new()
        .word("status", change.status)
        .time("at", change.at)
}

fn write_note(note: &Note) -> ItemBuilder {
    ItemBuilder::new()
        .text("text", &note.text)
        .text("by", note.by.as_str())
        .time("at", note.at)
}

/// Returns the action that changes an order: refused unless it is as it was
/// read.
pub(super) fn update(
    table: &Table,
    customer: &impl NamesCustomer,
    order: &Order,
    change: &OrderChange,
) -> WriteAction {
    let mut update = table
        .change(key(customer, order.order_id.as_str()))
        .only_if("version", Comparison::Equal, number(order.version))
        .only_if("status", Comparison::Equal, word(order.status))
        .set("version", number(order.version + 1));
    if let Some(status_change) = change.status_change(order) {
        let status = status_change.status;
        let shard = status_shard(status, &order.order_id);
        update = update
            .set("status", word(status))
            .set(STATUS_SHARD, text(shard))
            .append("history", [write_status_change(&status_change)].into_iter());
    }
    if let Some(payment) = change.payment(order) {
        update = update.set("payment", map(write_payment(payment)));
    }
    if let Some(note) = change.note() {
        update = update.append(NOTES, [write_note(note)].into_iter());
    }
    update.into_update()
}

/// Reads on in orders that were made before the index: their rows, and where the
/// reading stopped.
pub(super) async fn scan_unlisted(
    table: &Table,
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    scan_lacking(table, &[STATUS_SHARD], ("orderId", "ord_"), after).await
}

/// Returns the action that lists an order in the index, by its row: refused if its
/// status has changed since, which has listed it.
pub(super) fn list_in_index(table: &Table, row: &Attributes) -> Result<WriteAction, Corrupt> {
    let row = ItemReader::from(row);
    let (user, id): (&str, OrderId) = (row.text("userId")?, row.id("orderId")?);
    let status = row.word("status")?;
    let key = ItemBuilder::new()
        .text("userId", user)
        .text("orderId", id.as_str());
    let update = table
        .change(key.into_attributes())
        .set(STATUS_SHARD, text(status_shard(status, &id)))
        .only_if("status", Comparison::Equal, word(status))
        .only_if_absent(STATUS_SHARD);
    Ok(update.into_update())
}

/// Returns the partition of the index in which an order stands while it has a
/// status. The id's last character is random.
fn status_shard(status: OrderStatus, id: &OrderId) -> String {
    let last = id.as_str().bytes().last().unwrap_or_default();
    partition(status, last % SHARDS)
}

fn partition(status: OrderStatus, shard: u8) -> String {
    let status: &str = status.into();
    format!("{status}#{shard}")
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

/// Reads an order with what the staff alone see of it.
pub(super) fn read_for_staff(row: ItemReader<'_>) -> Result<StaffOrder, Corrupt> {
    let notes = row.list(NOTES)?.into_iter().map(|note| {
        Ok(Note {
            text: note.text("text")?.to_owned(),
            by: note.id("by")?,
            at: note.time("at")?,
        })
    });
    Ok(StaffOrder {
        user_id: row.id("userId")?,
        notes: notes.collect::<Result<_, Corrupt>>()?,
        order: read(row)?,
    })
}

/// Reads what the index by status has of an order.
pub(super) fn read_summary(row: ItemReader<'_>) -> Result<StaffOrderSummary, Corrupt> {
    Ok(StaffOrderSummary {
        order_id: row.id("orderId")?,
        user_id: row.id("userId")?,
        status: row.word("status")?,
        created_at: row.time("createdAt")?,
        total: row.money("total")?,
        payment: read_payment(row.map("payment")?)?,
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
