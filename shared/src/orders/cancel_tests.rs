//! Orders that are cancelled: once, with all that belongs to it, whatever comes
//! in between.

use cloud::{Calls, Fault, Reason};
use serde_json::json;

use super::super::ordered::{Ordered, ordered};
use super::*;
use crate::catalogue::{Availability, Products};
use crate::dynamodb::{Attributes, ItemBuilder, Table};
use crate::http::Conflict;
use crate::identity::Identity;
use crate::testing::{reaching_now, tables};

impl Ordered {
    async fn cancel(&self) -> Result<Order, Problem> {
        self.cancel_by(&self.customer).await
    }

    async fn cancel_by(&self, customer: &Customer) -> Result<Order, Problem> {
        let cancel: CancelOrder = self.tables.open();
        let id = &self.order.order_id;
        cancel.cancel(customer, id, reaching_now()).await
    }
}

#[track_caller]
fn refused(cancelled: Result<Order, Problem>) {
    match cancelled {
        Err(Problem::Conflict(Conflict::InvalidTransition)) => {}
        Ok(_) => panic!("it was cancelled"),
        Err(problem) => panic!("{problem:?}"),
    }
}

#[tokio::test]
async fn a_cancelled_order_gives_its_pieces_back_once() {
    let it = ordered().await;
    assert_eq!(it.stock().await, 6);
    let order = it.cancel().await.unwrap();
    assert_eq!(order, it.stored().await);
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.payment, it.order.payment);
    assert_eq!((order.version, order.history.len()), (2, 2));
    assert_eq!(order.history[1].status, OrderStatus::Cancelled);
    assert_eq!(order.lines, it.order.lines);
    assert_eq!(it.stock().await, 10);
    refused(it.cancel().await);
    assert_eq!(it.stock().await, 10);
    let records = it.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["action"], "order-cancelled");
    assert_eq!(records[0]["actor"], it.customer.user_id().as_str());
    let change = json!({ "field": "status", "before": "placed", "after": "cancelled" });
    assert_eq!(records[0]["changes"], json!([change]));
}

#[tokio::test]
async fn an_order_that_has_shipped_or_is_over_is_not_cancelled() {
    let it = ordered().await;
    for status in ["shipped", "delivered", "cancelled", "expired", "refunded"] {
        it.change(ItemBuilder::new().text("status", status)).await;
        refused(it.cancel().await);
    }
    assert_eq!((it.stock().await, it.records().await.len()), (6, 0));
    for (status, stock) in [("processing", 10), ("pending-payment", 14)] {
        it.change(ItemBuilder::new().text("status", status)).await;
        assert!(it.cancel().await.is_ok(), "{status}");
        assert_eq!(it.stock().await, stock);
    }
}

#[tokio::test]
async fn somebody_elses_order_is_absent() {
    let it = ordered().await;
    let other = it.tables.customer().await;
    assert!(matches!(it.cancel_by(&other).await, Err(Problem::NotFound)));
    assert_eq!(it.stored().await, it.order);
}

#[tokio::test]
async fn a_disabled_customer_cancels_nothing() {
    let it = ordered().await;
    let key = ItemBuilder::new().text("userId", it.customer.user_id().as_str());
    let disabled = ItemBuilder::new().text("status", "disabled");
    let (key, disabled) = (key.into_attributes(), disabled.into_attributes());
    it.tables.change("USERS_TABLE", key, disabled).await;
    assert!(matches!(it.cancel().await, Err(Problem::BadToken)));
    assert_eq!(it.stored().await, it.order);
}

#[tokio::test]
async fn a_change_that_was_overtaken_writes_nothing() {
    let it = ordered().await;
    let read = it.order.clone();
    it.change(ItemBuilder::new().number("version", 2_u32)).await;
    let change = OrderChange::of(&read).to(OrderStatus::Cancelled, Role::Customer);
    let change = change.unwrap();
    let id = read.order_id.as_str();
    let record = Record::by(&it.customer, Action::OrderCancelled, id, Vec::new());
    let changes: OrderChanges = it.tables.open();
    let written = changes.commit(&it.customer, &read, &change, &record, reaching_now());
    assert!(!written.await.unwrap());
    assert_eq!((it.stock().await, it.records().await.len()), (6, 0));
    // Who asks reads once more, and then it is written.
    assert!(it.cancel().await.is_ok());
    assert_eq!((it.stock().await, it.records().await.len()), (10, 1));
}

#[tokio::test]
async fn an_order_that_changes_again_and_again_is_left_as_it_is() {
    let it = ordered().await;
    let overtaken = Fault::Cancel(vec![Reason::ConditionFailed(None)]);
    let calls = Calls::of("TransactWriteItems").times(2);
    let met = it.tables.faults().inject(calls, overtaken);
    let refused = it.cancel().await;
    assert!(matches!(refused, Err(Problem::Unavailable { .. })));
    assert_eq!(met.hits(), 2);
    assert_eq!((it.stock().await, it.records().await.len()), (6, 0));
    assert!(it.cancel().await.is_ok());
}

#[tokio::test]
async fn a_change_without_its_stock_is_not_written() {
    let it = ordered().await;
    let table = Table::from_env(&it.tables.env, "INVENTORY_TABLE").unwrap();
    let key = ItemBuilder::new().text("productId", it.product.as_str());
    let key: Attributes = key.text("bucket", "0").into_attributes();
    table.delete(key).send().await.unwrap();
    assert!(matches!(it.cancel().await, Err(Problem::Internal(_))));
    assert_eq!(it.stored().await, it.order);
}

#[tokio::test]
async fn of_several_who_cancel_at_once_one_does() {
    for _ in 0..10 {
        let it = ordered().await;
        let (one, two, three) = tokio::join!(it.cancel(), it.cancel(), it.cancel());
        let done = [one, two, three].into_iter().filter(|it| match it {
            Ok(_) => true,
            Err(Problem::Conflict(Conflict::InvalidTransition)) => false,
            Err(problem) => panic!("{problem:?}"),
        });
        assert_eq!(done.count(), 1);
        assert_eq!((it.stock().await, it.records().await.len()), (10, 1));
    }
}

#[tokio::test]
async fn what_may_have_been_written_is_written_once_and_told() {
    for fault in [
        Fault::FailAfter,
        Fault::DropAfter,
        Fault::FailBefore,
        Fault::Conflict,
    ] {
        let it = ordered().await;
        let calls = Calls::of("TransactWriteItems");
        let met = it.tables.faults().inject(calls, fault.clone());
        let order = it.cancel().await.unwrap();
        assert_eq!((met.hits(), order.version), (1, 2), "{fault:?}");
        assert_eq!(
            (it.stock().await, it.records().await.len()),
            (10, 1),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn the_pieces_of_a_product_that_is_gone_go_back_too() {
    let it = ordered().await;
    let table = Table::from_env(&it.tables.env, "PRODUCTS_TABLE").unwrap();
    let key = ItemBuilder::new().text("productId", it.product.as_str());
    table.delete(key.into_attributes()).send().await.unwrap();
    assert!(it.cancel().await.is_ok());
    assert_eq!(it.stock().await, 10);
}

#[tokio::test]
async fn the_label_that_lists_show_follows_what_came_back() {
    let tables = tables().await;
    let (customer, product) = (tables.customer().await, tables.product(4).await);
    let order = tables.order(&customer, &product, 4).await;
    let products: Products = tables.open();
    let label = async || products.get(&product).await.unwrap().unwrap().availability;
    assert_eq!(label().await, Availability::OutOfStock);
    let cancel: CancelOrder = tables.open();
    let cancelled = cancel.cancel(&customer, &order.order_id, reaching_now());
    cancelled.await.unwrap();
    assert_eq!(label().await, Availability::LowStock);
}
