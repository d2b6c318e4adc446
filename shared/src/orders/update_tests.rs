//! Orders that the staff move along: each step once, and whatever is asked for at
//! the same time.

use serde_json::json;

use super::super::cancel::CancelOrder;
use super::super::order::PaymentStatus;
use super::*;
use crate::identity::{Customer, staff_for_tests};
use crate::input::parse_json;
use crate::testing::{Tables, reaching_now, tables};
use crate::values::ProductId;

/// A customer who has ordered four of the ten pieces that there were, and who
/// works there.
struct Ordered {
    tables: Tables,
    update: UpdateOrder,
    customer: Customer,
    product: ProductId,
    id: OrderId,
    staff: Staff,
    admin: Staff,
}

async fn ordered() -> Ordered {
    let tables = tables().await;
    let customer = tables.customer().await;
    let product = tables.product(10).await;
    let order = tables.order(&customer, &product, 4).await;
    Ordered {
        update: tables.open(),
        staff: staff_for_tests(&tables.staff("sam", Role::Staff).await),
        admin: staff_for_tests(&tables.staff("ada", Role::Admin).await),
        tables,
        customer,
        product,
        id: order.order_id,
    }
}

impl Ordered {
    async fn send(&self, by: &Staff, body: serde_json::Value) -> Result<StaffOrder, Problem> {
        let wanted: OrderUpdate = parse_json(body.to_string().as_bytes())?;
        self.update(by, &wanted, IfMatch(None)).await
    }

    async fn update(
        &self,
        by: &Staff,
        wanted: &OrderUpdate,
        read: IfMatch,
    ) -> Result<StaffOrder, Problem> {
        let whose = (self.customer.user_id(), &self.id);
        let updated = self.update.update(by, whose, wanted, read, reaching_now());
        updated.await
    }

    async fn stock(&self) -> u32 {
        self.tables.stock(&self.product).await
    }

    async fn records(&self) -> Vec<serde_json::Value> {
        self.tables.records_of(self.id.as_str()).await
    }
}

/// The code of a refusal.
#[track_caller]
fn code(updated: Result<StaffOrder, Problem>) -> &'static str {
    match updated {
        Ok(order) => panic!("it was done: {:?}", order.order.status),
        Err(problem) => problem.document().code,
    }
}

#[tokio::test]
async fn an_order_is_moved_along_with_a_record_of_each_step() {
    let it = ordered().await;
    let steps = ["processing", "shipped", "delivered"];
    for (place, status) in steps.into_iter().enumerate() {
        let order = it.send(&it.staff, json!({ "status": status })).await;
        let order = order.unwrap();
        assert_eq!(<&str>::from(order.order.status), status);
        assert_eq!(order.order.history.len(), place + 2);
        let user_id = it.customer.user_id();
        let read = it.update.orders.get(&it.staff, user_id, &it.id).await;
        assert_eq!(read.unwrap(), order);
        let records = it.records().await;
        assert_eq!(records.len(), place + 1);
        assert_eq!(records[0]["action"], "order-updated");
        assert_eq!(records[0]["actor"], it.staff.user_id().as_str());
        assert_eq!(records[0]["changes"][0]["after"], status);
        // The same step again is none.
        let again = it.send(&it.staff, json!({ "status": status })).await;
        assert_eq!(code(again), "invalid-transition");
    }
    assert_eq!((it.stock().await, it.records().await.len()), (6, 3));
}

#[tokio::test]
async fn an_order_that_is_called_off_before_it_ships_is_in_stock_again() {
    let refund = || json!({ "paid": true, "status": "refunded" });
    for (steps, last, stock) in [
        (&["processing"][..], json!({ "status": "cancelled" }), 10),
        (&["processing"], refund(), 10),
        (&["processing", "shipped"], refund(), 6),
    ] {
        let it = ordered().await;
        for status in steps {
            let moved = it.send(&it.staff, json!({ "status": status })).await;
            assert!(moved.is_ok());
        }
        let order = it.send(&it.admin, last.clone()).await.unwrap().order;
        let payment = match order.status {
            OrderStatus::Refunded => PaymentStatus::Refunded,
            _ => PaymentStatus::Pending,
        };
        assert_eq!(order.payment.status, payment);
        assert_eq!(it.stock().await, stock, "{steps:?} {last}");
        let again = json!({ "status": last["status"] });
        let again = it.send(&it.admin, again).await;
        assert_eq!(code(again), "invalid-transition");
        assert_eq!(it.stock().await, stock, "{steps:?} {last}");
    }
}

#[tokio::test]
async fn money_is_an_admins() {
    let it = ordered().await;
    let not_paid = it.send(&it.admin, json!({ "status": "refunded" })).await;
    assert_eq!(code(not_paid), "invalid-transition");
    for body in [json!({ "paid": true }), json!({ "status": "refunded" })] {
        assert_eq!(code(it.send(&it.staff, body).await), "forbidden");
    }
    let order = it.send(&it.admin, json!({ "paid": true })).await;
    let order = order.unwrap().order;
    assert_eq!(order.payment.status, PaymentStatus::Paid);
    assert_eq!((order.version, order.history.len()), (2, 1));
    let records = it.records().await;
    let change = json!({ "field": "payment", "before": "pending", "after": "paid" });
    assert_eq!(records[0]["changes"], json!([change]));
    let again = it.send(&it.admin, json!({ "paid": true })).await;
    assert_eq!(code(again), "invalid-transition");
    let refused = it.send(&it.staff, json!({ "status": "refunded" })).await;
    assert_eq!(code(refused), "forbidden");
    assert_eq!(it.records().await.len(), 1);
}

#[tokio::test]
async fn a_note_changes_the_version_and_no_status_and_fifty_are_enough() {
    let it = ordered().await;
    for number in 0..50 {
        let note = json!({ "note": format!(" rang twice\n{number} ") });
        let order = it.send(&it.staff, note).await.unwrap();
        assert_eq!(order.order.version, number + 2);
        assert_eq!(order.order.history.len(), 1);
        assert_eq!(order.notes.len() as u64, number + 1);
    }
    let more = it.send(&it.staff, json!({ "note": "one more" })).await;
    assert_eq!(code(more), "conflict");
    let moved = it.send(&it.staff, json!({ "status": "processing" })).await;
    let moved = moved.unwrap();
    assert_eq!(moved.notes.len(), 50);
    let (first, by) = (&moved.notes[0], it.staff.user_id());
    assert_eq!((first.text.as_str(), &first.by), ("rang twice\n0", by));
    // The log doesn't say what was written.
    let records = serde_json::to_string(&it.records().await).unwrap();
    assert!(!records.contains("rang") && records.contains("notes"));
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let it = ordered().await;
    assert!(it.send(&it.staff, json!({ "note": "seen" })).await.is_ok());
    let stale = json!({ "status": "processing", "version": 1 });
    assert_eq!(code(it.send(&it.staff, stale).await), "conflict");
    let wanted: OrderUpdate = parse_json(br#"{"status":"processing"}"#).unwrap();
    for (version, done) in [(1, false), (2, true)] {
        let read = IfMatch(Some(version));
        let updated = it.update(&it.staff, &wanted, read).await;
        assert_eq!(updated.is_ok(), done);
    }
    assert_eq!(it.records().await.len(), 2);
}

#[tokio::test]
async fn of_a_customer_who_cancels_and_staff_who_ship_one_comes_first_and_the_other_is_told() {
    for round in 0..16 {
        let it = ordered().await;
        let packed = it.send(&it.staff, json!({ "status": "processing" })).await;
        assert!(packed.is_ok());
        let cancel: CancelOrder = it.tables.open();
        let pause = std::time::Duration::from_millis(round % 4);
        let cancelling = async {
            tokio::time::sleep(pause).await;
            cancel.cancel(&it.customer, &it.id, reaching_now()).await
        };
        let shipping = it.send(&it.staff, json!({ "status": "shipped" }));
        let stock = match tokio::join!(cancelling, shipping) {
            (Ok(order), Err(refusal)) => {
                assert_eq!(refusal.document().code, "invalid-transition");
                assert_eq!(order.status, OrderStatus::Cancelled);
                10
            }
            (Err(refusal), Ok(order)) => {
                assert_eq!(refusal.document().code, "invalid-transition");
                assert_eq!(order.order.status, OrderStatus::Shipped);
                6
            }
            (one, other) => panic!("{:?} {:?}", one.is_ok(), other.is_ok()),
        };
        let left = (it.stock().await, it.records().await.len());
        assert_eq!(left, (stock, 2));
    }
}
