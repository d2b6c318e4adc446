//! Orders that the staff move along: each step once, and whatever is asked for at
//! the same time.

use serde_json::json;

use super::super::cancel::CancelOrder;
use super::super::order::{Order, PaymentStatus};
use super::super::ordered::{Ordered, ordered};
use super::*;
use crate::identity::staff_for_tests;
use crate::input::parse_json;
use crate::testing::reaching_now;

/// An order of four of ten pieces, and who works there.
struct Served {
    ordered: Ordered,
    update: UpdateOrder,
    staff: Staff,
    admin: Staff,
}

async fn served() -> Served {
    let ordered = ordered().await;
    let tables = &ordered.tables;
    Served {
        update: tables.open(),
        staff: staff_for_tests(&tables.staff("sam", Role::Staff).await),
        admin: staff_for_tests(&tables.staff("ada", Role::Admin).await),
        ordered,
    }
}

impl Served {
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
        let whose = (
            self.ordered.customer.user_id(),
            &self.ordered.order.order_id,
        );
        let updated = self.update.update(by, whose, wanted, read, reaching_now());
        updated.await
    }

    async fn cancel(&self) -> Result<Order, Problem> {
        let Ordered {
            tables,
            customer,
            order,
            ..
        } = &self.ordered;
        let cancel: CancelOrder = tables.open();
        cancel
            .cancel(customer, &order.order_id, reaching_now())
            .await
    }

    async fn stock(&self) -> u32 {
        self.ordered.stock().await
    }

    async fn records(&self) -> Vec<serde_json::Value> {
        self.ordered.records().await
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
    let it = served().await;
    let steps = ["processing", "shipped", "delivered"];
    for (place, status) in steps.into_iter().enumerate() {
        let order = it.send(&it.staff, json!({ "status": status })).await;
        let order = order.unwrap();
        assert_eq!(<&str>::from(order.order.status), status);
        assert_eq!(order.order.history.len(), place + 2);
        let (user_id, id) = (it.ordered.customer.user_id(), &it.ordered.order.order_id);
        let read = it.update.orders.get(&it.staff, user_id, id).await;
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
        let it = served().await;
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
    let it = served().await;
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
    let it = served().await;
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
async fn a_cancelled_order_that_was_paid_is_refunded_and_gives_nothing_back_again() {
    let it = served().await;
    assert!(it.send(&it.admin, json!({ "paid": true })).await.is_ok());
    assert_eq!(
        it.cancel().await.unwrap().payment.status,
        PaymentStatus::Paid
    );
    assert_eq!(it.stock().await, 10);
    let refund = || json!({ "status": "refunded" });
    assert_eq!(code(it.send(&it.staff, refund()).await), "forbidden");
    assert!(it.send(&it.admin, refund()).await.is_ok());
    let order = it.ordered.stored().await;
    assert_eq!(order.status, OrderStatus::Refunded);
    assert_eq!(order.payment.status, PaymentStatus::Refunded);
    assert_eq!(it.stock().await, 10);
    assert_eq!(
        code(it.send(&it.admin, refund()).await),
        "invalid-transition"
    );
    let unpaid = served().await;
    assert!(unpaid.cancel().await.is_ok());
    let refused = unpaid.send(&unpaid.admin, refund()).await;
    assert_eq!(code(refused), "invalid-transition");
}

#[tokio::test]
async fn a_note_that_is_sent_again_is_written_once() {
    let it = served().await;
    let note = |text: &str| json!({ "note": text });
    let first = it.send(&it.staff, note("rang twice")).await.unwrap();
    let again = it.send(&it.staff, note(" rang twice ")).await.unwrap();
    assert_eq!(again, first);
    let both = || it.send(&it.staff, note("rang again"));
    let (one, two) = tokio::join!(both(), both());
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(it.records().await.len(), 2);
    // Another person says the same; and somebody who has read the first says it once more.
    let other = it.send(&it.admin, note("rang again")).await.unwrap();
    assert_eq!(other.notes.len(), 3);
    let meant = json!({ "note": "rang again", "version": other.order.version });
    let meant = it.send(&it.admin, meant).await.unwrap();
    assert_eq!((meant.notes.len(), it.records().await.len()), (4, 4));
    let both = json!({ "note": "rang again", "status": "processing" });
    assert_eq!(it.send(&it.admin, both).await.unwrap().notes.len(), 5);
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let it = served().await;
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
        let it = served().await;
        let packed = it.send(&it.staff, json!({ "status": "processing" })).await;
        assert!(packed.is_ok());
        let pause = std::time::Duration::from_millis(round % 4);
        let cancelling = async {
            tokio::time::sleep(pause).await;
            it.cancel().await
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
