//! What a checkout meets between reading and sending, made to happen.

use super::*;
use crate::catalogue::{Availability, Offer, Product, ProductStatus, Products};
use crate::dynamodb::ItemBuilder;
use crate::testing::{Tables, draft, reaching_now, tables};
use crate::values::PathId;

/// What a checkout answers whose transaction was refused for these parts.
fn verdict(failed: &[Part]) -> &'static str {
    code(interpret_cancellation(failed.to_vec()).unwrap())
}

fn code(sent: SendOutcome) -> &'static str {
    match sent {
        SendOutcome::Committed => "done",
        SendOutcome::KeyUsed(None) => "key-used",
        SendOutcome::KeyUsed(Some(_)) => "key-used-for",
        SendOutcome::ProductChanged => "reprice",
        SendOutcome::Refused(conflict) => Problem::Conflict(conflict).document().code,
    }
}

fn stock() -> Part {
    Part::Stock(ProductId::parse("prod_01arz3ndektsv4rrffq69g5fav").unwrap())
}

#[test]
fn which_condition_failed_decides_the_answer() {
    assert_eq!(verdict(&[stock()]), "out-of-stock");
    assert_eq!(verdict(&[Part::Product]), "reprice");
    assert_eq!(verdict(&[Part::CartLine]), "cart-changed");
    let all = [stock(), Part::Product, Part::CartLine];
    assert_eq!(verdict(&all), "out-of-stock");
}

#[test]
fn a_used_key_comes_before_everything_it_explains() {
    let all = [Part::Key(None), Part::Order, stock(), Part::CartLine];
    assert_eq!(verdict(&all), "key-used");
    assert_eq!(verdict(&[Part::Order, stock()]), "key-used");
    let row = ItemBuilder::new()
        .text("order", OrderId::generate().unwrap().as_str())
        .text("bodyHash", "h");
    let seen = Part::Key(Some(row.into_attributes()));
    assert_eq!(verdict(&[seen, stock()]), "key-used-for");
    let odd = Part::Key(Some(ItemBuilder::new().into_attributes()));
    assert!(interpret_cancellation(vec![odd]).is_err());
}

#[test]
fn a_request_token_fits_and_belongs_to_one_order() {
    let user = UserId::generate().unwrap();
    let (one, two) = (OrderId::generate().unwrap(), OrderId::generate().unwrap());
    assert_eq!(request_token(&user, &one).len(), 36);
    assert_eq!(request_token(&user, &one), request_token(&user, &one));
    assert_ne!(request_token(&user, &one), request_token(&user, &two));
}

/// A checkout in two halves, so that a test can act between them: what was
/// read and priced, before it is sent.
struct Halfway {
    tables: Tables,
    orders: PlaceOrder,
    customer: Customer,
    product: ProductId,
    lines: Vec<CartLine>,
    offer: Offer,
    order: Order,
    deadline: Deadline,
}

async fn halfway(stock: u32, pieces: u32) -> Halfway {
    let tables = tables().await;
    let orders: PlaceOrder = tables.open();
    let customer = tables.customer().await;
    let product = tables.product(stock).await;
    tables.fill_cart(&customer, &product, pieces).await;
    let lines = orders.carts.of(&customer).lines().await.unwrap();
    let cart = orders.read(&lines).await.unwrap();
    let total = u64::from(pieces) * 100;
    let order = cart.price(&draft(total), orders.currency).unwrap();
    let offer = cart.offer;
    Halfway {
        tables,
        orders,
        customer,
        product,
        lines,
        offer,
        order,
        deadline: reaching_now(),
    }
}

impl Halfway {
    async fn send(self) -> (Self, &'static str) {
        let draft = draft(self.order.total.amount());
        let key = IdempotencyKey::parse("k").unwrap();
        let attempt = Attempt {
            customer: &self.customer,
            key: &key,
            refusal: None,
            body_hash: body_hash(&draft),
            draft: &draft,
            deadline: self.deadline,
        };
        let cart = CartSnapshot {
            lines: &self.lines,
            offer: self.offer,
        };
        let sent = self.orders.send(&attempt, &cart, &self.order).await;
        let offer = cart.offer;
        (Self { offer, ..self }, code(sent.unwrap()))
    }

    /// The whole checkout again, as a client that got no answer does.
    async fn place(&self) -> Result<Idempotent<Order>, Problem> {
        let key = IdempotencyKey::parse("k").unwrap();
        let draft = draft(self.order.total.amount());
        self.orders
            .place(&self.customer, &key, &draft, reaching_now())
            .await
    }

    async fn product(&self) -> Product {
        let products: Products = self.tables.open();
        products.get(&self.product).await.unwrap().unwrap()
    }

    async fn stock(&self) -> u32 {
        self.tables.stock(&self.product).await
    }

    /// Changes the product as somebody else would.
    async fn change_product(&self, id: &ProductId, values: ItemBuilder) {
        let key = ItemBuilder::new().text("productId", id.as_str());
        let (key, values) = (key.into_attributes(), values.into_attributes());
        self.tables.change("PRODUCTS_TABLE", key, values).await;
    }

    /// Changes the customer's record as somebody else would.
    async fn change_user(&self, values: ItemBuilder) {
        let id = self.customer.user_id().as_str();
        let key = ItemBuilder::new().text("userId", id).into_attributes();
        let values = values.into_attributes();
        self.tables.change("USERS_TABLE", key, values).await;
    }
}

#[tokio::test]
async fn a_product_that_changed_after_it_was_priced_is_priced_again() {
    let it = halfway(10, 2).await;
    let version = ItemBuilder::new().number("version", 7_u32);
    it.change_product(&it.product, version).await;
    let (it, sent) = it.send().await;
    assert_eq!(sent, "reprice");
    assert_eq!(it.stock().await, 10);
    // The whole checkout reads again, finds the price as it was, and goes on.
    assert!(matches!(it.place().await, Ok(Idempotent::Created(_))));
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn a_price_that_changed_is_told_and_nothing_is_taken() {
    let it = halfway(10, 2).await;
    let price = ItemBuilder::new().number("price", 7_u32);
    it.change_product(&it.product, price).await;
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
    let (it, sent) = it.send().await;
    assert_eq!(sent, "cart-changed");
    assert_eq!(it.stock().await, 10);
}

#[tokio::test]
async fn stock_that_was_sold_meanwhile_is_refused() {
    let it = halfway(10, 9).await;
    let other = it.tables.customer().await;
    it.tables.fill_cart(&other, &it.product, 2).await;
    let key = IdempotencyKey::parse("other").unwrap();
    let placed = it
        .orders
        .place(&other, &key, &draft(200), reaching_now())
        .await;
    assert!(matches!(placed, Ok(Idempotent::Created(_))));
    let (it, sent) = it.send().await;
    assert_eq!(sent, "out-of-stock");
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn a_transaction_that_is_sent_twice_is_done_once() {
    let it = halfway(10, 2).await;
    let (it, sent) = it.send().await;
    assert_eq!(sent, "done");
    let (it, sent) = it.send().await;
    assert_eq!(sent, "done");
    assert_eq!(it.stock().await, 8);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_key() {
    let it = halfway(10, 2).await;
    let (it, sent) = it.send().await;
    assert_eq!(sent, "done");
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
    assert_eq!(it.product().await.availability, Availability::LowStock);
}

#[tokio::test]
async fn a_disabled_customer_buys_nothing() {
    let it = halfway(10, 1).await;
    it.change_user(ItemBuilder::new().number("tokensValidAfter", 7_u32))
        .await;
    assert!(it.place().await.is_ok());
    it.tables.fill_cart(&it.customer, &it.product, 1).await;
    it.change_user(ItemBuilder::new().text("status", "disabled"))
        .await;
    assert!(matches!(it.place().await, Err(Problem::BadToken)));
    assert_eq!(it.stock().await, 9);
}

#[tokio::test]
async fn what_is_no_longer_sold_is_not_ordered_and_leaves_the_cart() {
    let it = halfway(10, 2).await;
    let gone = it.tables.product(10).await;
    it.tables.fill_cart(&it.customer, &gone, 3).await;
    let draft = ItemBuilder::new().word("status", ProductStatus::Draft);
    it.change_product(&gone, draft).await;
    match it.place().await {
        Ok(Idempotent::Created(order)) => assert_eq!(order.lines.len(), 1),
        _ => panic!("it was not placed"),
    }
    assert_eq!(it.stock().await, 8);
    assert_eq!(it.tables.stock(&gone).await, 10);
    let left = it.orders.carts.of(&it.customer).lines().await.unwrap();
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
