//! How often something may be done, and from where.

use cloud::Options;
use serde_json::{Value, json};

use tests::{
    NEWCOMERS_PASSWORD, Shop, TestRequest, TestResponse, password_of, send, spawn_shop,
    spawn_shop_with, with_parameter,
};

fn sign_in(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

fn right(email: &str) -> Value {
    sign_in(email, password_of(email))
}

fn remaining(answer: &TestResponse) -> u32 {
    answer.header("ratelimit-remaining").parse().unwrap()
}

/// Refused for coming too often, and told how to go on.
#[track_caller]
fn too_often(answer: TestResponse) {
    let answer = answer.expect_problem(429, "rate-limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(
        answer.header("ratelimit-reset"),
        answer.header("retry-after")
    );
    assert_eq!(remaining(&answer), 0);
}

#[tokio::test]
async fn the_sixth_staff_sign_in_of_an_address_is_refused_even_with_the_right_password() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(30).await;
    let body = right("admin@example.com");
    // Successes count too, and no header makes another address of this one.
    for number in 0..6_u32 {
        let request = shop
            .anonymous()
            .request(reqwest::Method::POST, "/api/admin/login")
            .header("x-forwarded-for", format!("198.51.100.{number}"))
            .header("forwarded", format!("for=198.51.100.{number}"))
            .header("x-real-ip", format!("198.51.100.{number}"))
            .json(&body);
        let answer = send(request).await;
        assert_eq!(answer.header("ratelimit-limit"), "5");
        if number < 5 {
            assert_eq!(remaining(&answer.expect(200)), 4 - number);
        } else {
            too_often(answer);
        }
    }
    // Another address may.
    let elsewhere = shop
        .call_from("192.0.2.9", "admin-login", TestRequest::with_body(body))
        .await;
    assert_eq!(remaining(&elsewhere.expect(200)), 4);
    assert_eq!(shop.events("limit-reached")[0]["limit"], "admin-login");
}

#[tokio::test]
async fn customers_sign_in_30_times_and_register_and_accept_20_times() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(120).await;
    let registration = |number: u32| json!({ "email": format!("n{number}@example.com"), "password": "tall grass 77", "name": "N" });
    let acceptance =
        json!({ "token": "usr_01arz3ndektsv4rrffq69g5fav.x", "password": "tall grass 77 moths" });
    for number in 0..31_u32 {
        let body = TestRequest::with_body(right("alice@example.com"));
        let answer = shop.call_from("192.0.2.1", "login", body).await;
        if number < 30 {
            assert_eq!(remaining(&answer.expect(200)), 29 - number);
        } else {
            too_often(answer);
        }
        if number > 20 {
            continue;
        }
        let body = TestRequest::with_body(registration(number));
        let registered = shop.call_from("192.0.2.1", "register", body).await;
        let body = TestRequest::with_body(acceptance.clone());
        let accepted = shop.call_from("192.0.2.1", "accept-invite", body).await;
        if number < 20 {
            assert_eq!(remaining(&registered.expect(201)), 19 - number);
            assert_eq!(remaining(&accepted.expect(401)), 19 - number);
        } else {
            too_often(registered);
            too_often(accepted);
        }
    }
    let users = shop.scan("UsersTable").await.len();
    assert_eq!(users, 2 + 20, "the one that was refused made no account");
}

#[tokio::test]
async fn a_broken_message_is_no_try() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(30).await;
    for _ in 0..8 {
        let empty = shop
            .call_from(
                "192.0.2.1",
                "admin-login",
                TestRequest::with_body(json!({})),
            )
            .await;
        empty.expect_problem(422, "invalid");
    }
    let body = TestRequest::with_body(right("admin@example.com"));
    shop.call_from("192.0.2.1", "admin-login", body)
        .await
        .expect(200);
}

#[tokio::test]
async fn ten_failures_close_an_account_to_their_address_and_nobody_is_told() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(60).await;
    // One subscriber of IPv6 has many addresses.
    let host = std::cell::Cell::new(0);
    let try_it = async |body: Value| {
        host.set(host.get() + 1);
        let address = format!("2001:db8:1:2::{:x}", host.get());
        shop.call_from(&address, "login", TestRequest::with_body(body))
            .await
    };
    // One that succeeds in between is not a failure.
    for _ in 0..5 {
        try_it(sign_in("alice@example.com", "wrong"))
            .await
            .expect(401);
        try_it(right("alice@example.com")).await.expect(200);
    }
    let wrong = try_it(sign_in("ALICE@example.com", "wrong"))
        .await
        .expect(401);
    for _ in 0..4 {
        try_it(sign_in("alice@example.com", "wrong"))
            .await
            .expect(401);
    }
    let mut closed = try_it(right("alice@example.com")).await.expect(401);
    closed.body["requestId"] = wrong.body["requestId"].clone();
    assert_eq!(closed.body, wrong.body);
    // It is this account and no other, and this address.
    try_it(right("bob@example.com")).await.expect(200);
    for elsewhere in ["2001:db8:1:3::1", "192.0.2.1"] {
        let body = TestRequest::with_body(right("alice@example.com"));
        shop.call_from(elsewhere, "login", body).await.expect(200);
    }
    // An e-mail address that has no account closes just the same.
    for _ in 0..12 {
        try_it(sign_in("nobody@example.com", "wrong"))
            .await
            .expect(401);
    }
    let locks = shop.events("account-locked");
    assert_eq!(locks.len(), 2);
    assert!(locks[0]["userId"].is_string() && locks[1]["userId"].is_null());
    assert_eq!(locks[0]["AccountLocks"], 1);
    let last = shop.events("sign-in-failed").pop().unwrap();
    assert_eq!(last["reason"], "locked");
    assert_eq!(shop.events("account-closed").len(), 0);
}

#[tokio::test]
async fn a_hundred_failures_from_anywhere_close_an_account_to_all_but_known_addresses() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(120).await;
    let (home, office) = ("192.0.2.1", "192.0.2.2");
    let log_in = async |address: &str, body: Value| {
        shop.call_from(address, "login", TestRequest::with_body(body))
            .await
    };
    let alice = right("alice@example.com");
    let session = log_in(home, alice.clone()).await.expect(200).body;
    // Whoever registers has signed in from there.
    let carol = sign_in("carol@example.com", NEWCOMERS_PASSWORD);
    let mut registration = carol.clone();
    registration["name"] = json!("Carol");
    let registration = TestRequest::with_body(registration);
    let registered = shop.call_from(home, "register", registration).await;
    registered.expect(201);
    for (number, email) in ["alice@example.com", "carol@example.com"]
        .iter()
        .enumerate()
    {
        let guesses = (0..110).map(|guess| {
            let address = format!("198.51.{}.{}", 100 + number, guess / 10);
            let body = sign_in(email, &format!("guess {guess}"));
            let log_in = &log_in;
            async move { log_in(&address, body).await.expect(401) }
        });
        futures_util::future::join_all(guesses).await;
    }
    let failed = shop.events("sign-in-failed");
    let looked_at = failed.iter().filter(|it| it["reason"] == "wrong-password");
    assert_eq!(looked_at.count(), 200, "no more were looked at");
    assert!(failed.iter().all(|it| it["addressClass"] == "new"));
    let dimensions = &failed[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(dimensions, &json!([[], ["addressClass"]]));
    let mistyped = sign_in("alice@example.com", "alice loves teapot");
    log_in(home, mistyped).await.expect(401);
    let failed = shop.events("sign-in-failed");
    assert_eq!(failed.last().unwrap()["addressClass"], "known");
    for who in [&alice, &carol] {
        log_in(office, who.clone()).await.expect(401);
        log_in(home, who.clone()).await.expect(200);
    }
    // So it is where the old password is asked for.
    let client = shop.anonymous().with_session(session);
    let change = || TestRequest {
        body: Some(json!({
            "currentPassword": password_of("alice@example.com"),
            "newPassword": "alice prefers coffee",
        })),
        ..TestRequest::signed_in_as(&client)
    };
    let elsewhere = shop.call_from(office, "change-password", change()).await;
    assert_eq!(elsewhere.expect(422).pointers(), ["/currentPassword"]);
    let here = shop.call_from(home, "change-password", change()).await;
    here.expect(204);
    // Other accounts, and the staff's side, are open to everyone.
    log_in(office, right("bob@example.com")).await.expect(200);
    let closed = shop.events("account-closed");
    assert_eq!(closed.len(), 2);
    assert_eq!(closed[0]["AccountsClosed"], 1);
    assert!(closed.iter().all(|it| it["userId"].is_string()));
    // What is kept of an address tells none.
    let kept = json!(shop.scan("RateLimitsTable").await).to_string();
    assert_eq!(kept.matches("known-address#").count(), 3);
    for row in shop.scan("RateLimitsTable").await {
        let subject = row["subject"]["S"].as_str().unwrap();
        let known = subject.starts_with("known-address#");
        assert!(!known || !subject.contains("192.0.2."), "{subject}");
    }
}

#[tokio::test]
async fn failures_in_the_customers_realm_do_not_close_the_staffs() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(60).await;
    for _ in 0..12 {
        let body = TestRequest::with_body(sign_in("admin@example.com", "wrong"));
        shop.call_from("192.0.2.1", "login", body).await.expect(401);
    }
    let body = TestRequest::with_body(right("admin@example.com"));
    shop.call_from("192.0.2.1", "admin-login", body)
        .await
        .expect(200);
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_no_more_than_ten() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(60).await;
    let tries = (0..30).map(|number| {
        let body = TestRequest::with_body(sign_in("alice@example.com", &format!("guess {number}")));
        let shop = &shop;
        async move {
            let refused = shop.call_from("192.0.2.1", "login", body).await;
            refused.expect(401)
        }
    });
    futures_util::future::join_all(tries).await;
    let failures = shop.events("sign-in-failed");
    let judged = failures
        .iter()
        .filter(|it| it["reason"] == "wrong-password");
    assert_eq!((judged.count(), failures.len()), (10, 30));
}

async fn exhaust(shop: &Shop, address: &str, most: u32) -> u32 {
    let mut passed = 0;
    loop {
        let answer = shop
            .call_from(address, "not-found", TestRequest::default())
            .await;
        if answer.status == 429 {
            too_often(answer);
            return passed;
        }
        let left = remaining(&answer.expect(404));
        passed += 1;
        assert!(left < most && passed <= most, "{left} left after {passed}");
    }
}

#[tokio::test]
async fn an_address_makes_so_many_requests_and_a_new_process_does_not_forget_them() {
    let mut options = with_parameter("RequestLimit", "100");
    options.instances = 1;
    let shop = spawn_shop_with(options).await;
    shop.wait_for_limit_window(60).await;
    for _ in 0..35 {
        shop.call_from("192.0.2.1", "not-found", TestRequest::default())
            .await
            .expect(404);
    }
    for pid in shop.cloud.pids("not-found") {
        tests::send_signal(pid, "KILL");
    }
    tests::wait_until(|| shop.cloud.pids("not-found").is_empty()).await;
    // 42 were taken, and the last lease's rest died with its process.
    assert_eq!(exhaust(&shop, "192.0.2.1", 100).await, 58);
    // It is one count for all functions, and for this address alone.
    too_often(
        shop.call_from("192.0.2.1", "list-products", TestRequest::default())
            .await,
    );
    shop.call_from("192.0.2.2", "not-found", TestRequest::default())
        .await
        .expect(404);
    assert_eq!(shop.events("limit-reached")[0]["limit"], "requests");
    assert_eq!(shop.events("limit-reached")[0]["LimitHits"], 1);
}

#[tokio::test]
async fn a_thousand_requests_pass_unless_told_otherwise_and_no_header_makes_it_more() {
    let options = Options {
        instances: 1,
        ..tests::options()
    };
    let shop = spawn_shop_with(options).await;
    shop.wait_for_limit_window(120).await;
    let anonymous = shop.anonymous();
    let mut passed = 0;
    for number in 0..1002_u32 {
        let request = anonymous
            .request(reqwest::Method::GET, "/api/nothing")
            .header(
                "x-forwarded-for",
                format!("198.51.{}.{}", number / 250, number % 250),
            );
        let answer = send(request).await;
        assert_eq!(answer.header("ratelimit-limit"), "1000");
        match answer.status {
            429 => too_often(answer),
            _ => passed += 1,
        }
    }
    // The harness asked for the list of products once: a lease of ten.
    assert!((990..=1000).contains(&passed), "{passed}");
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_throttled_before_a_function_runs_and_nothing_else_is() {
    let mut options = with_parameter("SignInThrottlingBurstLimit", "2");
    let rate = ("SignInThrottlingRateLimit".to_owned(), "1".to_owned());
    options.deployment.parameters.extend([rate]);
    options.throttle = true;
    let shop = spawn_shop_with(options).await;
    let body = sign_in("nobody@example.com", "nothing");
    let anonymous = shop.anonymous();
    let flood = (0..20).map(|_| anonymous.post("/api/auth/login", &body));
    let answers = futures_util::future::join_all(flood).await;
    let (throttled, tried): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 429);
    // Two at once, and one more for each second that this takes.
    assert!(throttled.len() > 10, "{}", throttled.len());
    for answer in throttled {
        let answer = answer.expect_problem(429, "rate-limited");
        assert_eq!(answer.header("ratelimit-limit"), "", "a function answered");
    }
    assert_eq!(shop.events("sign-in-failed").len(), tried.len());
    anonymous.get("/api/products").await.expect(200);
}

#[tokio::test]
async fn what_comes_too_often_changes_nothing() {
    let shop = spawn_shop_with(with_parameter("RequestLimit", "100")).await;
    shop.wait_for_limit_window(60).await;
    let alice = shop.alice().await;
    exhaust(&shop, "192.0.2.1", 100).await;
    let set = TestRequest {
        path_parameters: json!({ "productId": shop.product(0) }),
        body: Some(json!({ "quantity": 3 })),
        ..TestRequest::signed_in_as(&alice)
    };
    too_often(shop.call_from("192.0.2.1", "set-cart-item", set).await);
    assert_eq!(shop.scan("CartsTable").await.len(), 0);
}

#[tokio::test]
async fn without_the_counters_nobody_signs_in_and_everything_else_goes_on() {
    let shop = spawn_shop().await;
    shop.call_from("192.0.2.1", "not-found", TestRequest::default())
        .await
        .expect(404);
    shop.cloud.stop_dynamodb().await;
    let uncounted = shop
        .call_from("192.0.2.2", "not-found", TestRequest::default())
        .await;
    assert_eq!(uncounted.expect(404).header("ratelimit-limit"), "");
    let refused = shop
        .call_from(
            "192.0.2.2",
            "login",
            TestRequest::with_body(right("alice@example.com")),
        )
        .await;
    refused.expect_problem(503, "unavailable");
    let uncounted = shop.events("requests-not-counted");
    assert!(
        uncounted
            .iter()
            .any(|it| it["requestId"] == "from-192.0.2.2")
    );
}

#[tokio::test]
async fn the_staffs_routes_are_closed_to_all_but_the_listed_networks() {
    let networks = "192.0.2.0/24,2001:db8::/32";
    let shop = spawn_shop_with(with_parameter("AdminNetworks", networks)).await;
    let body = || TestRequest::with_body(right("super@example.com"));
    for inside in ["192.0.2.77", "2001:db8:7::1"] {
        shop.call_from(inside, "admin-login", body())
            .await
            .expect(200);
    }
    for outside in ["198.51.100.1", "127.0.0.1", "::1", "2001:db9::1", ""] {
        let refused = shop.call_from(outside, "admin-login", body()).await;
        refused.expect_problem(403, "forbidden");
    }
    let session = shop
        .call_from("192.0.2.7", "admin-login", body())
        .await
        .body;
    let sue = shop
        .anonymous()
        .with_token(session["accessToken"].as_str().unwrap());
    // Over HTTP this is another address, whatever its headers say.
    let request = sue
        .request(reqwest::Method::GET, "/api/admin/users")
        .header("x-forwarded-for", "192.0.2.7");
    send(request).await.expect_problem(403, "forbidden");
    shop.call_from(
        "192.0.2.7",
        "admin-list-users",
        TestRequest::signed_in_as(&sue),
    )
    .await
    .expect(200);
    // Customers come from everywhere.
    shop.anonymous().get("/api/products").await.expect(200);
    assert_eq!(shop.events("address-refused").len(), 6);
    // Every route of the staff is closed, whatever it asks for.
    let functions = shop.cloud.template().functions.iter();
    let staffs = functions.filter(|it| it.routes.iter().any(|it| it.key().contains("/api/admin/")));
    let staffs: Vec<&str> = staffs.map(|it| it.binary.as_str()).collect();
    for name in [
        "admin-login",
        "admin-refresh",
        "admin-logout",
        "accept-invite",
    ] {
        assert!(staffs.contains(&name), "{name}");
    }
    for (number, name) in (7..).zip(staffs) {
        let refused = shop
            .call_from("198.51.100.1", name, TestRequest::signed_in_as(&sue))
            .await;
        refused.expect_problem(403, "forbidden");
        assert_eq!(shop.events("address-refused").len(), number, "{name}");
    }
    // A list that can't be read admits nobody, and leaves the shop open.
    let shop = spawn_shop_with(with_parameter("AdminNetworks", "192.0.2.0/240")).await;
    let refused = shop.call_from("192.0.2.7", "admin-login", body()).await;
    refused.expect_problem(403, "forbidden");
    shop.anonymous().get("/api/products").await.expect(200);
}

#[tokio::test]
async fn past_the_concurrency_of_signing_in_the_gateway_answers_503() {
    let shop = spawn_shop_with(with_parameter("SignInConcurrency", "1")).await;
    let (anonymous, body) = (shop.anonymous(), right("alice@example.com"));
    let attempts = (0..8).map(|_| anonymous.post("/api/auth/login", &body));
    let answers = futures_util::future::join_all(attempts).await;
    let (busy, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == 503);
    assert!(!busy.is_empty());
    for answer in busy {
        let answer = answer.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    for answer in others {
        answer.expect(200);
    }
}
