//! Checkout is never wrong: no oversell, no double order, no lost order.

use std::collections::BTreeMap;

use serde_json::json;

use tests::{checkout_body, spawn_shop};

#[tokio::test]
async fn a_cart_becomes_an_order() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1250, 10).await;
    let jug = shop.new_product("Jug", 2999, 10).await;
    alice.fill_cart(&cup, 2).await;
    let cart = alice.fill_cart(&jug, 1).await;
    assert_eq!(
        cart.body["total"],
        json!({ "amount": 5499, "currency": "EUR" })
    );

    let order = alice
        .check_out("k", &checkout_body(5499))
        .await
        .expect(201)
        .body;
    assert_eq!(order["status"], "placed");
    assert_eq!(order["total"], json!({ "amount": 5499, "currency": "EUR" }));
    assert_eq!(
        order["payment"],
        json!({ "method": "invoice", "status": "pending" })
    );
    assert_eq!(
        order["shippingAddress"],
        checkout_body(5499)["shippingAddress"]
    );
    assert_eq!(order["version"], 1);
    assert_eq!(order["history"][0]["status"], "placed");
    assert_eq!(order["history"][0]["at"], order["createdAt"]);
    let lines: BTreeMap<_, _> = order["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["name"].as_str().unwrap(), line))
        .collect();
    assert_eq!(lines["Cup"]["quantity"], 2);
    assert_eq!(lines["Cup"]["unitPrice"]["amount"], 1250);
    assert_eq!(lines["Cup"]["lineTotal"]["amount"], 2500);
    assert_eq!(lines["Jug"]["productId"], jug);

    assert_eq!(shop.stock(&cup).await, 8);
    assert_eq!(shop.stock(&jug).await, 9);
    assert_eq!(alice.get("/api/cart").await.body["items"], json!([]));
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    assert_eq!(alice.get(&path).await.expect(200).body, order);
}

#[tokio::test]
async fn the_same_key_and_body_again_is_the_same_order() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1000, 10).await;
    alice.fill_cart(&cup, 1).await;
    let first = alice.check_out("k", &checkout_body(1000)).await.expect(201);
    assert_eq!(first.header("idempotent-replayed"), "");

    let again = alice.check_out("k", &checkout_body(1000)).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.body, first.body);
    // Whatever is in the cart by now.
    alice.fill_cart(&cup, 5).await;
    let later = alice.check_out("k", &checkout_body(1000)).await.expect(200);
    assert_eq!(later.body, first.body);
    assert_eq!(shop.stock(&cup).await, 9);
    let orders = alice.get("/api/orders").await;
    assert_eq!(orders.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1000, 10).await;
    alice.fill_cart(&cup, 1).await;
    alice.check_out("k", &checkout_body(1000)).await.expect(201);
    alice.fill_cart(&cup, 1).await;
    let mut other = checkout_body(1000);
    other["shippingAddress"]["city"] = json!("Bonn");
    let refused = alice.check_out("k", &other).await;
    refused.expect_problem(422, "idempotency-mismatch");
    assert_eq!(shop.stock(&cup).await, 9);
}

#[tokio::test]
async fn one_key_sent_many_times_at_once_makes_one_order() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1000, 10).await;
    alice.fill_cart(&cup, 3).await;
    let mut sent = Vec::new();
    for _ in 0..16 {
        let alice = alice.clone();
        sent.push(tokio::spawn(async move {
            alice.check_out("k", &checkout_body(3000)).await
        }));
    }
    let mut statuses = BTreeMap::new();
    let mut orders = BTreeMap::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        *statuses.entry(answer.status).or_insert(0) += 1;
        orders.insert(answer.body["orderId"].as_str().unwrap().to_owned(), ());
    }
    assert_eq!(statuses, BTreeMap::from([(200, 15), (201, 1)]));
    assert_eq!(orders.len(), 1);
    assert_eq!(shop.stock(&cup).await, 7);
}

#[tokio::test]
async fn a_checkout_needs_a_visible_key() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let missing = alice.post("/api/checkout", &checkout_body(1)).await;
    missing.expect_problem(400, "malformed");
    for key in ["", "two words", "caf\u{e9}", &"k".repeat(256)] {
        let refused = alice.check_out(key, &checkout_body(1)).await;
        refused.expect_problem(400, "malformed");
    }
}

#[tokio::test]
async fn an_empty_cart_can_not_be_checked_out() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    alice
        .check_out("k", &checkout_body(0))
        .await
        .expect_problem(409, "empty-cart");
}

#[tokio::test]
async fn more_than_there_is_can_not_be_bought() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let few = shop.new_product("Few", 100, 2).await;
    let many = shop.new_product("Many", 100, 90).await;
    alice.fill_cart(&few, 3).await;
    alice.fill_cart(&many, 3).await;
    let refused = alice.check_out("k", &checkout_body(600)).await;
    let refused = refused.expect_problem(409, "out-of-stock");
    assert_eq!(refused.body["products"], json!([few]));
    assert_eq!((shop.stock(&few).await, shop.stock(&many).await), (2, 90));
    // A refused key is not used up.
    alice.fill_cart(&few, 2).await;
    alice.check_out("k", &checkout_body(500)).await.expect(201);
}

#[tokio::test]
async fn a_total_that_is_not_todays_is_refused_with_todays() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1000, 10).await;
    alice.fill_cart(&cup, 2).await;
    for wrong in [0, 1999, 2001] {
        let refused = alice.check_out("k", &checkout_body(wrong)).await;
        let refused = refused.expect_problem(409, "price-changed");
        assert_eq!(
            refused.body["total"],
            json!({ "amount": 2000, "currency": "EUR" })
        );
    }
    let mut dollars = checkout_body(2000);
    dollars["expectedTotal"]["currency"] = json!("USD");
    let refused = alice.check_out("k", &dollars).await;
    refused.expect_problem(409, "price-changed");
    assert_eq!(shop.stock(&cup).await, 10);
}

#[tokio::test]
async fn two_keys_at_once_buy_one_cart_once() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1000, 50).await;
    alice.fill_cart(&cup, 1).await;
    let mut sent = Vec::new();
    for number in 0..8 {
        let alice = alice.clone();
        let key = format!("tab-{number}");
        sent.push(tokio::spawn(async move {
            alice.check_out(&key, &checkout_body(1000)).await
        }));
    }
    let mut placed = 0;
    for answer in sent {
        let answer = answer.await.unwrap();
        if answer.status == 201 {
            placed += 1;
            continue;
        }
        let code = answer.body["code"].as_str().unwrap();
        assert!(
            ["cart-changed", "empty-cart"].contains(&code),
            "{answer:#?}"
        );
    }
    assert_eq!(placed, 1);
    assert_eq!(shop.stock(&cup).await, 49);
}

#[tokio::test]
async fn sixty_four_checkouts_of_a_stock_of_fifty_make_fifty_orders() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Hot", 100, 50).await;
    let mut buyers = Vec::new();
    for number in 0..64 {
        let buyer = shop.newcomer(&format!("buyer-{number}")).await;
        buyer.fill_cart(&product, 1).await;
        buyers.push(buyer);
    }
    let mut sent = Vec::new();
    for buyer in buyers.clone() {
        sent.push(tokio::spawn(async move {
            buyer.check_out("k", &checkout_body(100)).await
        }));
    }
    let mut answers = BTreeMap::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        let code = answer.body["code"].as_str().unwrap_or("placed").to_owned();
        *answers.entry(code).or_insert(0) += 1;
    }
    let expected = [("placed".to_owned(), 50), ("out-of-stock".to_owned(), 14)];
    assert_eq!(answers, BTreeMap::from(expected));
    assert_eq!(shop.stock(&product).await, 0);
    let mut orders = 0;
    for buyer in buyers {
        let list = buyer.get("/api/orders").await.expect(200);
        orders += list.body["items"].as_array().unwrap().len();
    }
    assert_eq!(orders, 50);
    let shown = shop
        .anonymous()
        .get(&format!("/api/products/{product}"))
        .await;
    assert_eq!(shown.body["availability"], "out-of-stock");
    let list = shop.anonymous().get("/api/products?category=tests").await;
    assert_eq!(list.body["items"][0]["availability"], "out-of-stock");
}

#[tokio::test]
async fn every_bad_field_of_a_checkout_is_named_at_once() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let body = json!({
        "expectedTotal": { "amount": -1, "currency": "euro" },
        "paymentMethod": "card",
        "shippingAddress": { "name": "", "line1": "x", "city": "B\u{0}", "country": "de",
            "phone": "12", "planet": "Mars" },
        "discount": 100,
    });
    let refused = alice
        .check_out("k", &body)
        .await
        .expect_problem(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/discount",
            "/expectedTotal/amount",
            "/expectedTotal/currency",
            "/paymentMethod",
            "/shippingAddress/city",
            "/shippingAddress/country",
            "/shippingAddress/name",
            "/shippingAddress/phone",
            "/shippingAddress/planet",
            "/shippingAddress/postalCode",
        ]
    );
}
