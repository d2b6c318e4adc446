//! Looking at one's orders.

use serde_json::{Value, json};

use tests::{checkout_body, spawn_shop};

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
