//! Whatever is sent, the answer is a clear 4xx and never a 5xx.

use reqwest::Method;
use serde_json::{Value, json};

use tests::{send, spawn_shop};

#[tokio::test]
async fn a_product_that_makes_no_sense_is_refused_field_by_field() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let good = tests::product_body("Good", 100, 1);
    for (pointer, value) in [
        ("/name", json!("ab")),
        ("/name", json!("  ab  ")),
        ("/name", json!("x".repeat(201))),
        ("/name", json!("x".repeat(100_000))),
        ("/name", json!("a\u{7}bc")),
        ("/name", json!(["abc"])),
        ("/name", json!({ "$ne": null })),
        ("/description", json!("x".repeat(10_001))),
        ("/price", json!(100)),
        (
            "/price/amount",
            json!({ "amount": 1_000_000_001, "currency": "EUR" }),
        ),
        ("/price/amount", json!({ "amount": -1, "currency": "EUR" })),
        ("/price/amount", json!({ "amount": 0.1, "currency": "EUR" })),
        ("/price/amount", json!({ "amount": "1", "currency": "EUR" })),
        ("/price/currency", json!({ "amount": 1, "currency": "USD" })),
        ("/price/currency", json!({ "amount": 1, "currency": "eur" })),
        ("/price/amount", json!({ "currency": "EUR" })),
        ("/category", json!("No Slug")),
        ("/category", json!("main#x")),
        ("/status", json!("sold")),
        ("/stock", json!(-1)),
        ("/stock", json!(1_000_001)),
        ("/stock", json!(1.5)),
    ] {
        let mut bad = good.clone();
        let field = pointer.split('/').nth(1).unwrap();
        bad[field] = value;
        let refused = admin.post("/api/admin/products", &bad).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{bad:.200}");
    }
}

#[tokio::test]
async fn a_number_that_is_not_a_plain_integer_is_refused() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let path = format!("/api/cart/items/{}", shop.product(0));
    for number in [
        "1e0",
        "1.0",
        "-0",
        "9007199254740993",
        "99999999999999999999999",
    ] {
        let request = alice.request(Method::PUT, &path);
        let request = request.header("content-type", "application/json");
        let body = format!(r#"{{"quantity":{number}}}"#);
        send(request.body(body))
            .await
            .expect_problem(422, "invalid");
    }
    for text in [
        r#"{"quantity":1,"quantity":2}"#,
        r#"{"quantity":01}"#,
        r#"{"quantity":+1}"#,
        r#"{"quantity":NaN}"#,
        r#"{"quantity":1}}"#,
        r#"{"quantity":1,}"#,
        r#"{'quantity':1}"#,
        "{\"quantity\":1}\u{0}",
        "\u{feff}{\"quantity\":1}",
        r#"{"quantity":1,"x":"\ud800"}"#,
    ] {
        let request = alice.request(Method::PUT, &path);
        let request = request.header("content-type", "application/json");
        send(request.body(text))
            .await
            .expect_problem(400, "malformed");
    }
    // Bytes that are no text at all.
    let request = alice.request(Method::PUT, &path);
    let request = request.header("content-type", "application/json");
    let bytes = b"{\"quantity\":\"\xff\xfe\"}".to_vec();
    send(request.body(bytes))
        .await
        .expect_problem(400, "malformed");
}

#[tokio::test]
async fn hostile_paths_name_nothing() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    for id in [
        "%00",
        "%2e%2e%2f%2e%2e",
        "usr_01arz3ndektsv4rrffq69g5fav",
        "key%23AAAA",
        "ord_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "ord_01arz3ndektsv4rrffq69g5fav%20",
        "'%20or%201=1",
        "%F0%9F%92%A9",
        &"x".repeat(2000),
    ] {
        for prefix in ["/api/orders/", "/api/products/"] {
            let answer = alice.get(&format!("{prefix}{id}")).await;
            answer.expect_problem(404, "not-found");
        }
    }
    // Bytes that are no text: the gateway's own refusal.
    let answer = alice.get("/api/orders/%ff").await;
    answer.expect_problem(400, "malformed");
}

#[tokio::test]
async fn a_content_type_other_than_json_is_refused() {
    let shop = spawn_shop().await;
    let body = json!({ "email": "alice@example.com", "password": "x" }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        let request = shop.anonymous().request(Method::POST, "/api/auth/login");
        let request = request.header("content-type", kind).body(body.clone());
        send(request)
            .await
            .expect_problem(415, "unsupported-media-type");
    }
    let request = shop.anonymous().request(Method::POST, "/api/auth/login");
    let request = request.header("content-type", "application/json; charset=UTF-8");
    send(request.body(body))
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_body_that_the_gateway_does_not_take_is_refused_as_one_that_functions_do_not() {
    let shop = spawn_shop().await;
    let request = shop.anonymous().request(Method::POST, "/api/auth/login");
    let large = request.body("x".repeat(10 * 1024 * 1024 + 1));
    send(large).await.expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_body_of_256_kib_is_read_and_one_byte_more_is_not() {
    let shop = spawn_shop().await;
    let send_text = |length: usize| {
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
        let request = shop.anonymous().request(Method::POST, "/api/auth/login");
        send(
            request
                .header("content-type", "application/json")
                .body(text),
        )
    };
    send_text(256 * 1024).await.expect_problem(422, "invalid");
    send_text(256 * 1024 + 1)
        .await
        .expect_problem(413, "payload-too-large");
}

#[tokio::test]
async fn attacks_on_tokens_get_401() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let mut parts = alice.token().split('.');
    let (header, claims, signature) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let encode = |value: &Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let kid = {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(header)
            .unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["kid"].clone()
    };
    let none = encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": kid }));
    let hmac = encode(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }));
    let unknown = encode(&json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "nobody" }));
    let admin = encode(&json!({ "userId": "usr_01arz3ndektsv4rrffq69g5fav", "role": "admin" }));
    for token in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hmac}.{claims}.{signature}"),
        format!("{unknown}.{claims}.{signature}"),
        format!("{header}.{admin}.{signature}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}.x"),
        format!(".{claims}.{signature}"),
        "a.b.c".to_owned(),
        alice.session["refreshToken"].as_str().unwrap().to_owned(),
    ] {
        let answer = alice.with_token(&token).get("/api/orders").await;
        answer.expect_problem(401, "unauthenticated");
    }
    alice.get("/api/orders").await.expect(200);
}
