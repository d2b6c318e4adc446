//! Carts over an embedded DynamoDB: their size, and what they meet.

use cloud::{Calls, Fault, Injection};

use super::cart::{MAX_LINES, Quantity};
use super::{Carts, PricedCarts};
use crate::dynamodb::ItemBuilder;
use crate::http::Problem;
use crate::identity::{Customer, Identity};
use crate::testing::{Tables, tables};
use crate::values::ProductId;

fn one() -> Quantity {
    Quantity::new(1).unwrap()
}

/// Lets a line expire as time does; DynamoDB has not deleted it yet.
async fn expire(tables: &Tables, customer: &Customer, product: &ProductId) {
    let key = ItemBuilder::new()
        .text("userId", customer.user_id().as_str())
        .text("productId", product.as_str())
        .into_attributes();
    let past = ItemBuilder::new()
        .number("expiresAt", 1_u32)
        .into_attributes();
    tables.change("CARTS_TABLE", key, past).await;
}

#[tokio::test]
async fn a_line_that_has_expired_is_no_way_to_a_33rd_one() {
    let tables = tables().await;
    let customer = tables.customer().await;
    let (priced, carts): (PricedCarts, Carts) = (tables.open(), tables.open());
    let old = tables.product(10).await;
    tables.fill_cart(&customer, &old, 7).await;
    expire(&tables, &customer, &old).await;
    for _ in 0..MAX_LINES {
        let product = tables.product(10).await;
        tables.fill_cart(&customer, &product, 1).await;
    }
    let refused = priced.set(&customer, &old, one()).await;
    assert!(matches!(refused, Err(Problem::Invalid(_))), "{refused:?}");
    let lines = carts.of(&customer).lines().await.unwrap();
    assert_eq!(lines.len(), MAX_LINES);
    assert!(lines.iter().all(|line| line.product_id != old));
    // One that is there may still be changed.
    let there = &lines[0].product_id;
    assert!(priced.set(&customer, there, one()).await.is_ok());
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
    assert!(carts.of(&customer).set(&product, one()).await.unwrap());
    assert_eq!(lost.hits(), 1);
    let lines = carts.of(&customer).lines().await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].quantity, one());
    assert!(!carts.of(&customer).set(&product, one()).await.unwrap());
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
    assert!(cart.set(&product, one()).await.unwrap());
    assert_eq!(met.hits(), 8);
    let met = meet("DeleteItem");
    cart.remove(&product).await.unwrap();
    assert_eq!(met.hits(), 8);
    assert_eq!(cart.lines().await.unwrap(), []);
}
