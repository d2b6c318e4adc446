//! Checkouts before a DynamoDB that misbehaves. Above all: a request that meets
//! its own first sending, at any point of being done, is never told "no".

use std::sync::Arc;
use std::time::Duration;

use cloud::{Calls, Fault, HeldTransaction, ItemKey, Reason};
use tokio::task::JoinHandle;

use super::*;
use crate::carts::{PricedCarts, Quantity};
use crate::dynamodb::{ItemBuilder, Table};
use crate::testing::{Tables, arrived, draft, reaching_now, tables};
use crate::values::unix_millis;

type Placed = Result<Idempotent<Order>, Problem>;

/// A customer with two lines in their cart, three pieces of one product and two
/// of another, at 5.00 together.
#[derive(Clone)]
struct Shopper {
    tables: Arc<Tables>,
    orders: PlaceOrder,
    customer: Arc<Customer>,
    products: [ProductId; 2],
}

const STOCK: u32 = 10;

impl Shopper {
    async fn new() -> Self {
        Self::among(Arc::new(tables().await)).await
    }

    async fn among(tables: Arc<Tables>) -> Self {
        let customer = Arc::new(tables.customer().await);
        let products = [tables.product(STOCK).await, tables.product(STOCK).await];
        let it = Self {
            orders: tables.open(),
            tables,
            customer,
            products,
        };
        it.fill_cart().await;
        it
    }

    async fn fill_cart(&self) {
        for (product, pieces) in self.products.iter().zip([3, 2]) {
            self.tables.fill_cart(&self.customer, product, pieces).await;
        }
    }

    async fn place_by(&self, key: &str, deadline: Deadline) -> Placed {
        let key = IdempotencyKey::parse(key).unwrap();
        let draft = draft(500);
        self.orders
            .place(&self.customer, &key, &draft, deadline)
            .await
    }

    async fn place(&self) -> Placed {
        self.place_by("k", reaching_now()).await
    }

    /// Begins a checkout beside the test.
    fn spawn(&self) -> JoinHandle<Placed> {
        let it = self.clone();
        tokio::spawn(async move { it.place().await })
    }

    /// Begins a checkout whose transaction is held once it is prepared.
    async fn spawn_held(&self) -> (JoinHandle<Placed>, HeldTransaction) {
        let faults = self.tables.faults();
        let mut held = faults.hold(Calls::of("TransactWriteItems"));
        let first = self.spawn();
        held.arrived().await;
        (first, held)
    }

    fn cancel(&self, reasons: Vec<Reason>) -> cloud::Injection {
        let calls = Calls::of("TransactWriteItems");
        self.tables.faults().inject(calls, Fault::Cancel(reasons))
    }

    /// Expects that exactly one order was made, and that it is this one.
    async fn expect_one_order(&self, order: &Order) {
        assert_eq!(self.stock().await, [STOCK - 3, STOCK - 2]);
        let list = self.orders.orders.list(
            &self.customer,
            crate::orders::OrderFilter { status: None },
            &crate::http::PageRequest {
                limit: 10,
                cursor: None,
            },
        );
        let list = serde_json::to_value(list.await.unwrap()).unwrap();
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["orderId"], order.order_id.as_str());
    }

    async fn stock(&self) -> [u32; 2] {
        let [one, two] = &self.products;
        [self.tables.stock(one).await, self.tables.stock(two).await]
    }

    /// Deletes a row of the table of orders, as TTL does.
    async fn delete(&self, sort_key: &str) {
        let table = Table::from_env(&self.tables.env, "ORDERS_TABLE").unwrap();
        let key = table::key(&*self.customer, sort_key);
        table.delete(key).send().await.unwrap();
    }
}

fn replayed(placed: Placed) -> Order {
    match placed {
        Ok(Idempotent::Replayed(order)) => order,
        Ok(Idempotent::Created(_)) => panic!("it was made twice"),
        Err(problem) => panic!("{problem:?}"),
    }
}

fn created(placed: Placed) -> Order {
    match placed {
        Ok(Idempotent::Created(order)) => order,
        Ok(Idempotent::Replayed(_)) => panic!("it was replayed"),
        Err(problem) => panic!("{problem:?}"),
    }
}

fn code(placed: Placed) -> &'static str {
    match placed {
        Ok(_) => "placed",
        Err(problem) => problem.document().code,
    }
}

/// Which part of a checkout's transaction an item is, of six.
fn part(item: &ItemKey, products: &[ProductId; 2]) -> u32 {
    let number = usize::from(item.text("productId") == products[1].as_str());
    let number = u32::try_from(number).unwrap();
    if item.text("orderId").starts_with("key#") {
        0
    } else if !item.text("orderId").is_empty() {
        1
    } else if !item.text("bucket").is_empty() {
        2 + number
    } else if !item.text("userId").is_empty() {
        4 + number
    } else {
        // A product, which isn't changed.
        6
    }
}

#[tokio::test]
async fn a_retry_that_sees_any_part_of_its_first_attempt_gets_its_order() {
    let tables = Arc::new(tables().await);
    for shown in 0..64_u32 {
        let it = Shopper::among(Arc::clone(&tables)).await;
        let (first, held) = it.spawn_held().await;
        let products = it.products.clone();
        let shows = move |item: &ItemKey| shown & (1 << part(item, &products)) != 0;
        held.apply(shows).await;
        // The client gives up on the first attempt, and asks again.
        let retry = it.spawn();
        tokio::time::sleep(Duration::from_millis(60)).await;
        // Only with key and order in sight can it know already.
        assert!(!retry.is_finished() || shown & 3 == 3, "{shown:06b}");
        held.finish().await;
        let made = created(first.await.unwrap());
        assert_eq!(replayed(retry.await.unwrap()), made, "{shown:06b}");
        it.expect_one_order(&made).await;
    }
}

#[tokio::test]
async fn a_retry_waits_for_a_first_attempt_that_is_prepared_whatever_comes_of_it() {
    for committed in [true, false] {
        let it = Shopper::new().await;
        let (first, held) = it.spawn_held().await;
        let retry = it.spawn();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!retry.is_finished());
        if committed {
            held.finish_without_answer().await;
        } else {
            held.cancel().await;
        }
        // One of them makes the order, and the other finds it.
        let (first, retry) = (first.await.unwrap(), retry.await.unwrap());
        let order = match first {
            Ok(Idempotent::Created(order)) => {
                assert_eq!(replayed(retry), order);
                order
            }
            first => {
                let order = created(retry);
                assert_eq!(replayed(first), order);
                order
            }
        };
        it.expect_one_order(&order).await;
    }
}

#[tokio::test]
async fn a_refusal_for_other_reasons_waits_for_the_first_attempt_too() {
    // What is in the cart by now would be refused each time.
    let it = Shopper::new().await;
    let (first, held) = it.spawn_held().await;
    let products = it.products.clone();
    held.apply(move |item| part(item, &products) >= 4).await;
    // The first attempt's lines are gone; a new one is more than there is.
    it.tables
        .fill_cart(&it.customer, &it.products[0], STOCK + 1)
        .await;
    let retry = it.spawn();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!retry.is_finished());
    held.finish().await;
    let made = created(first.await.unwrap());
    assert_eq!(replayed(retry.await.unwrap()), made);
}

#[tokio::test]
async fn a_conflict_is_sent_again_whatever_else_failed_with_it() {
    let failed = || Reason::ConditionFailed(None);
    let (none, conflict) = (Reason::None, Reason::Conflict);
    // Key, order, then stock and product of each line, then the lines.
    for reasons in [
        vec![
            none.clone(),
            none.clone(),
            conflict.clone(),
            none.clone(),
            failed(),
        ],
        vec![conflict.clone(), none.clone(), failed(), failed(), failed()],
        vec![none.clone(), conflict.clone(), failed()],
        vec![Reason::Throttled, none.clone(), none.clone(), failed()],
        vec![none.clone(), none.clone(), conflict.clone()],
        vec![none.clone(), none.clone(), none.clone(), conflict],
    ] {
        let it = Shopper::new().await;
        let met = it.cancel(reasons.clone());
        let order = created(it.place().await);
        assert_eq!(met.hits(), 1, "{reasons:?}");
        it.expect_one_order(&order).await;
    }
}

#[tokio::test]
async fn a_key_that_was_seen_counts_even_when_it_has_expired_since() {
    let it = Shopper::new().await;
    let order = created(it.place().await);
    it.fill_cart().await;
    let key = IdempotencyKey::parse("k").unwrap();
    let row = serde_json::json!({
        "userId": { "S": it.customer.user_id().as_str() },
        "orderId": { "S": table::sort_key(&key) },
        "order": { "S": order.order_id.as_str() },
        "bodyHash": { "S": body_hash(&draft(500)) },
    });
    it.delete(&table::sort_key(&key)).await;
    let used = || Reason::ConditionFailed(Some(row.clone()));
    for others in [Reason::Conflict, Reason::ConditionFailed(None)] {
        it.cancel(vec![used(), Reason::None, others]);
        assert_eq!(replayed(it.place().await), order);
    }
    // A key that was in the way, and of which nothing is left to see.
    it.cancel(vec![Reason::ConditionFailed(None)]);
    assert_eq!(code(it.place().await), "unavailable");
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn a_key_without_its_order_is_unavailable_and_never_absent() {
    let it = Shopper::new().await;
    let order = created(it.place().await);
    it.delete(order.order_id.as_str()).await;
    // Found before a refusal, and found in the way.
    assert_eq!(code(it.place().await), "unavailable");
    it.fill_cart().await;
    assert_eq!(code(it.place().await), "unavailable");
}

#[tokio::test]
async fn a_key_that_is_late_to_be_deleted_still_has_its_order() {
    let it = Shopper::new().await;
    let order = created(it.place().await);
    let key = IdempotencyKey::parse("k").unwrap();
    let expired = ItemBuilder::new().number("expiresAt", 1_u32);
    let key = table::key(&*it.customer, &table::sort_key(&key));
    let tables = &it.tables;
    tables
        .change("ORDERS_TABLE", key, expired.into_attributes())
        .await;
    assert_eq!(replayed(it.place().await), order);
    it.fill_cart().await;
    assert_eq!(replayed(it.place().await), order);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    for fault in [
        Fault::FailAfter,
        Fault::DropAfter,
        Fault::FailBefore,
        Fault::DropBefore,
        Fault::Throttle,
    ] {
        let it = Shopper::new().await;
        // More often than the SDK itself asks.
        let calls = Calls::of("TransactWriteItems").times(4);
        let met = it.tables.faults().inject(calls, fault.clone());
        let order = created(it.place().await);
        assert_eq!(met.hits(), 4, "{fault:?}");
        it.expect_one_order(&order).await;
    }
}

#[tokio::test]
async fn whatever_never_ends_is_unavailable_once_the_time_is_up() {
    let it = Shopper::new().await;
    let orders = it.tables.table("ORDERS_TABLE").to_owned();
    // Before the seventh try are six pauses: five of 1.55 s together at most, and one that ends with
    // the time. The rest is for the calls themselves, on a slow machine, too.
    let wait = Duration::from_millis(4000);
    for (operation, fault, tries) in [
        ("TransactWriteItems", Fault::Conflict, 7),
        ("TransactWriteItems", Fault::AnswerLate(wait * 2), 1),
        ("TransactGetItems", Fault::Conflict, 7),
    ] {
        let calls = Calls::of(operation).on(&orders).always();
        let met = it.tables.faults().inject(calls, fault);
        let clock = Deadline::after(Duration::from_secs(60));
        let begun = clock.remaining();
        // Of the second one the outcome is not known, so its key is asked for.
        let deadline = Deadline::after(wait);
        assert_eq!(code(it.place_by("k", deadline).await), "unavailable");
        let took = begun - clock.remaining();
        assert!(took >= wait - Duration::from_millis(700), "{took:?}");
        assert!(took < wait, "{took:?}");
        assert!(met.hits() >= tries, "{operation}: {}", met.hits());
        it.tables.faults().clear();
        tokio::time::sleep(wait).await;
    }
    replayed(it.place().await);
    assert_eq!(it.stock().await, [STOCK - 3, STOCK - 2]);
}

#[tokio::test]
async fn a_refusal_is_written_down_and_the_key_looked_up_in_transactions_only() {
    let it = Shopper::new().await;
    let cart = it.orders.carts.of(&it.customer);
    let deadline = reaching_now();
    for product in &it.products {
        cart.remove(product, deadline).await.unwrap();
    }
    let orders = it.tables.table("ORDERS_TABLE").to_owned();
    let count = |operation: &str| {
        let calls = Calls::of(operation).on(&orders).always();
        let nothing = Fault::Delay(Duration::ZERO);
        it.tables.faults().inject(calls, nothing)
    };
    let (reads, writes) = (count("TransactGetItems"), count("TransactWriteItems"));
    let plain = ["GetItem", "PutItem", "UpdateItem"].map(count);
    assert_eq!(code(it.place().await), "empty-cart");
    assert_eq!((reads.hits(), writes.hits()), (1, 1));
    it.fill_cart().await;
    created(it.place().await);
    assert_eq!((reads.hits(), writes.hits()), (2, 2));
    // A replay: the key, and the order with it.
    replayed(it.place().await);
    assert_eq!((reads.hits(), writes.hits()), (4, 2));
    assert!(plain.iter().all(|it| it.hits() == 0));
}

#[tokio::test]
async fn once_a_request_was_refused_none_of_its_key_that_began_before_makes_an_order() {
    let it = Shopper::new().await;
    // The first one meets others, and waits to be sent again.
    let calls = Calls::of("TransactWriteItems").times(6);
    let met = it.tables.faults().inject(calls, Fault::Conflict);
    let first = it.spawn();
    while met.hits() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    it.tables.fill_cart(&it.customer, &it.products[0], 2).await;
    assert_eq!(code(it.place().await), "price-changed");
    // The cart is again as the first one read it.
    it.fill_cart().await;
    assert_eq!(code(first.await.unwrap()), "cart-changed");
    assert_eq!(it.stock().await, [STOCK, STOCK]);
    // One that begins now does.
    let order = created(it.place().await);
    assert_eq!(replayed(it.place().await), order);
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn a_sending_that_is_late_makes_no_order_after_the_refusal() {
    let it = Shopper::new().await;
    let calls = Calls::of("TransactWriteItems");
    let late = Fault::Delay(Duration::from_millis(3500));
    let met = it.tables.faults().inject(calls, late);
    let sent = it.spawn();
    while met.hits() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    it.tables.fill_cart(&it.customer, &it.products[0], 1).await;
    // The SDK has sent it again after two seconds.
    assert_eq!(code(sent.await.unwrap()), "cart-changed");
    it.fill_cart().await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(it.stock().await, [STOCK, STOCK]);
    let order = created(it.place().await);
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn a_request_that_was_on_its_way_when_another_was_refused_makes_no_order() {
    let it = Shopper::new().await;
    let now = unix_millis();
    it.tables.fill_cart(&it.customer, &it.products[0], 1).await;
    let refused = it.place_by("k", arrived(now)).await;
    assert_eq!(code(refused), "price-changed");
    it.fill_cart().await;
    // The very same, delivered once more; and one that its sender had given up.
    for late in [now, now - 5000] {
        assert_eq!(code(it.place_by("k", arrived(late)).await), "cart-changed");
    }
    assert_eq!(it.stock().await, [STOCK, STOCK]);
    // What is sent after the refusal does, and then all of them tell of it.
    let order = created(it.place_by("k", arrived(now + 1)).await);
    for late in [now, now - 5000] {
        assert_eq!(replayed(it.place_by("k", arrived(late)).await), order);
    }
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn a_key_makes_its_order_after_any_number_of_refusals() {
    let it = Shopper::new().await;
    for _ in 0..3 {
        it.tables.fill_cart(&it.customer, &it.products[0], 1).await;
        let refused: Vec<_> = (0..3).map(|_| it.spawn()).collect();
        for placed in refused {
            assert_eq!(code(placed.await.unwrap()), "price-changed");
        }
    }
    it.fill_cart().await;
    let order = created(it.place().await);
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn two_requests_with_one_key_at_once_are_one_order() {
    let it = Shopper::new().await;
    let sent: Vec<_> = (0..6).map(|_| it.spawn()).collect();
    let mut orders = Vec::new();
    for placed in sent {
        orders.push(match placed.await.unwrap() {
            Ok(Idempotent::Created(order) | Idempotent::Replayed(order)) => order,
            Err(problem) => panic!("{problem:?}"),
        });
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
    it.expect_one_order(&orders[0]).await;
}

/// Returns what is in the cart: how many pieces of which product.
async fn cart_of(it: &Shopper) -> Vec<(ProductId, u32)> {
    let lines = it.orders.carts.of(&it.customer).lines().await.unwrap();
    let line = |line: &CartLine| (line.product_id.clone(), line.quantity.get());
    lines.iter().map(line).collect()
}

#[tokio::test]
async fn pieces_that_were_put_into_the_cart_once_are_ordered_once() {
    let it = Shopper::new().await;
    let carts: PricedCarts = it.tables.open();
    let three = Quantity::new(3).unwrap();
    let (now, product) = (unix_millis(), &it.products[0]);
    let set = async |at: u64| carts.set(&it.customer, product, three, arrived(at)).await;
    set(now + 1000).await.unwrap();
    let order = created(it.place_by("k", arrived(now + 2000)).await);
    // It is delivered once more, and answered with the cart as it is.
    let cart = serde_json::to_value(set(now + 1000).await.unwrap()).unwrap();
    assert_eq!(cart["items"], serde_json::json!([]));
    assert_eq!(cart_of(&it).await, []);
    let again = it.place_by("other", arrived(now + 3000)).await;
    assert_eq!(code(again), "empty-cart");
    it.expect_one_order(&order).await;
    // What is put in afterwards is there.
    set(now + 4000).await.unwrap();
    assert_eq!(cart_of(&it).await, [(product.clone(), 3)]);
}

#[tokio::test]
async fn a_late_write_of_a_line_does_not_bring_it_back_after_it_was_ordered() {
    let it = Shopper::new().await;
    let carts = it.tables.table("CARTS_TABLE").to_owned();
    // The SDK sends it again after two seconds; the first one has its effect later.
    let late = Fault::Delay(Duration::from_millis(3500));
    let calls = Calls::of("UpdateItem").on(&carts);
    let met = it.tables.faults().inject(calls, late);
    it.tables.fill_cart(&it.customer, &it.products[0], 3).await;
    assert_eq!(met.hits(), 1);
    let order = created(it.place().await);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(cart_of(&it).await, []);
    it.expect_one_order(&order).await;
}

#[tokio::test]
async fn a_line_that_was_set_by_the_clock_of_another_gateway_is_ordered_once_too() {
    let it = Shopper::new().await;
    let carts: PricedCarts = it.tables.open();
    let three = Quantity::new(3).unwrap();
    let (ahead, product) = (unix_millis() + 60_000, &it.products[0]);
    let set = async || {
        carts
            .set(&it.customer, product, three, arrived(ahead))
            .await
    };
    set().await.unwrap();
    let order = created(it.place().await);
    set().await.unwrap();
    assert_eq!(cart_of(&it).await, []);
    it.expect_one_order(&order).await;
}
