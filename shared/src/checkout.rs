//! Checkout: from a cart to an order in one DynamoDB transaction. It takes
//! the stock, remembers the idempotency key, writes the order and empties the
//! cart, or does none of it.
//!
//! No answer says "failed" while that is not known: what may have been done
//! is 503, and the same key then tells.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Failure;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::{Customer, Identity};
use crate::cart::{CartLine, MAX_LINES, on_sale};
use crate::env::{Env, FromEnv, StartError};
use crate::extract::{IdempotencyKey, TimeLeft};
use crate::ids::{OrderId, ProductId, UserId};
use crate::log;
use crate::money::{Currency, Money};
use crate::order::{
    Order, OrderDraft, OrderLine, OrderStatus, Payment, PaymentMethod, PaymentStatus,
};
use crate::problem::{Conflict, Problem};
use crate::product::{Availability, LOW_STOCK, Product};
use crate::reply::Idempotent;
use crate::store::carts::{self, CartStore};
use crate::store::inventory::{self, InventoryStore, Stock};
use crate::store::item::{Item, number, text};
use crate::store::orders::{self, CustomerOrders, OrderStore};
use crate::store::products::{self, ProductStore, batch_get};
use crate::store::users::UserStore;
use crate::store::{failed, is_wrong_call, pause};
use crate::text::Word;
use crate::time::Timestamp;
use crate::user::Role;

/// How long an idempotency key is remembered.
const KEY_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often a transaction that met another one is sent again.
const MAX_RETRIES: u32 = 5;

/// All that checkout stands on.
#[derive(Clone)]
pub struct Checkout {
    client: Client,
    users: UserStore,
    carts: CartStore,
    products: ProductStore,
    inventory: InventoryStore,
    orders: OrderStore,
    currency: Currency,
}

impl FromEnv for Checkout {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            users: UserStore::from_env(env)?,
            carts: CartStore::from_env(env)?,
            products: ProductStore::from_env(env)?,
            inventory: InventoryStore::from_env(env)?,
            orders: OrderStore::from_env(env)?,
            currency: env.currency()?,
        })
    }
}

impl Checkout {
    /// Makes one order of what is in the customer's cart.
    ///
    /// # Errors
    /// A [`Conflict`] as things now stand, [`Problem::IdempotencyMismatch`]
    /// for a key that was used with another body, [`Problem::Unavailable`]
    /// where the outcome is not known.
    pub async fn place(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        draft: &OrderDraft,
        time_left: TimeLeft,
    ) -> Result<Idempotent<Order>, Problem> {
        let cart = self.carts.of(customer);
        let (user, lines) = tokio::try_join!(self.users.standing(customer), cart.lines())?;
        if user.role != Role::Customer {
            return Err(Problem::Forbidden);
        }
        let attempt = Attempt {
            user_id: customer.user_id(),
            key,
            body_hash: body_hash(draft),
            draft,
        };
        let refusal = match self.attempt(&attempt, &lines, time_left).await? {
            Outcome::Placed(order) => return Ok(Idempotent::Created(*order)),
            Outcome::Refused(problem) => problem,
        };
        // Before anything is refused: has this key made an order already? Then
        // that is the answer, however the cart, the stock or the prices are by
        // now.
        match self.replay(&attempt, &self.orders.of(customer)).await? {
            Some(order) => Ok(Idempotent::Replayed(order)),
            None => Err(refusal),
        }
    }

    /// Prices and sends; once more if a product changed in between.
    async fn attempt(
        &self,
        attempt: &Attempt<'_>,
        lines: &[CartLine],
        time_left: TimeLeft,
    ) -> Result<Outcome, Problem> {
        if lines.is_empty() {
            return Ok(Outcome::Refused(Problem::Conflict(Conflict::EmptyCart)));
        }
        if lines.len() > MAX_LINES {
            let detail = format!("the cart must hold at most {MAX_LINES} different products");
            return Ok(Outcome::Refused(Problem::invalid("", detail)));
        }
        for _ in 0..2 {
            let goods = self.goods(lines).await?;
            if !lines.iter().any(|line| goods.sells(line)) {
                return Ok(Outcome::Refused(Problem::Conflict(Conflict::EmptyCart)));
            }
            let short = goods.short_of(lines);
            if !short.is_empty() {
                self.mend_labels(&goods, time_left).await;
                let conflict = Conflict::OutOfStock(short);
                return Ok(Outcome::Refused(Problem::Conflict(conflict)));
            }
            let order = goods.price(lines, attempt.draft, self.currency)?;
            if order.total != attempt.draft.expected_total {
                let conflict = Conflict::PriceChanged { total: order.total };
                return Ok(Outcome::Refused(Problem::Conflict(conflict)));
            }
            match self.send(attempt, lines, &goods, &order, time_left).await? {
                Sent::Done => {
                    self.relabel(lines, &goods, time_left).await;
                    return Ok(Outcome::Placed(Box::new(order)));
                }
                Sent::ProductChanged => {}
                Sent::Refused(problem) => return Ok(Outcome::Refused(problem)),
            }
        }
        // Somebody edits these products faster than we read them, without
        // changing the total.
        let busy = Problem::unavailable("the products changed twice during one checkout");
        Ok(Outcome::Refused(busy))
    }

    /// Products and stock of the lines, as they now are.
    async fn goods(&self, lines: &[CartLine]) -> Result<Goods, Problem> {
        let ids = || lines.iter().map(|line| &line.product_id);
        let tables = [
            (&self.products.table, self.products.keys(ids(), true)?),
            (&self.inventory.table, self.inventory.keys(ids())?),
        ];
        let wanted: Vec<_> = tables
            .into_iter()
            .filter_map(|(table, keys)| Some((table.as_str(), keys?)))
            .collect();
        let mut goods = Goods::default();
        for (table, item) in batch_get(&self.client, &wanted).await? {
            if table == self.products.table {
                goods.products.push(products::read(&item)?);
            } else {
                goods.stock.push(inventory::read(&item)?);
            }
        }
        Ok(goods)
    }

    /// Sends the transaction until its outcome is known or the time is up.
    async fn send(
        &self,
        attempt: &Attempt<'_>,
        lines: &[CartLine],
        goods: &Goods,
        order: &Order,
        time_left: TimeLeft,
    ) -> Result<Sent, Problem> {
        let actions = self.actions(attempt, lines, goods, order)?;
        let token = request_token(attempt.user_id, &order.order_id);
        let mut tried = 0;
        loop {
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(actions.iter().map(|(_, item)| item.clone()).collect()))
                .client_request_token(&token)
                .send();
            let work = time_left.to_work();
            let cause: crate::problem::Cause = match tokio::time::timeout(work, sent).await {
                Ok(Ok(_)) => return Ok(Sent::Done),
                Ok(Err(error)) => match error.as_service_error() {
                    Some(Failure::TransactionCanceledException(cancelled)) => {
                        let kinds = actions.iter().map(|(kind, _)| kind);
                        match judge(kinds, cancelled.cancellation_reasons()) {
                            Some(verdict) => return Ok(verdict),
                            None => Box::new(error),
                        }
                    }
                    _ if is_wrong_call(&error) => return Err(failed(error)),
                    // Throttled, still running, no answer, or an answer that
                    // does not say whether it was done. The token makes it
                    // safe to ask again.
                    Some(_) | None => Box::new(error),
                },
                Err(elapsed) => Box::new(elapsed),
            };
            let pause = pause(tried)?;
            tried += 1;
            if tried > MAX_RETRIES || pause >= time_left.to_work() {
                return Err(Problem::unavailable(cause));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Two actions, and three a line; each with what its failure would mean.
    fn actions(
        &self,
        attempt: &Attempt<'_>,
        lines: &[CartLine],
        goods: &Goods,
        order: &Order,
    ) -> Result<Vec<(Kind, TransactWriteItem)>, Problem> {
        let key_row = Item::new()
            .text("userId", attempt.user_id.as_str())
            .text("orderId", orders::key_row(attempt.key))
            .text("order", order.order_id.as_str())
            .text("bodyHash", &attempt.body_hash)
            .expires(order.created_at.plus(KEY_KEPT));
        let put = |item| {
            Put::builder()
                .table_name(&self.orders.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(orderId)")
                .build()
                .map(|put| TransactWriteItem::builder().put(put).build())
                .map_err(Problem::internal)
        };
        let mut actions = vec![
            (Kind::Key, put(key_row.into_attributes())?),
            (Kind::Order, put(orders::write(attempt.user_id, order))?),
        ];
        for line in lines {
            // What is no longer sold is not ordered, and leaves the cart.
            if let Some(product) = on_sale(&goods.products, &line.product_id) {
                let stock = Kind::Stock(line.product_id.clone());
                actions.push((stock, self.take_stock(line)?));
                actions.push((Kind::Product, self.check_product(product)?));
            }
            actions.push((Kind::CartLine, self.empty_cart(attempt.user_id, line)?));
        }
        Ok(actions)
    }

    fn take_stock(&self, line: &CartLine) -> Result<TransactWriteItem, Problem> {
        let update = Update::builder()
            .table_name(&self.inventory.table)
            .set_key(Some(inventory::key(&line.product_id)))
            .update_expression("SET available = available - :q, version = version + :one")
            .condition_expression("available >= :q")
            .expression_attribute_values(":q", number(line.quantity.get()))
            .expression_attribute_values(":one", number(1_u32))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn check_product(&self, product: &Product) -> Result<TransactWriteItem, Problem> {
        let check = ConditionCheck::builder()
            .table_name(&self.products.table)
            .key("productId", text(product.id.as_str()))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(product.version))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn empty_cart(&self, user_id: &UserId, line: &CartLine) -> Result<TransactWriteItem, Problem> {
        let delete = Delete::builder()
            .table_name(&self.carts.table)
            .set_key(Some(carts::key(user_id, &line.product_id)))
            .condition_expression("quantity = :q")
            .expression_attribute_values(":q", number(line.quantity.get()))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// The order that this key made, as it now stands.
    async fn replay(
        &self,
        attempt: &Attempt<'_>,
        orders: &CustomerOrders<'_>,
    ) -> Result<Option<Order>, Problem> {
        let Some(used) = orders.used(attempt.key).await? else {
            return Ok(None);
        };
        if used.body_hash != attempt.body_hash {
            return Err(Problem::IdempotencyMismatch);
        }
        orders.get(&used.order_id).await.map(Some)
    }

    /// After stock was taken: sets the labels of what may now be low.
    async fn relabel(&self, lines: &[CartLine], goods: &Goods, time_left: TimeLeft) {
        let near: Vec<CartLine> = lines
            .iter()
            .filter(|line| {
                let stock = goods.stock_of(&line.product_id);
                let left = stock.map_or(0, |s| s.available.saturating_sub(line.quantity.get()));
                left <= LOW_STOCK
            })
            .cloned()
            .collect();
        if near.is_empty() {
            return;
        }
        match tokio::time::timeout(for_labels(time_left), self.goods(&near)).await {
            Ok(Ok(goods)) => self.mend_labels(&goods, time_left).await,
            Ok(Err(problem)) => warn(&problem),
            Err(elapsed) => log::warn(NOT_SET, &elapsed),
        }
    }

    /// Sets every label that is not what the stock says, all at once and not
    /// for long. Its failure is no reason to keep anybody waiting, or to say
    /// that an order failed: the next checkout of the same goods mends it.
    async fn mend_labels(&self, goods: &Goods, time_left: TimeLeft) {
        let wrong = goods.products.iter().filter_map(|product| {
            let stock = goods.stock_of(&product.id)?;
            let label = Availability::of(stock.available);
            (label != product.availability).then_some((&product.id, label, stock.version))
        });
        let set = wrong.map(|(id, label, version)| self.products.relabel(id, label, version));
        let set = futures_util::future::join_all(set);
        match tokio::time::timeout(for_labels(time_left), set).await {
            Ok(set) => set
                .iter()
                .filter_map(|set| set.as_ref().err())
                .for_each(warn),
            Err(elapsed) => log::warn(NOT_SET, &elapsed),
        }
    }
}

/// How long a checkout waits for a label at most.
fn for_labels(time_left: TimeLeft) -> Duration {
    time_left.to_work().min(Duration::from_millis(300))
}

/// One request to buy.
struct Attempt<'a> {
    user_id: &'a UserId,
    key: &'a IdempotencyKey,
    body_hash: String,
    draft: &'a OrderDraft,
}

enum Outcome {
    Placed(Box<Order>),
    Refused(Problem),
}

enum Sent {
    Done,
    ProductChanged,
    Refused(Problem),
}

/// What an action of the transaction stands for.
#[derive(Clone, Debug)]
enum Kind {
    Key,
    Order,
    Stock(ProductId),
    Product,
    CartLine,
}

/// What a cancelled transaction means: nothing, if it only met another one or
/// was throttled, and may be sent again. A used key explains every other
/// condition that failed with it, so it is looked at first.
fn judge<'a>(
    kinds: impl Iterator<Item = &'a Kind>,
    reasons: &[CancellationReason],
) -> Option<Sent> {
    let failed: Vec<&Kind> = kinds
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(kind, _)| kind)
        .collect();
    let wrong = |reason: &CancellationReason| {
        matches!(reason.code(), Some("ValidationError" | "AccessDenied"))
    };
    if reasons.iter().any(wrong) {
        let cause = "DynamoDB does not take the transaction as it is";
        return Some(Sent::Refused(Problem::internal(cause)));
    }
    let refused = |conflict| Some(Sent::Refused(Problem::Conflict(conflict)));
    // The order's own id is new, so only its key can have been used.
    if failed
        .iter()
        .any(|kind| matches!(kind, Kind::Key | Kind::Order))
    {
        return refused(Conflict::CartChanged);
    }
    let short: Vec<ProductId> = failed
        .iter()
        .filter_map(|kind| match kind {
            Kind::Stock(id) => Some(id.clone()),
            Kind::Key | Kind::Order | Kind::Product | Kind::CartLine => None,
        })
        .collect();
    if !short.is_empty() {
        return refused(Conflict::OutOfStock(short));
    }
    if failed.iter().any(|kind| matches!(kind, Kind::Product)) {
        return Some(Sent::ProductChanged);
    }
    if failed.iter().any(|kind| matches!(kind, Kind::CartLine)) {
        return refused(Conflict::CartChanged);
    }
    None
}

/// Products and their stock, read together.
#[derive(Default)]
struct Goods {
    products: Vec<Product>,
    stock: Vec<(ProductId, Stock)>,
}

impl Goods {
    fn stock_of(&self, id: &ProductId) -> Option<Stock> {
        let found = self.stock.iter().find(|(of, _)| of == id);
        found.map(|(_, stock)| *stock)
    }

    /// Whether a line can be bought at all. A cart shows no other.
    fn sells(&self, line: &CartLine) -> bool {
        on_sale(&self.products, &line.product_id).is_some()
    }

    /// The products on sale of which there is less than the lines ask for.
    fn short_of(&self, lines: &[CartLine]) -> Vec<ProductId> {
        let enough = |line: &CartLine| {
            let stock = self.stock_of(&line.product_id);
            stock.is_some_and(|stock| stock.available >= line.quantity.get())
        };
        let short = lines
            .iter()
            .filter(|line| self.sells(line) && !enough(line));
        short.map(|line| line.product_id.clone()).collect()
    }

    /// The order that the lines make at the prices that were read.
    fn price(
        &self,
        lines: &[CartLine],
        draft: &OrderDraft,
        currency: Currency,
    ) -> Result<Order, Problem> {
        let overflow = || Problem::internal("a total does not fit");
        let mut total = Money::new(0, currency);
        let mut priced = Vec::with_capacity(lines.len());
        for line in lines {
            let Some(product) = on_sale(&self.products, &line.product_id) else {
                continue;
            };
            let line_total = product
                .price
                .times(line.quantity.get())
                .ok_or_else(overflow)?;
            total = total.plus(line_total).ok_or_else(overflow)?;
            priced.push(OrderLine {
                product_id: line.product_id.clone(),
                name: product.name.clone(),
                quantity: line.quantity.get(),
                unit_price: product.price,
                line_total,
            });
        }
        let now = Timestamp::now();
        let (status, payment) = match draft.payment_method {
            PaymentMethod::Invoice => (OrderStatus::Placed, PaymentStatus::Pending),
        };
        Ok(Order {
            order_id: OrderId::generate()?,
            status,
            created_at: now,
            lines: priced,
            total,
            shipping_address: draft.shipping_address.clone(),
            payment: Payment {
                method: draft.payment_method,
                status: payment,
            },
            history: orders::placed(now),
            version: 1,
        })
    }
}

/// What tells two bodies apart: the meaning, not the spelling. It is kept for
/// days, so it must not change with the way that a type is laid out: the parts
/// stand here one by one, each with its length before it. What is added later
/// and absent must leave the hash as it is.
fn body_hash(draft: &OrderDraft) -> String {
    let (total, address) = (draft.expected_total, &draft.shipping_address);
    let (amount, currency) = (total.amount().to_string(), total.currency());
    let parts = [
        amount.as_str(),
        currency.as_str(),
        draft.payment_method.as_str(),
        &address.name,
        &address.line1,
        address.line2.as_deref().unwrap_or_default(),
        &address.postal_code,
        &address.city,
        &address.country,
        address.phone.as_deref().unwrap_or_default(),
    ];
    let text: String = parts
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// DynamoDB's own token, of at most 36 characters: the same for every sending
/// of this transaction, another for any other transaction.
fn request_token(user_id: &UserId, order_id: &OrderId) -> String {
    let hash = digest(&SHA256, format!("{user_id} {order_id}").as_bytes());
    let short = hash.as_ref().get(..27).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(short)
}

/// The log's word for a label that is stale for now.
const NOT_SET: &str = "label-not-set";

fn warn(problem: &Problem) {
    if let Some(cause) = problem.cause() {
        log::warn(NOT_SET, cause.as_ref());
    }
}

#[cfg(test)]
mod tests;
