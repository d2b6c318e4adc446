//! What fails around the shop is a 503 that says when to come back, and the
//! shop is well again when it is back. Nothing half-done is left.

use std::time::Duration;

use cloud::{Calls, Fault, Reason};
use reqwest::Method;
use serde_json::json;

use tests::{checkout_body, password_of, send, send_signal, spawn_shop, try_signal, wait_until};

#[tokio::test]
async fn without_dynamodb_everything_is_503_and_with_it_well_again() {
    let shop = spawn_shop().await;
    let (alice, admin) = (shop.alice().await, shop.admin().await);
    let product = shop.new_product("Cup", 100, 10).await;
    alice.fill_cart(&product, 1).await;
    alice.get("/api/orders").await.expect(200);
    let product_path = format!("/api/products/{product}");
    shop.anonymous().get(&product_path).await.expect(200);

    shop.cloud.stop_dynamodb().await;
    let sign_in = json!({ "email": "alice@example.com", "password": "wrong password" });
    for answer in [
        shop.anonymous().get("/api/products").await,
        shop.anonymous().get(&product_path).await,
        shop.anonymous().post("/api/auth/login", &sign_in).await,
        alice.get("/api/orders").await,
        alice.get("/api/cart").await,
        alice.check_out("k", &checkout_body(100)).await,
        admin
            .post("/api/admin/products", &tests::product_body("New", 1, 1))
            .await,
    ] {
        let answer = answer.expect_problem(503, "unavailable");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    // What needs no table is answered as ever.
    shop.anonymous()
        .get("/api/nothing")
        .await
        .expect_problem(404, "not-found");

    shop.cloud.start_dynamodb().await.unwrap();
    shop.anonymous().get("/api/products").await.expect(200);
    alice.check_out("k", &checkout_body(100)).await.expect(201);
    assert_eq!(shop.stock(&product).await, 9);
}

#[tokio::test]
async fn a_function_that_starts_without_dynamodb_answers_503_and_recovers() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    assert!(
        shop.cloud.pids("get-orders").is_empty(),
        "it must start in the dark"
    );
    shop.cloud.stop_dynamodb().await;
    alice
        .get("/api/orders")
        .await
        .expect_problem(503, "unavailable");
    shop.cloud.start_dynamodb().await.unwrap();
    alice.get("/api/orders").await.expect(200);
}

#[tokio::test]
async fn without_secrets_manager_a_new_signing_function_answers_503_and_recovers() {
    let shop = spawn_shop().await;
    let body = json!({ "refreshToken": shop.alice().await.session["refreshToken"] });
    assert!(
        shop.cloud.pids("refresh").is_empty(),
        "it must start in the dark"
    );
    shop.cloud.stop_secrets_manager().await;
    let register = json!({
        "email": "dan@example.com", "password": "dan-dances-at-dawn", "name": "Dan",
    });
    let anonymous = shop.anonymous();
    for (path, body) in [
        ("/api/auth/register", &register),
        ("/api/auth/refresh", &body),
    ] {
        anonymous
            .post(path, body)
            .await
            .expect_problem(503, "unavailable");
    }
    // Who is signing in already has what it takes.
    shop.alice().await;
    shop.cloud.start_secrets_manager().await.unwrap();
    // What was refused is done when it is asked for again: the refresh token
    // was not used up, the account was not made.
    anonymous.post("/api/auth/refresh", &body).await.expect(200);
    anonymous
        .post("/api/auth/register", &register)
        .await
        .expect(201);
}

#[tokio::test]
async fn without_s3_a_form_is_still_given_and_the_shop_goes_on() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    shop.cloud.stop_s3().await;
    let body = json!({
        "productId": shop.product(0), "contentType": "image/png", "contentLength": 10,
    });
    admin.post("/api/admin/uploads", &body).await.expect(201);
    shop.anonymous().get("/api/products").await.expect(200);
    shop.cloud.start_s3().await.unwrap();
}

#[tokio::test]
async fn a_process_killed_in_the_middle_fails_its_request_and_no_other() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let product = shop.new_product("Cup", 100, 10).await;
    alice.fill_cart(&product, 1).await;
    // Start it, then hold it, so that the next request is surely in it.
    alice
        .check_out("first", &checkout_body(1))
        .await
        .expect_problem(409, "price-changed");
    let pids = shop.cloud.pids("checkout");
    assert_eq!(pids.len(), 1);
    send_signal(pids[0], "STOP");
    let request = alice.request(Method::POST, "/api/checkout");
    let request = request
        .header("idempotency-key", "k")
        .json(&checkout_body(100));
    let sent = tokio::spawn(send(request));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!sent.is_finished());
    send_signal(pids[0], "KILL");
    let failed = sent.await.unwrap();
    assert!([502, 503].contains(&failed.status), "{failed:#?}");

    assert_eq!(shop.stock(&product).await, 10);
    assert_eq!(alice.get("/api/cart").await.body["items"][0]["quantity"], 1);
    alice.check_out("k", &checkout_body(100)).await.expect(201);
    assert_eq!(shop.stock(&product).await, 9);
}

#[tokio::test]
async fn checkouts_whose_processes_are_killed_are_done_once_or_not_at_all() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Cup", 100, 90).await;
    let mut buyers = Vec::new();
    for number in 0..12 {
        let buyer = shop.newcomer(&format!("unlucky-{number}")).await;
        buyer.fill_cart(&product, 1).await;
        buyers.push(buyer);
    }
    let mut sent = Vec::new();
    for buyer in &buyers {
        let request = buyer.request(Method::POST, "/api/checkout");
        let request = request
            .header("idempotency-key", "k")
            .json(&checkout_body(100));
        sent.push(tokio::spawn(send(request)));
    }
    // Shoot at whatever runs while the requests are under way.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        for pid in shop.cloud.pids("checkout") {
            try_signal(pid, "KILL");
        }
    }
    for answer in sent {
        let answer = answer.await.unwrap();
        assert!([200, 201, 502, 503].contains(&answer.status), "{answer:#?}");
    }
    // Each asks again with the same key, and has exactly one order.
    for buyer in &buyers {
        let again = buyer.check_out("k", &checkout_body(100)).await;
        assert!([200, 201].contains(&again.status), "{again:#?}");
        let orders = buyer.get("/api/orders").await.expect(200);
        assert_eq!(orders.body["items"].as_array().unwrap().len(), 1);
    }
    assert_eq!(shop.stock(&product).await, 90 - 12);
}

#[tokio::test]
async fn a_retry_that_meets_its_first_attempt_gets_its_order_and_no_refusal() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 100, 10).await;
    alice.fill_cart(&cup, 2).await;
    let send = || {
        let alice = alice.clone();
        tokio::spawn(async move { alice.check_out("k", &checkout_body(200)).await })
    };
    let faults = shop.cloud.faults();
    let mut held = faults.hold(Calls::of("TransactWriteItems").by("checkout"));
    let first = send();
    held.arrived().await;
    // The cart is empty already, and of key and order nothing is to be seen.
    let carts = shop.table("CartsTable").to_owned();
    held.apply(move |item| item.table == carts).await;
    let cart = alice.get("/api/cart").await.expect(200);
    assert_eq!(cart.body["items"], json!([]));
    let retry = send();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!retry.is_finished());
    held.finish_without_answer().await;

    let first = first.await.unwrap().expect(201);
    let retry = retry.await.unwrap().expect(200);
    assert_eq!(retry.header("idempotent-replayed"), "true");
    assert_eq!(retry.body, first.body);
    assert_eq!(shop.stock(&cup).await, 8);
}

#[tokio::test]
async fn a_customer_who_was_refused_gets_no_order_from_a_request_that_still_waits() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 100, 10).await;
    alice.fill_cart(&cup, 3).await;
    let send = || {
        let alice = alice.clone();
        tokio::spawn(async move { alice.check_out("k", &checkout_body(300)).await })
    };
    // The first one meets others at a popular product, and waits to be sent again.
    let calls = Calls::of("TransactWriteItems").by("checkout").times(6);
    let met = shop.cloud.faults().inject(calls, Fault::Conflict);
    let first = send();
    wait_until(|| met.hits() > 0).await;
    // Another tab: the retry finds another total. Then the cart is put right.
    alice.fill_cart(&cup, 2).await;
    let refused = send().await.unwrap();
    refused.expect_problem(409, "price-changed");
    alice.fill_cart(&cup, 3).await;
    first.await.unwrap().expect_problem(409, "cart-changed");
    // Told "no", the customer buys anew, and once.
    let anew = alice.check_out("anew", &checkout_body(300)).await;
    anew.expect(201);
    assert_eq!(shop.stock(&cup).await, 7);
}

#[tokio::test]
async fn a_cart_is_edited_once_a_checkout_that_holds_it_is_done() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let (cup, jug) = (
        shop.new_product("Cup", 100, 10).await,
        shop.new_product("Jug", 100, 10).await,
    );
    alice.fill_cart(&cup, 1).await;
    alice.fill_cart(&jug, 1).await;
    let faults = shop.cloud.faults();
    let mut held = faults.hold(Calls::of("TransactWriteItems").by("checkout"));
    let buyer = alice.clone();
    let order = tokio::spawn(async move { buyer.check_out("k", &checkout_body(200)).await });
    held.arrived().await;
    let path = |product: &str| format!("/api/cart/items/{product}");
    let (set, removed) = (path(&cup), path(&jug));
    let editor = alice.clone();
    let set = tokio::spawn(async move { editor.put(&set, &json!({ "quantity": 5 })).await });
    let editor = alice.clone();
    let removed = tokio::spawn(async move { editor.delete(&removed).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!set.is_finished() && !removed.is_finished());
    held.finish().await;

    order.await.unwrap().expect(201);
    let cart = set.await.unwrap().expect(200).body;
    removed.await.unwrap().expect(204);
    assert_eq!(cart["items"][0]["quantity"], 5);
    assert_eq!(shop.stock(&cup).await, 9);
}

/// The second part of each of these transactions is the user's record.
#[tokio::test]
async fn an_account_that_is_changed_at_the_same_time_is_a_409_and_nothing_is_done() {
    let shop = spawn_shop().await;
    let (alice, sue) = (shop.alice().await, shop.super_admin().await);
    let dora = json!({ "email": "dora@example.com", "name": "Dora", "role": "staff" });
    let invited = sue.post("/api/admin/users", &dora).await.expect(201).body;
    let token = &invited["invitation"]["token"];
    let change = |email: &str| {
        let password = password_of(email);
        json!({ "currentPassword": password, "newPassword": "an owl reads at night" })
    };
    for (client, function, method, path, body) in [
        (
            &alice,
            "change-password",
            Method::PUT,
            "/api/account/password",
            change("alice@example.com"),
        ),
        (
            &sue,
            "admin-change-password",
            Method::PUT,
            "/api/admin/password",
            change("super@example.com"),
        ),
        (
            &shop.anonymous(),
            "accept-invite",
            Method::POST,
            "/api/admin/accept-invite",
            json!({ "token": token, "password": "an owl reads at night" }),
        ),
    ] {
        let calls = Calls::of("TransactWriteItems").by(function);
        let changed = vec![Reason::None, Reason::ConditionFailed(None)];
        let _ = shop.cloud.faults().inject(calls, Fault::Cancel(changed));
        let request = || client.request(method.clone(), path).json(&body);
        send(request()).await.expect_problem(409, "conflict");
        send(request()).await.expect(204);
    }
}

/// Lambda ends it after its ten seconds.
#[tokio::test]
async fn a_process_that_hangs_is_a_504_and_the_next_one_answers() {
    let shop = spawn_shop().await;
    let path = format!("/api/products/{}", shop.product(0));
    shop.anonymous().get(&path).await.expect(200);
    send_signal(shop.cloud.pids("get-product")[0], "STOP");
    shop.anonymous().get(&path).await.expect(504);
    shop.anonymous().get(&path).await.expect(200);
}

#[tokio::test]
async fn one_key_is_one_order_whatever_dynamodb_does() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Cup", 100, 50).await;
    let mut buyers = Vec::new();
    for number in 0..8 {
        let buyer = shop.newcomer(&format!("patient-{number}")).await;
        buyer.fill_cart(&product, 2).await;
        buyers.push(buyer);
    }
    shop.cloud.faults().randomly(0.3, 7);
    let mut sent = Vec::new();
    for buyer in buyers.clone() {
        sent.push(tokio::spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..6 {
                let answer = buyer.check_out("k", &checkout_body(200)).await;
                assert!([200, 201, 502, 503].contains(&answer.status), "{answer:#?}");
                answers.extend((answer.status < 300).then_some(answer.body));
            }
            answers
        }));
    }
    let mut told = Vec::new();
    for answers in sent {
        told.push(answers.await.unwrap());
    }
    shop.cloud.faults().clear();
    for (buyer, told) in buyers.iter().zip(told) {
        let again = buyer.check_out("k", &checkout_body(200)).await;
        assert!([200, 201].contains(&again.status), "{again:#?}");
        assert!(told.iter().all(|order| *order == again.body), "{told:#?}");
        let orders = buyer.get("/api/orders").await.expect(200);
        assert_eq!(orders.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(buyer.get("/api/cart").await.body["items"], json!([]));
    }
    assert_eq!(shop.stock(&product).await, 50 - 2 * 8);
}

#[tokio::test]
async fn a_shop_whose_database_fails_now_and_then_stays_usable() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 100, 90).await;
    shop.cloud.faults().randomly(0.05, 7);
    for number in 0..10 {
        alice.fill_cart(&cup, 1).await;
        let key = format!("k{number}");
        let order = alice.check_out(&key, &checkout_body(100)).await;
        let order = order.expect(201).body;
        let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
        assert_eq!(alice.get(&path).await.expect(200).body, order);
        shop.anonymous().get("/api/products").await.expect(200);
    }
    shop.cloud.faults().clear();
    assert_eq!(shop.stock(&cup).await, 80);
}
