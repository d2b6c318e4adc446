//! One customer's data can't reach another.

use serde_json::{Value, json};

use tests::{checkout_body, send, spawn_shop, spawn_shop_with, with_parameter};

#[tokio::test]
async fn bob_finds_no_trace_of_alices_order() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let product = shop.new_product("Secret wish", 500, 10).await;
    alice.fill_cart(&product, 1).await;
    let order = alice.check_out("a", &checkout_body(500)).await.expect(201);
    let id = order.body["orderId"].as_str().unwrap();

    alice.get(&format!("/api/orders/{id}")).await.expect(200);
    bob.get(&format!("/api/orders/{id}"))
        .await
        .expect_problem(404, "not-found");
    let list = bob.get("/api/orders").await.expect(200);
    assert_eq!(list.body["items"], json!([]));
    assert_eq!(
        bob.get("/api/cart").await.expect(200).body["items"],
        json!([])
    );
}

#[tokio::test]
async fn someone_elses_order_looks_exactly_like_none() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let product = shop.new_product("Secret wish", 500, 10).await;
    alice.fill_cart(&product, 1).await;
    let order = alice.check_out("a", &checkout_body(500)).await.expect(201);
    let id = order.body["orderId"].as_str().unwrap().to_owned();

    let anonymised = |mut body: Value| {
        body["requestId"] = Value::Null;
        body
    };
    let theirs = bob.get(&format!("/api/orders/{id}")).await;
    let nobodys = bob.get("/api/orders/ord_01arz3ndektsv4rrffq69g5fav").await;
    let no_id = bob.get("/api/orders/usr_%23key").await;
    for other in [nobodys, no_id] {
        assert_eq!(other.status, theirs.status);
        assert_eq!(anonymised(other.body), anonymised(theirs.body.clone()));
    }
}

#[tokio::test]
async fn two_customers_with_one_key_have_an_order_each() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Popular", 700, 10).await;
    let mut orders = Vec::new();
    for customer in [shop.alice().await, shop.bob().await] {
        customer.fill_cart(&product, 1).await;
        let order = customer
            .check_out("the-very-same-key", &checkout_body(700))
            .await
            .expect(201);
        orders.push(order.body["orderId"].clone());
    }
    assert_ne!(orders[0], orders[1]);
    assert_eq!(shop.stock(&product).await, 8);
}

#[tokio::test]
async fn a_cursor_of_alices_list_opens_nothing_for_bob() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let product = shop.new_product("Paged", 100, 10).await;
    for key in ["1", "2"] {
        alice.fill_cart(&product, 1).await;
        alice.check_out(key, &checkout_body(100)).await.expect(201);
    }
    let page = alice.get("/api/orders?limit=1").await.expect(200);
    let cursor = page.body["nextCursor"].as_str().unwrap();
    alice
        .get(&format!("/api/orders?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    let stolen = bob
        .get(&format!("/api/orders?limit=1&cursor={cursor}"))
        .await;
    stolen.expect_problem(400, "malformed");
    let other_list = alice
        .get(&format!("/api/orders?status=placed&cursor={cursor}"))
        .await;
    other_list.expect_problem(400, "malformed");
    let catalogue = alice.get(&format!("/api/products?cursor={cursor}")).await;
    catalogue.expect_problem(400, "malformed");
}

#[tokio::test]
async fn one_warm_process_never_mixes_two_customers() {
    const TURNS: usize = 1000;
    // More requests than one address may make.
    let mut options = with_parameter("RequestLimit", "100000");
    options.instances = 1;
    let shop = spawn_shop_with(options).await;
    let mut customers = Vec::new();
    for (customer, quantity) in [(shop.alice().await, 1), (shop.bob().await, 2)] {
        let product = shop.new_product("Canary", 100, 10).await;
        customer.fill_cart(&product, quantity).await;
        let total = 100 * u64::from(quantity);
        let order = customer
            .check_out("canary", &checkout_body(total))
            .await
            .expect(201);
        let id = order.body["orderId"].as_str().unwrap().to_owned();
        customers.push((customer, id));
    }
    customers[0].0.get("/api/orders").await.expect(200);
    let process = shop.cloud.pids("get-orders");
    assert_eq!(process.len(), 1);
    for turn in 0..TURNS {
        for (mine, theirs) in [(0, 1), (1, 0)] {
            let (customer, own) = &customers[mine];
            let answer = customer.get("/api/orders").await.expect(200);
            assert!(answer.text.contains(own.as_str()), "turn {turn}");
            assert!(
                !answer.text.contains(customers[theirs].1.as_str()),
                "turn {turn}"
            );
        }
    }
    assert_eq!(shop.cloud.pids("get-orders"), process);
}

/// Who asked first must not be found in what another is answered from memory.
#[tokio::test]
async fn two_customers_never_meet_in_what_a_process_remembers() {
    const CANARY: &str = "canary-of-who-asked-first";
    let mut options = with_parameter("CatalogueCacheSeconds", "10");
    options.instances = 1;
    let shop = spawn_shop_with(options).await;
    let cup = shop.new_product("Cup", 100, 10).await;
    let cap = shop.new_product("Cap", 100, 10).await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    for (path, first, second) in [
        ("/api/products?category=tests".to_owned(), &alice, &bob),
        (
            "/api/products?category=tests&limit=7".to_owned(),
            &bob,
            &alice,
        ),
        (format!("/api/products/{cup}"), &alice, &bob),
        (format!("/api/products/{cap}"), &bob, &alice),
    ] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let asks = format!("{path}{separator}utm_source={CANARY}");
        let asks = first.request(reqwest::Method::GET, &asks);
        let asks = [
            "cookie",
            "user-agent",
            "referer",
            "x-forwarded-for",
            "x-request-id",
        ]
        .iter()
        .fold(asks, |asks, name| asks.header(*name, CANARY));
        let before = send(asks.header("origin", "http://localhost:3000")).await;
        let before = before.expect(200);
        let after = second.get(&path).await.expect(200);
        // It is the one that was made for the other.
        assert_ne!(after.header("age"), "", "{path}");
        assert_eq!(after.text, before.text);
        let answer = format!("{after:?}");
        for secret in [CANARY, "localhost:3000", first.token()] {
            assert!(!answer.contains(secret), "{answer}");
        }
        for name in ["x-request-id", "ratelimit-remaining", "set-cookie"] {
            assert_eq!(after.header(name), "", "{name}");
        }
    }
    for function in ["list-products", "get-product"] {
        assert_eq!(shop.cloud.pids(function).len(), 1);
    }
}
