//! Carts over an embedded DynamoDB: their size, and what they meet.

use std::time::Duration;

use cloud::{Calls, Fault, Injection};

use super::cart::{MAX_LINES, Quantity};
use super::table::LineRefusal;
use super::{Cart, CartLine, Carts, PricedCarts};
use crate::catalogue::{DeleteProduct, Products};
use crate::dynamodb::{Attributes, ItemBuilder, ItemReader, Outcome, Table, Transaction};
use crate::http::{Deadline, Problem};
use crate::identity::{Customer, Identity, Role, super_admin_for_tests};
use crate::testing::{Tables, arrived, reaching_now, tables};
use crate::values::{PathId, ProductId, Timestamp};

fn one() -> Quantity {
    pieces(1)
}

fn pieces(pieces: u32) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn key(customer: &Customer, product: &ProductId) -> Attributes {
    ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("productId", product.as_str())
        .into_attributes()
}

/// Returns how many pieces of each product are in a customer's cart.
async fn quantities(carts: &Carts, customer: &Customer) -> Vec<u32> {
    let lines = carts.of(customer).lines().await.unwrap();
    let quantity = |line: &CartLine| line.quantity.get();
    lines.iter().map(quantity).collect()
}

/// Publishes a product, or takes it off the list.
async fn set_status(tables: &Tables, product: &ProductId, status: &str) {
    let key = ItemBuilder::new().text("productId", product.as_str());
    let status = ItemBuilder::new().text("status", status).into_attributes();
    tables
        .change("PRODUCTS_TABLE", key.into_attributes(), status)
        .await;
}

/// Fills a cart with as many lines as it may have.
async fn fill(tables: &Tables, customer: &Customer) {
    for _ in 0..MAX_LINES {
        let product = tables.product(10).await;
        tables.fill_cart(customer, &product, 1).await;
    }
}

/// Returns the table of carts as others see it.
fn rows(tables: &Tables) -> Table {
    Table::from_env(&tables.env_with_all(&[]), "CARTS_TABLE").unwrap()
}

/// Lets a line expire as time does; DynamoDB has not deleted it yet.
async fn expire(tables: &Tables, customer: &Customer, product: &ProductId) {
    let past = ItemBuilder::new()
        .number("expiresAt", 1_u32)
        .into_attributes();
    tables
        .change("CARTS_TABLE", key(customer, product), past)
        .await;
}

#[tokio::test]
async fn a_line_that_has_expired_is_no_way_to_a_33rd_one() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let old = tables.product(10).await;
    tables.fill_cart(&customer, &old, 7).await;
    expire(&tables, &customer, &old).await;
    fill(&tables, &customer).await;
    let refused = priced.set(&customer, &old, one(), reaching_now()).await;
    assert!(matches!(refused, Err(Problem::Invalid(_))), "{refused:?}");
    let lines = carts.of(&customer).lines().await.unwrap();
    assert_eq!(lines.len(), MAX_LINES);
    assert!(lines.iter().all(|line| line.product_id != old));
    // One that is there may still be changed.
    let there = &lines[0].product_id;
    assert!(
        priced
            .set(&customer, there, one(), reaching_now())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_refused_request_that_is_delivered_again_sets_no_line_of_what_was_published_since() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    for there in [0, 2] {
        let product = tables.product(10).await;
        if there > 0 {
            tables.fill_cart(&customer, &product, there).await;
        }
        let set = async |deadline| priced.set(&customer, &product, pieces(5), deadline).await;
        set_status(&tables, &product, "draft").await;
        let once = reaching_now();
        assert!(matches!(set(once).await, Err(Problem::NotFound)));
        set_status(&tables, &product, "published").await;
        assert!(matches!(set(once).await, Err(Problem::NotFound)), "again");
        let lines = carts.of(&customer).lines().await.unwrap();
        let line = lines.iter().find(|it| it.product_id == product);
        assert_eq!(line.map_or(0, |it| it.quantity.get()), there);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(set(reaching_now()).await.is_ok());
        let lines = carts.of(&customer).lines().await.unwrap();
        let line = lines.iter().find(|it| it.product_id == product);
        assert_eq!(line.unwrap().quantity.get(), 5);
    }
}

#[tokio::test]
async fn of_two_deliveries_one_that_is_refused_refuses_the_other_too() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let set = async |at| match cart.set(&product, one(), None, arrived(at)).await {
        Ok(set) => set.is_some(),
        Err(Problem::NotFound) => false,
        Err(problem) => panic!("{problem:?}"),
    };
    // The other one has read the product before it was taken off the list.
    assert!(cart.refuse(&product, arrived(5000)).await.unwrap());
    assert!(!set(5000).await);
    // Nor does one that arrived before, and comes after it, as any delivery of one that was
    // refused before the last one.
    assert!(cart.refuse(&product, arrived(6000)).await.unwrap());
    assert!(cart.refuse(&product, arrived(5500)).await.unwrap());
    for at in [4999, 5000, 5500, 6000] {
        let refused = cart.set(&product, one(), None, arrived(at)).await;
        assert!(matches!(refused, Err(Problem::NotFound)), "{at}");
    }
    assert!(quantities(&carts, &customer).await.is_empty());
    assert!(set(6001).await);
    assert_eq!(quantities(&carts, &customer).await, [1]);
    // A later one has set the line since, but each delivery is answered alike.
    assert!(matches!(
        cart.set(&product, pieces(2), None, arrived(6000)).await,
        Err(Problem::NotFound)
    ));
    assert_eq!(quantities(&carts, &customer).await, [1]);
}

#[tokio::test]
async fn a_refused_request_is_in_the_way_of_no_removal_and_no_order() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let set = async |at| {
        let set = cart.set(&product, pieces(2), None, arrived(at)).await;
        assert!(set.unwrap().is_some());
        cart.lines().await.unwrap().remove(0)
    };
    let line = set(3000).await;
    assert!(cart.refuse(&product, arrived(5000)).await.unwrap());
    assert_eq!(cart.lines().await.unwrap(), std::slice::from_ref(&line));
    // It arrived before the one that was refused, and is done after it.
    cart.remove(&product, arrived(4999)).await.unwrap();
    assert!(quantities(&carts, &customer).await.is_empty());

    let line = set(5001).await;
    assert!(cart.refuse(&product, arrived(7000)).await.unwrap());
    let taken = Transaction::new().with((), cart.take(&line, arrived(6000)));
    let table = rows(&tables);
    let taken = taken.commit(table.client()).await.unwrap();
    assert_eq!(taken, Outcome::Committed);
    assert!(quantities(&carts, &customer).await.is_empty());
}

#[tokio::test]
async fn of_two_deliveries_one_that_sets_the_line_lets_none_be_refused() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let product = tables.product(10).await;
    let once = reaching_now();
    let set = async |deadline| priced.set(&customer, &product, pieces(5), deadline).await;
    set(once).await.unwrap();
    set_status(&tables, &product, "draft").await;
    let again = set(once).await.unwrap();
    let again = serde_json::to_value(again).unwrap();
    assert_eq!(again["items"][0]["quantity"], 5);
    assert_eq!(again["items"][0]["purchasable"], false);
    tokio::time::sleep(Duration::from_millis(2)).await;
    let later = set(reaching_now()).await;
    assert!(matches!(later, Err(Problem::NotFound)));
    assert_eq!(quantities(&carts, &customer).await, [5]);
    // It has set the line before that one was refused.
    set_status(&tables, &product, "published").await;
    assert!(set(once).await.is_ok());
    assert_eq!(quantities(&carts, &customer).await, [5]);
}

#[tokio::test]
async fn a_refusal_is_remembered_as_long_whatever_the_row_was() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let now = Timestamp::now().unix();
    for (is_removed, is_expired) in [(true, false), (true, true), (false, true)] {
        let product = tables.product(10).await;
        cart.set(&product, one(), None, arrived(5000))
            .await
            .unwrap();
        if is_removed {
            cart.remove(&product, arrived(6000)).await.unwrap();
        }
        if is_expired {
            expire(&tables, &customer, &product).await;
        }
        let deadline = reaching_now();
        assert!(cart.refuse(&product, deadline).await.unwrap());
        assert!(quantities(&carts, &customer).await.is_empty());
        let table = rows(&tables);
        let row = table.get(key(&customer, &product)).await.unwrap().unwrap();
        let ends: i64 = ItemReader::from(&row).number("expiresAt").unwrap();
        assert!(ends >= now + 60 * 60, "{is_removed} {is_expired}");
        let late = cart.set(&product, one(), None, deadline).await;
        assert!(matches!(late, Err(Problem::NotFound)));
    }
}

#[tokio::test]
async fn a_line_that_has_expired_is_not_shown_and_is_made_anew() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let product = tables.product(10).await;
    tables.fill_cart(&customer, &product, 7).await;
    expire(&tables, &customer, &product).await;
    let cart = priced.get(&customer).await.unwrap();
    let shown = serde_json::to_value(cart).unwrap();
    assert_eq!(shown["items"], serde_json::json!([]));

    // Its answer is lost: the attempt that the SDK sends again knows its line.
    let lost = Calls::of("UpdateItem").on(tables.table("CARTS_TABLE"));
    let lost = tables.faults().inject(lost.from_nth(2), Fault::DropAfter);
    let set = carts
        .of(&customer)
        .set(&product, one(), None, reaching_now())
        .await;
    assert!(set.unwrap().is_some());
    assert_eq!(lost.hits(), 1);
    let lines = carts.of(&customer).lines().await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].quantity, one());
    let set = carts
        .of(&customer)
        .set(&product, one(), None, reaching_now())
        .await;
    assert!(set.unwrap().is_none());
}

#[tokio::test]
async fn an_edit_that_meets_a_transaction_is_done_after_it() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let meet = |operation: &str| -> Injection {
        let calls = Calls::of(operation).on(tables.table("CARTS_TABLE"));
        tables.faults().inject(calls.times(8), Fault::Conflict)
    };
    let met = meet("UpdateItem");
    assert!(
        cart.set(&product, one(), None, reaching_now())
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(met.hits(), 8);
    let met = meet("UpdateItem");
    cart.remove(&product, reaching_now()).await.unwrap();
    assert_eq!(met.hits(), 8);
    assert_eq!(cart.lines().await.unwrap(), []);
}

#[tokio::test]
async fn what_arrived_before_a_line_was_changed_or_removed_changes_it_no_more() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let shows = async |quantity: u32, deadline: Deadline| {
        let set = priced.set(&customer, &product, pieces(quantity), deadline);
        let shown = serde_json::to_value(set.await.unwrap()).unwrap();
        shown["items"][0]["quantity"].as_u64()
    };
    assert_eq!(shows(3, arrived(1000)).await, Some(3));
    assert_eq!(shows(5, arrived(2000)).await, Some(5));
    // It is answered, with the cart as it is.
    assert_eq!(shows(3, arrived(1000)).await, Some(5));
    cart.remove(&product, arrived(1999)).await.unwrap();
    assert_eq!(quantities(&carts, &customer).await, [5]);

    cart.remove(&product, arrived(3000)).await.unwrap();
    assert_eq!(shows(3, arrived(2999)).await, None);
    assert!(quantities(&carts, &customer).await.is_empty());
    // Removed once more, the later one counts.
    cart.remove(&product, arrived(4000)).await.unwrap();
    cart.remove(&product, arrived(3500)).await.unwrap();
    assert!(
        cart.set(&product, one(), None, arrived(3999))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        cart.set(&product, one(), None, arrived(4001))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(quantities(&carts, &customer).await, [1]);
    // One that is delivered twice is the same twice.
    let again = cart.set(&product, one(), None, arrived(4001)).await;
    assert!(again.unwrap().is_none());
    assert_eq!(quantities(&carts, &customer).await, [1]);
}

#[tokio::test]
async fn what_arrived_before_an_expired_line_was_set_does_not_make_it_anew() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    assert!(
        cart.set(&product, one(), None, arrived(2000))
            .await
            .unwrap()
            .is_some()
    );
    expire(&tables, &customer, &product).await;
    assert!(
        cart.set(&product, one(), None, arrived(1999))
            .await
            .unwrap()
            .is_none()
    );
    assert!(quantities(&carts, &customer).await.is_empty());
    assert!(
        cart.set(&product, one(), None, arrived(2001))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(quantities(&carts, &customer).await, [1]);
}

#[tokio::test]
async fn a_line_from_before_arrivals_were_kept_is_set_and_removed() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    for _ in 0..2 {
        let product = tables.product(10).await;
        let line = ItemBuilder::new()
            .number("quantity", 2_u32)
            .text("madeBy", "somebody")
            .number("expiresAt", 9_999_999_999_u64)
            .into_attributes();
        tables
            .change("CARTS_TABLE", key(&customer, &product), line)
            .await;
    }
    let lines = cart.lines().await.unwrap();
    let set = cart
        .set(&lines[0].product_id, one(), None, reaching_now())
        .await;
    assert!(set.unwrap().is_none());
    cart.remove(&lines[1].product_id, reaching_now())
        .await
        .unwrap();
    assert_eq!(quantities(&carts, &customer).await, [1]);
}

#[tokio::test]
async fn lines_that_were_removed_take_no_room_and_are_made_anew() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let mut products = Vec::new();
    for _ in 0..MAX_LINES + 1 {
        let product = tables.product(10).await;
        tables.fill_cart(&customer, &product, 1).await;
        carts
            .of(&customer)
            .remove(&product, reaching_now())
            .await
            .unwrap();
        products.push(product);
    }
    assert!(quantities(&carts, &customer).await.is_empty());
    let (last, others) = products.split_last().unwrap();
    for product in others {
        tables.fill_cart(&customer, product, 1).await;
    }
    let refused = priced.set(&customer, last, one(), reaching_now()).await;
    assert!(matches!(refused, Err(Problem::Invalid(_))), "{refused:?}");
    assert_eq!(quantities(&carts, &customer).await.len(), MAX_LINES);
}

#[tokio::test]
async fn lines_are_found_behind_pages_of_what_was_removed() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let product = tables.product(10).await;
    tables.fill_cart(&customer, &product, 2).await;
    // More than the megabyte of one answer stands before it.
    let text = "x".repeat(300_000);
    for number in 0..5 {
        let removed = ProductId::parse(&format!("prod_0000000000000000000000000{number}")).unwrap();
        let row = ItemBuilder::new()
            .number("quantity", 0_u32)
            .number("at", 1_u32)
            .number("expiresAt", 9_999_999_999_u64)
            .text("filler", &*text)
            .into_attributes();
        tables
            .change("CARTS_TABLE", key(&customer, &removed), row)
            .await;
    }
    let queries = Calls::of("Query").on(tables.table("CARTS_TABLE")).always();
    let queries = tables
        .faults()
        .inject(queries, Fault::Delay(Duration::ZERO));
    assert_eq!(quantities(&carts, &customer).await, [2]);
    assert!(queries.hits() > 1, "{}", queries.hits());
}

#[tokio::test]
async fn what_was_never_in_a_cart_leaves_nothing_when_it_is_removed() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    cart.remove(&product, arrived(5000)).await.unwrap();
    assert!(
        cart.set(&product, one(), None, arrived(4000))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_line_too_many_that_another_request_sets_meanwhile_is_not_lost() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let priced: PricedCarts = tables.open();
    fill(&tables, &customer).await;
    let product = tables.product(10).await;
    let reads = Calls::of("Query").on(tables.table("CARTS_TABLE"));
    let slow = Fault::Delay(Duration::from_millis(500));
    let reads = tables.faults().inject(reads, slow);
    let first = async {
        priced
            .set(&customer, &product, pieces(3), reaching_now())
            .await
    };
    let second = async {
        while reads.hits() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        priced
            .set(&customer, &product, pieces(5), reaching_now())
            .await
    };
    let (first, second) = tokio::join!(first, second);
    let there = |cart: Result<Cart, Problem>| {
        let cart = serde_json::to_value(cart.unwrap()).unwrap();
        let items = cart["items"].as_array().unwrap().clone();
        let id = product.as_str();
        let line = items.iter().find(|item| item["productId"] == id);
        line.map(|line| line["quantity"].as_u64().unwrap())
    };
    assert_eq!(there(second), Some(5));
    assert_eq!(there(first), Some(5));
    assert_eq!(there(priced.get(&customer).await), Some(5));
}

#[tokio::test]
async fn a_line_too_many_that_was_ordered_meanwhile_is_not_refused() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let (early, late) = (arrived(5000), arrived(5001));
    let set = cart
        .set(&product, one(), None, early)
        .await
        .unwrap()
        .unwrap();
    let line = cart.lines().await.unwrap().remove(0);
    let table = rows(&tables);
    let order = Transaction::new().with((), cart.take(&line, late));
    let ordered = order.commit(table.client()).await.unwrap();
    assert_eq!(ordered, Outcome::Committed);
    cart.withdraw(&product, &set, early).await.unwrap();
    assert_eq!(cart.refusal(&product, early).await.unwrap(), None);
}

#[tokio::test]
async fn a_withdrawal_forgets_no_later_refusal() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let set = cart.set(&product, one(), None, arrived(5000)).await;
    assert!(cart.refuse(&product, arrived(6000)).await.unwrap());
    cart.withdraw(&product, &set.unwrap().unwrap(), arrived(5000))
        .await
        .unwrap();
    assert!(quantities(&carts, &customer).await.is_empty());
    for at in [5000, 6000] {
        let late = cart.set(&product, one(), None, arrived(at)).await;
        assert!(matches!(late, Err(Problem::NotFound)), "{at}");
    }
    assert!(cart.set(&product, one(), None, arrived(6001)).await.is_ok());
}

#[tokio::test]
async fn a_line_too_many_does_not_come_back_by_a_late_write_of_its_request() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    fill(&tables, &customer).await;
    let product = tables.product(10).await;
    let refused = priced.set(&customer, &product, one(), arrived(5000)).await;
    assert!(matches!(refused, Err(Problem::Invalid(_))), "{refused:?}");
    let cart = carts.of(&customer);
    let late = cart.set(&product, one(), None, arrived(5000)).await;
    assert!(matches!(late, Err(Problem::Invalid(_))));
    assert_eq!(quantities(&carts, &customer).await.len(), MAX_LINES);
}

#[tokio::test]
async fn a_withdrawal_whose_answer_is_lost_is_a_withdrawal() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    let deadline = reaching_now();
    let set = cart.set(&product, one(), None, deadline).await;
    let lost = Calls::of("UpdateItem").on(tables.table("CARTS_TABLE"));
    let lost = tables.faults().inject(lost, Fault::DropAfter);
    cart.withdraw(&product, &set.unwrap().unwrap(), deadline)
        .await
        .unwrap();
    let refusal = cart.refusal(&product, deadline).await.unwrap();
    assert_eq!(refusal, Some(LineRefusal::Full));
    assert_eq!(lost.hits(), 1);
    assert!(quantities(&carts, &customer).await.is_empty());
}

#[tokio::test]
async fn a_line_that_is_no_longer_sold_is_dropped_only_as_it_was_read() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let carts: Carts = tables.open();
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    for (set_again, at) in [(5, 2000), (1, 3000), (1, 4001)] {
        cart.set(&product, one(), None, arrived(at - 1))
            .await
            .unwrap();
        let line = cart.lines().await.unwrap().remove(0);
        let again = cart
            .set(&product, pieces(set_again), None, arrived(at))
            .await;
        assert!(again.unwrap().is_none());
        let dropped = cart.drop_unsold(&line, None, arrived(9000)).await;
        assert!(!dropped.unwrap());
        assert_eq!(quantities(&carts, &customer).await, [set_again]);
    }
    let line = cart.lines().await.unwrap().remove(0);
    let dropped = cart.drop_unsold(&line, None, arrived(9000)).await;
    assert!(dropped.unwrap());
    assert!(quantities(&carts, &customer).await.is_empty());
    // Whatever set it can't do so again; what came later can.
    let again = async |at| cart.set(&product, one(), None, arrived(at)).await.unwrap();
    assert!(again(4001).await.is_none());
    assert!(quantities(&carts, &customer).await.is_empty());
    assert!(again(8000).await.is_some());
}

#[tokio::test]
async fn a_line_that_is_sold_again_is_not_dropped() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (carts, products): (Carts, Products) = (tables.open(), tables.open());
    let cart = carts.of(&customer);
    let product = tables.product(10).await;
    tables.fill_cart(&customer, &product, 3).await;
    let line = cart.lines().await.unwrap().remove(0);
    set_status(&tables, &product, "draft").await;
    let draft = products.get(&product).await.unwrap().unwrap();
    let drop_unsold = async || {
        let is_unsold = Some(products.check_unchanged(&draft));
        let dropped = cart.drop_unsold(&line, is_unsold, reaching_now()).await;
        dropped.unwrap()
    };
    let published = ItemBuilder::new()
        .text("status", "published")
        .number("version", draft.version + 1)
        .into_attributes();
    let row = ItemBuilder::new().text("productId", product.as_str());
    tables
        .change("PRODUCTS_TABLE", row.into_attributes(), published)
        .await;
    assert!(!drop_unsold().await);
    assert_eq!(quantities(&carts, &customer).await, [3]);
    let row = ItemBuilder::new().text("productId", product.as_str());
    let version = ItemBuilder::new().number("version", draft.version);
    tables
        .change(
            "PRODUCTS_TABLE",
            row.into_attributes(),
            version.into_attributes(),
        )
        .await;
    assert!(drop_unsold().await);
    assert!(quantities(&carts, &customer).await.is_empty());
}

#[tokio::test]
async fn a_request_that_was_refused_as_deleted_sets_no_line_by_what_it_had_read() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let sue = super_admin_for_tests(&tables.staff("sue", Role::SuperAdmin).await);
    let (priced, delete): (PricedCarts, DeleteProduct) = (tables.open(), tables.open());
    let carts: Carts = tables.open();
    let (product, other) = (tables.product(10).await, tables.product(10).await);
    let (refused, done) = (reaching_now(), reaching_now());
    let set = async |id, deadline| priced.set(&customer, id, one(), deadline).await;
    assert!(set(&other, done).await.is_ok());
    for id in [&product, &other] {
        delete.delete(&sue, id).await.unwrap();
    }
    assert!(matches!(
        set(&product, refused).await,
        Err(Problem::NotFound)
    ));
    // The delivery that read the product before it was deleted.
    let late = carts.of(&customer);
    let late = late.set(&product, one(), None, refused).await;
    assert!(matches!(late, Err(Problem::NotFound)));
    // One that set the line before is answered as it was then.
    assert!(set(&other, done).await.is_ok());
}

#[tokio::test]
async fn a_cart_full_of_what_is_gone_takes_a_new_line() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    for number in 0..MAX_LINES {
        let gone = format!("prod_01arz3ndektsv4rrffq69g5f{number:02}");
        let line = ItemBuilder::new()
            .number("quantity", 2_u32)
            .text("madeBy", "somebody")
            .number("expiresAt", 9_999_999_999_u64)
            .into_attributes();
        let gone = ProductId::parse(&gone).unwrap();
        tables
            .change("CARTS_TABLE", key(&customer, &gone), line)
            .await;
    }
    let product = tables.product(10).await;
    assert!(
        priced
            .set(&customer, &product, one(), reaching_now())
            .await
            .is_ok()
    );
    assert_eq!(quantities(&carts, &customer).await, [1]);
}

#[tokio::test]
async fn what_was_deleted_can_not_be_bought_from_then_on() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let sue = super_admin_for_tests(&tables.staff("sue", Role::SuperAdmin).await);
    let (priced, delete): (PricedCarts, DeleteProduct) = (tables.open(), tables.open());
    let id = tables.product(10).await;
    tables.fill_cart(&customer, &id, 1).await;
    tables.faults().start_journal();
    tables.product(10).await;
    delete.delete(&sue, &id).await.unwrap();
    // Whatever is not read as it now is, is as it was.
    let older = Fault::Stale(Duration::from_secs(60));
    tables.faults().inject(Calls::any().always(), older);
    let cart = priced.get(&customer).await.unwrap();
    let cart = serde_json::to_value(cart).unwrap();
    assert_eq!(cart["items"][0]["purchasable"], false);
    assert_eq!(cart["total"]["amount"], 0);
    let set = priced.set(&customer, &id, one(), reaching_now()).await;
    assert!(matches!(set, Err(Problem::NotFound)), "{set:?}");
}
