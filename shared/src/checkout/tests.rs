//! What a checkout meets between reading and sending, made to happen.

use super::*;
use crate::testing::{Tables, draft, tables};

fn reason(code: &str) -> CancellationReason {
    CancellationReason::builder().code(code).build()
}

/// What a cancelled one-line checkout answers, by the codes of its five
/// actions.
fn verdict(codes: [&str; 5]) -> &'static str {
    let id = crate::ids::PathId::parse("prod_01arz3ndektsv4rrffq69g5fav").unwrap();
    let kinds = [
        Kind::Key,
        Kind::Order,
        Kind::Stock(id),
        Kind::Product,
        Kind::CartLine,
    ];
    match judge(kinds.iter(), &codes.map(reason)) {
        None => "again",
        Some(Sent::Done) => "done",
        Some(Sent::ProductChanged) => "reprice",
        Some(Sent::Refused(problem)) => problem.document().code,
    }
}

const OK: &str = "None";
const NO: &str = "ConditionalCheckFailed";
const MET: &str = "TransactionConflict";

#[test]
fn which_condition_failed_decides_the_answer() {
    assert_eq!(verdict([OK, OK, NO, OK, OK]), "out-of-stock");
    assert_eq!(verdict([OK, OK, OK, NO, OK]), "reprice");
    assert_eq!(verdict([OK, OK, OK, OK, NO]), "cart-changed");
    assert_eq!(verdict([OK, OK, NO, NO, NO]), "out-of-stock");
}

#[test]
fn a_used_key_comes_before_everything_it_explains() {
    assert_eq!(verdict([NO, OK, NO, OK, NO]), "cart-changed");
}

#[test]
fn a_pure_conflict_or_throttling_is_tried_again() {
    assert_eq!(verdict([OK, OK, MET, OK, OK]), "again");
    assert_eq!(verdict([OK, OK, "ThrottlingError", MET, OK]), "again");
    assert_eq!(verdict([OK, OK, MET, OK, NO]), "cart-changed");
}

#[test]
fn a_request_token_fits_and_belongs_to_one_order() {
    let user = UserId::generate().unwrap();
    let (one, two) = (OrderId::generate().unwrap(), OrderId::generate().unwrap());
    assert_eq!(request_token(&user, &one).len(), 36);
    assert_eq!(request_token(&user, &one), request_token(&user, &one));
    assert_ne!(request_token(&user, &one), request_token(&user, &two));
}

#[test]
fn a_pause_grows_and_stays_bounded() {
    for tried in 0..20 {
        assert!(pause(tried).unwrap() <= Duration::from_millis(3200));
    }
}

/// A checkout in two halves, so that a test can act between them: what was
/// read and priced, before it is sent.
struct Halfway {
    tables: Tables,
    checkout: Checkout,
    customer: Customer,
    product: ProductId,
    lines: Vec<CartLine>,
    goods: Goods,
    order: Order,
}

async fn halfway(stock: u32, pieces: u32) -> Halfway {
    let tables = tables().await;
    let checkout: Checkout = tables.open();
    let customer = tables.customer().await;
    let product = tables.product(stock).await;
    tables.fill_cart(&customer, &product, pieces).await;
    let lines = checkout.carts.of(&customer).lines().await.unwrap();
    let goods = checkout.goods(&lines).await.unwrap();
    let total = u64::from(pieces) * 100;
    let order = goods
        .price(&lines, &draft(total), checkout.currency)
        .unwrap();
    Halfway {
        tables,
        checkout,
        customer,
        product,
        lines,
        goods,
        order,
    }
}

impl Halfway {
    async fn send(&self) -> Sent {
        let draft = draft(self.order.total.amount());
        let key = IdempotencyKey::parse("k").unwrap();
        let attempt = Attempt {
            user_id: self.customer.user_id(),
            key: &key,
            body_hash: body_hash(&draft),
            draft: &draft,
        };
        let time_left = TimeLeft::of(Duration::from_secs(10));
        self.checkout
            .send(&attempt, &self.lines, &self.goods, &self.order, time_left)
            .await
            .unwrap()
    }

    /// The whole checkout again, as a client that got no answer does.
    async fn place(&self) -> Result<Idempotent<Order>, Problem> {
        let key = IdempotencyKey::parse("k").unwrap();
        let draft = draft(self.order.total.amount());
        let time_left = TimeLeft::of(Duration::from_secs(10));
        self.checkout
            .place(&self.customer, &key, &draft, time_left)
            .await
    }

    async fn stock(&self) -> u32 {
        self.checkout
            .inventory
            .available(&self.product)
            .await
            .unwrap()
    }

    /// Changes an item of a table as somebody else would.
    async fn meanwhile(&self, table: &str, key: crate::store::item::Attributes, set: &str) {
        self.checkout
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key))
            .update_expression(format!("SET {set}"))
            .expression_attribute_values(":n", number(7_u32))
            .send()
            .await
            .unwrap();
    }

    fn product_key(&self) -> crate::store::item::Attributes {
        let id = self.product.as_str();
        Item::new().text("productId", id).into_attributes()
    }
}

fn refusal(sent: Sent) -> &'static str {
    match sent {
        Sent::Refused(problem) => problem.document().code,
        Sent::Done => "done",
        Sent::ProductChanged => "reprice",
    }
}

#[tokio::test]
async fn a_product_that_changed_after_it_was_priced_is_priced_again() {
    let it = halfway(10, 2).await;
    let table = it.checkout.products.table.clone();
    it.meanwhile(&table, it.product_key(), "version = :n").await;
    assert_eq!(refusal(it.send().await), "reprice");
    assert_eq!(it.stock().await, 10);
    // The whole checkout reads again, finds the price as it was, and goes on.
    assert!(matches!(it.place().await, Ok(Idempotent::Created(_))));
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn a_price_that_changed_is_told_and_nothing_is_taken() {
    let it = halfway(10, 2).await;
    let table = it.checkout.products.table.clone();
    it.meanwhile(&table, it.product_key(), "price = :n").await;
    match it.place().await {
        Err(Problem::Conflict(Conflict::PriceChanged { total })) => {
            assert_eq!(total.amount(), 14);
        }
        _ => panic!("it was not refused"),
    }
    assert_eq!(it.stock().await, 10);
}

#[tokio::test]
async fn a_cart_line_that_changed_is_refused_and_nothing_is_taken() {
    let it = halfway(10, 2).await;
    it.tables.fill_cart(&it.customer, &it.product, 3).await;
    assert_eq!(refusal(it.send().await), "cart-changed");
    assert_eq!(it.stock().await, 10);
}

#[tokio::test]
async fn stock_that_was_sold_meanwhile_is_refused() {
    let it = halfway(10, 9).await;
    let other = it.tables.customer().await;
    it.tables.fill_cart(&other, &it.product, 2).await;
    let key = IdempotencyKey::parse("other").unwrap();
    let time_left = TimeLeft::of(Duration::from_secs(10));
    let placed = it
        .checkout
        .place(&other, &key, &draft(200), time_left)
        .await;
    assert!(matches!(placed, Ok(Idempotent::Created(_))));
    assert_eq!(refusal(it.send().await), "out-of-stock");
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn a_transaction_that_is_sent_twice_is_done_once() {
    let it = halfway(10, 2).await;
    assert_eq!(refusal(it.send().await), "done");
    assert_eq!(refusal(it.send().await), "done");
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_key() {
    let it = halfway(10, 2).await;
    assert_eq!(refusal(it.send().await), "done");
    // The cart is empty by now, so this would be refused if the key were
    // not looked up first.
    match it.place().await {
        Ok(Idempotent::Replayed(order)) => assert_eq!(order, it.order),
        _ => panic!("it was not replayed"),
    }
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn the_last_pieces_change_the_label_that_lists_show() {
    let it = halfway(7, 3).await;
    assert!(matches!(it.place().await, Ok(Idempotent::Created(_))));
    let product = it
        .checkout
        .products
        .find(&it.product)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(product.availability, Availability::LowStock);
}

#[tokio::test]
async fn of_two_labels_the_one_of_the_newer_stock_wins() {
    let it = halfway(10, 1).await;
    let products = &it.checkout.products;
    let label = |availability, version| products.relabel(&it.product, availability, version);
    label(Availability::OutOfStock, 9).await.unwrap();
    label(Availability::LowStock, 8).await.unwrap();
    let product = products.find(&it.product).await.unwrap().unwrap();
    assert_eq!(product.availability, Availability::OutOfStock);
    label(Availability::InStock, 10).await.unwrap();
    let product = products.find(&it.product).await.unwrap().unwrap();
    assert_eq!(product.availability, Availability::InStock);
}

#[tokio::test]
async fn a_disabled_customer_buys_nothing() {
    let it = halfway(10, 1).await;
    let id = it.customer.user_id().as_str();
    let key = Item::new().text("userId", id).into_attributes();
    let users = it.checkout.users.table.clone();
    it.meanwhile(&users, key.clone(), "tokensValidAfter = :n")
        .await;
    assert!(it.place().await.is_ok());
    it.tables.fill_cart(&it.customer, &it.product, 1).await;
    it.checkout
        .client
        .update_item()
        .table_name(&users)
        .set_key(Some(key))
        .update_expression("SET #status = :off")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":off", text("disabled"))
        .send()
        .await
        .unwrap();
    assert!(matches!(it.place().await, Err(Problem::BadToken)));
    assert_eq!(it.stock().await, 9);
}

#[tokio::test]
async fn what_is_no_longer_sold_is_not_ordered_and_leaves_the_cart() {
    let it = halfway(10, 2).await;
    let gone = it.tables.product(10).await;
    it.tables.fill_cart(&it.customer, &gone, 3).await;
    it.checkout
        .client
        .update_item()
        .table_name(&it.checkout.products.table)
        .key("productId", text(gone.as_str()))
        .update_expression("SET #status = :draft")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":draft", text("draft"))
        .send()
        .await
        .unwrap();
    match it.place().await {
        Ok(Idempotent::Created(order)) => assert_eq!(order.lines.len(), 1),
        _ => panic!("it was not placed"),
    }
    assert_eq!(it.stock().await, 8);
    assert_eq!(it.checkout.inventory.available(&gone).await.unwrap(), 10);
    let left = it.checkout.carts.of(&it.customer).lines().await.unwrap();
    assert_eq!(left, []);
}

#[test]
fn a_body_has_the_hash_that_it_had_when_its_key_was_used() {
    assert_eq!(
        body_hash(&draft(500)),
        "4H5khWF8sbkPdvMmgg12ctHZ3HY66WlGZGSsYHgXCmA"
    );
    let mut other = draft(500);
    other.shipping_address.line2 = Some("Berlin".to_owned());
    assert_ne!(body_hash(&other), body_hash(&draft(500)));
}

#[test]
fn a_transaction_that_can_never_pass_is_not_tried_again() {
    assert_eq!(verdict([OK, OK, "ValidationError", OK, OK]), "internal");
    assert_eq!(verdict([OK, OK, OK, "AccessDenied", OK]), "internal");
}
