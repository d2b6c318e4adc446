//! Looking at one's orders.

use serde_json::{Value, json};

use tests::{Shop, checkout_body, spawn_shop};

#[tokio::test]
async fn orders_are_listed_newest_first_on_pages_of_any_size() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 100, 50).await;
    let mut placed = Vec::new();
    for number in 0..5 {
        alice.fill_cart(&cup, 1).await;
        let order = alice
            .check_out(&format!("k{number}"), &checkout_body(100))
            .await
            .expect(201);
        placed.insert(0, order.body["orderId"].clone());
    }
    for limit in [1, 2, 5, 100] {
        let mut listed = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = alice
                .get(&format!("/api/orders?limit={limit}{cursor}"))
                .await
                .expect(200);
            let items = page.body["items"].as_array().unwrap();
            listed.extend(items.iter().map(|order| order["orderId"].clone()));
            match &page.body["nextCursor"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(listed, placed, "limit {limit}");
    }
}

#[tokio::test]
async fn orders_are_filtered_by_status() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 100, 50).await;
    alice.fill_cart(&cup, 1).await;
    alice.check_out("k", &checkout_body(100)).await.expect(201);
    let placed = alice.get("/api/orders?status=placed").await.expect(200);
    assert_eq!(placed.body["items"].as_array().unwrap().len(), 1);
    let shipped = alice.get("/api/orders?status=shipped").await.expect(200);
    assert_eq!(shipped.body, json!({ "items": [], "nextCursor": null }));
    alice
        .get("/api/orders?status=lost")
        .await
        .expect_problem(400, "malformed");
}

/// Puts an order to a status that no request brings it to.
async fn put_to(shop: &Shop, order: &Value, status: &str) {
    let rows = shop.scan("OrdersTable").await.into_iter();
    let mut row = rows
        .into_iter()
        .find(|row| row["orderId"]["S"] == order["orderId"])
        .unwrap();
    row["status"] = json!({ "S": status });
    shop.put_item("OrdersTable", row).await;
}

#[tokio::test]
async fn a_customer_cancels_an_order_and_its_pieces_are_sold_again() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let product = shop.new_product("Last ones", 700, 2).await;
    let shown = async || {
        let path = "/api/products?category=tests&limit=100";
        let page = shop.anonymous().get(path).await.expect(200).body;
        let mut items = page["items"].as_array().unwrap().iter();
        items.find(|it| it["productId"] == product).unwrap()["availability"].clone()
    };
    let order = alice.order(&product, 700, 2).await;
    assert_eq!(shop.stock(&product).await, 0);
    bob.fill_cart(&product, 1).await;
    let refused = bob.check_out("k", &checkout_body(700)).await;
    refused.expect_problem(409, "out-of-stock");

    let cancelled = alice.cancel(&order).await.expect(200).body;
    let mut expected = order.clone();
    expected["status"] = json!("cancelled");
    expected["version"] = json!(2);
    let at = cancelled["history"][1]["at"].clone();
    let change = json!({ "status": "cancelled", "at": at });
    expected["history"].as_array_mut().unwrap().push(change);
    assert_eq!(cancelled, expected);
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    assert_eq!(alice.get(&path).await.expect(200).body, expected);
    let list = alice.get("/api/orders?status=cancelled").await.expect(200);
    assert_eq!(list.body["items"], json!([expected]));
    assert_eq!(shop.stock(&product).await, 2);
    assert_eq!(shown().await, "low-stock");
    bob.check_out("k", &checkout_body(700)).await.expect(201);
    assert_eq!(shop.stock(&product).await, 1);
}

#[tokio::test]
async fn an_order_is_cancelled_once_by_its_customer_before_it_ships() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let product = shop.new_product("Cup", 100, 10).await;
    let order = alice.order(&product, 100, 3).await;
    bob.cancel(&order).await.expect_problem(404, "not-found");
    for status in ["shipped", "delivered", "expired", "refunded"] {
        put_to(&shop, &order, status).await;
        let refused = alice.cancel(&order).await;
        refused.expect_problem(409, "invalid-transition");
    }
    assert_eq!(shop.stock(&product).await, 7);
    put_to(&shop, &order, "processing").await;
    let sent = futures_util::future::join_all((0..5).map(|_| alice.cancel(&order))).await;
    let done = sent.into_iter().filter(|answer| answer.status == 200);
    assert_eq!(done.count(), 1);
    let refused = alice.cancel(&order).await;
    refused.expect_problem(409, "invalid-transition");
    assert_eq!(shop.stock(&product).await, 10);
}
