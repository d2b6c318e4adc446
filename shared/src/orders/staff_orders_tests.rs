//! Lists of everybody's orders, page by page.

use std::collections::BTreeSet;

use strum::IntoEnumIterator;

use super::super::order::{Order, OrderStatus, Payment, PaymentMethod, PaymentStatus};
use super::*;
use crate::dynamodb::text;
use crate::identity::{Customer, Identity, Role, staff_for_tests};
use crate::testing::{Tables, draft, euros, tables};
use crate::values::{PathId, Timestamp};

/// An order of this number, for the id's time part and its last character.
fn order(number: u32, status: OrderStatus) -> Order {
    let draft = draft(500);
    let last = b"0123456789abcdefghjkmnpqrstvwxyz"[(number * 7 % 32) as usize];
    let id = format!("ord_01arz3nd{number:04}sv4rrffq69g5f{}", char::from(last));
    Order {
        order_id: OrderId::parse(&id).unwrap(),
        status,
        created_at: Timestamp::now(),
        lines: Vec::new(),
        total: euros(500),
        shipping_address: draft.shipping_address,
        payment: Payment {
            method: PaymentMethod::Invoice,
            status: PaymentStatus::Pending,
        },
        history: Vec::new(),
        version: 1,
    }
}

/// A shop with orders of two customers, one for each number, of all statuses.
struct Orders {
    /// The database, which runs while this is kept.
    _tables: Tables,
    staff: Staff,
    customers: [Customer; 2],
    open: StaffOrders,
}

async fn orders(numbers: u32) -> Orders {
    let tables = tables().await;
    let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
    let it = Orders {
        staff,
        customers: [tables.customer().await, tables.customer().await],
        open: tables.open(),
        _tables: tables,
    };
    for number in 0..numbers {
        it.put(number * 10, status(number)).await;
    }
    it
}

fn status(number: u32) -> OrderStatus {
    let mut all = OrderStatus::iter().cycle();
    all.nth((number * 5 % 7) as usize).unwrap()
}

impl Orders {
    async fn put(&self, number: u32, status: OrderStatus) {
        let owner = &self.customers[number as usize / 10 % 2];
        let row = table::write(owner, &order(number, status));
        self.open.table.put(row).send().await.unwrap();
    }

    /// Reads a list to its end, and does something between its pages.
    async fn listed(
        &self,
        status: Option<OrderStatus>,
        limit: u16,
        mut between: impl AsyncFnMut(usize),
    ) -> Vec<StaffOrderSummary> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit, cursor };
            let filter = OrderFilter { status };
            let page = self.open.list(&self.staff, filter, &page).await.unwrap();
            assert!(page.items.len() <= limit.into());
            found.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return found;
            }
            between(found.len()).await;
        }
    }
}

#[tokio::test]
async fn everybodys_orders_are_listed_the_newest_first_on_pages_of_any_size() {
    let it = orders(40).await;
    for wanted in OrderStatus::iter().map(Some).chain([None]) {
        let numbers = (0..40).rev();
        let numbers = numbers.filter(|it| wanted.is_none_or(|wanted| status(*it) == wanted));
        let expected: Vec<_> = numbers.map(|it| order(it * 10, status(it))).collect();
        for limit in [1, 3, 39, 40, 100] {
            let found = it.listed(wanted, limit, async |_| {}).await;
            let ids: Vec<_> = found.iter().map(|it| it.order_id.clone()).collect();
            let wanted_ids: Vec<_> = expected.iter().map(|it| it.order_id.clone()).collect();
            assert_eq!(ids, wanted_ids, "{wanted:?}, {limit} a page");
            let statuses = found.iter().zip(&expected);
            assert!(
                statuses
                    .into_iter()
                    .all(|(it, order)| it.status == order.status)
            );
        }
    }
    let found = it.listed(None, 100, async |_| {}).await;
    let owners: BTreeSet<_> = found.iter().map(|it| it.user_id.clone()).collect();
    let customers = it.customers.iter().map(|it| it.user_id().clone());
    assert_eq!(owners, customers.collect());
}

#[tokio::test]
async fn an_order_that_changes_between_pages_is_neither_missed_nor_listed_twice() {
    let it = orders(30).await;
    let mut moved = 0;
    let found = it
        .listed(None, 4, async |shown| {
            // A new one, one between, and two that come to another status: one that
            // was shown, one that was not.
            let shown = u32::try_from(shown).unwrap();
            it.put(1000 + shown, OrderStatus::Placed).await;
            it.put(
                295_u32.saturating_sub(shown * 10).max(5),
                OrderStatus::Placed,
            )
            .await;
            for number in [shown - 1, shown + 1] {
                if let Some(number) = 29_u32.checked_sub(number) {
                    it.put(number * 10, OrderStatus::Refunded).await;
                    moved += 1;
                }
            }
        })
        .await;
    assert!(moved > 10, "{moved}");
    let ids: Vec<_> = found.iter().map(|it| it.order_id.as_str()).collect();
    for number in 0..30 {
        let id = order(number * 10, OrderStatus::Placed).order_id;
        let times = ids.iter().filter(|it| **it == id.as_str()).count();
        assert_eq!(times, 1, "{number}");
    }
    assert!(ids.is_sorted_by(|one, next| one > next), "{ids:?}");
}

#[tokio::test]
async fn an_order_that_stands_in_two_partitions_is_listed_once_as_it_is_later() {
    let summary = |number, status, version| StaffOrderSummary {
        order_id: order(number, status).order_id,
        user_id: UserId::parse("usr_01arz3ndektsv4rrffq69g5fav").unwrap(),
        status,
        created_at: Timestamp::now(),
        total: euros(1),
        payment: order(number, status).payment,
        version,
    };
    let found = merged(vec![
        summary(2, OrderStatus::Placed, 1),
        summary(1, OrderStatus::Placed, 1),
        summary(2, OrderStatus::Processing, 2),
        summary(3, OrderStatus::Shipped, 3),
    ]);
    let found = found.iter().map(|it| it.version);
    assert_eq!(found.collect::<Vec<_>>(), [3, 2, 1]);
}

#[tokio::test]
async fn a_cursor_opens_its_own_list_alone() {
    let it = orders(20).await;
    let page = |status, cursor| {
        let page = PageRequest { limit: 1, cursor };
        let (open, staff) = (&it.open, &it.staff);
        async move { open.list(staff, OrderFilter { status }, &page).await }
    };
    let placed = Some(OrderStatus::Placed);
    let first = page(placed, None).await.unwrap();
    assert!(page(placed, first.next_cursor.clone()).await.is_ok());
    for other in [None, Some(OrderStatus::Shipped)] {
        let opened = page(other, first.next_cursor.clone()).await;
        assert!(matches!(opened, Err(Problem::Malformed(_))));
    }
}

#[tokio::test]
async fn a_key_s_row_is_in_no_list() {
    let tables = tables().await;
    let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
    let (customer, product) = (tables.customer().await, tables.product(10).await);
    let placed = tables.order(&customer, &product, 1).await;
    let open: StaffOrders = tables.open();
    let page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let listed = open
        .list(&staff, OrderFilter::default(), &page)
        .await
        .unwrap();
    let ids: Vec<_> = listed.items.iter().map(|it| &it.order_id).collect();
    assert_eq!(ids, [&placed.order_id]);
    assert_eq!(listed.items[0].user_id, *customer.user_id());
    let order = open.get(&staff, customer.user_id(), &placed.order_id).await;
    let order = order.unwrap();
    assert_eq!((order.order, order.notes), (placed.clone(), Vec::new()));
    let other = tables.customer().await;
    let absent = open.get(&staff, other.user_id(), &placed.order_id).await;
    assert!(matches!(absent, Err(Problem::NotFound)));
    // The row of the order's key, under the same customer.
    let query = open
        .table
        .query()
        .key_condition_expression("userId = :user");
    let user = text(customer.user_id().as_str());
    let rows = query.expression_attribute_values(":user", user).send();
    assert_eq!(rows.await.unwrap().count(), 2);
}
