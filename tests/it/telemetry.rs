//! What the functions' log lines say of the SDK and the runtime.

use serde_json::{Value, json};

use cloud::SECRET_ACCESS_KEY;
use tests::{NEWCOMERS_PASSWORD, Shop, checkout_body, spawn_shop, spawn_shop_with, with_parameter};

/// The lines of the log that other crates than the shop's own say.
fn foreign_lines(shop: &Shop) -> Vec<Value> {
    let lines = shop.log_lines();
    lines.filter(|line| line["level"].is_string()).collect()
}

#[tokio::test]
async fn at_debug_level_the_sdk_is_heard_and_tells_no_secret() {
    let shop = spawn_shop_with(with_parameter("LogLevel", "DEBUG")).await;
    let canary = "canary password of nobody";
    let carol = shop.newcomer("carol").await;
    let sign_in = json!({ "email": "carol@example.com", "password": canary });
    shop.anonymous()
        .post("/api/auth/login", &sign_in)
        .await
        .expect(401);
    let product = shop.new_product("Cup", 100, 10).await;
    carol.fill_cart(&product, 1).await;
    let order = checkout_body(100);
    carol.check_out("canary-key", &order).await.expect(201);
    carol
        .get("/api/orders?secret=canary-query")
        .await
        .expect(200);
    let token = &carol.session["refreshToken"];
    let refreshed = shop
        .anonymous()
        .post("/api/auth/refresh", &json!({ "refreshToken": token }))
        .await
        .expect(200)
        .body;
    // A step that can't be read, which the runtime itself says, quoting it.
    let step = json!({ "Step": "canary-step", "SecretId": "canary-secret" });
    let step = step.to_string().into_bytes();
    let _ = shop.cloud.invoke("rotate-signing-key", step).await;
    shop.cloud.stop_dynamodb().await;
    let failed = carol
        .get("/api/cart")
        .await
        .expect_problem(503, "unavailable");

    let lines = foreign_lines(&shop);
    for (target, level) in [("aws_smithy_runtime", "DEBUG"), ("lambda_runtime", "ERROR")] {
        let said = |line: &&Value| {
            let found = line["target"].as_str().unwrap();
            found.starts_with(target) && line["level"] == level
        };
        assert!(lines.iter().any(|line| said(&line)), "{target} is silent");
    }
    // How often a call that failed was tried is what one looks for.
    let id = failed.header("x-request-id");
    let retries = lines.iter().filter(|line| {
        let message = line["message"].as_str().unwrap_or_default();
        line["requestId"] == id && message.contains("retrying")
    });
    assert!(retries.count() > 0, "{id}");
    let levels = lines.iter().map(|line| line["level"].as_str().unwrap());
    assert!(levels.clone().all(|it| it != "TRACE"));

    let secret_part = |token: &Value| {
        let token = token.as_str().unwrap();
        token.rsplit('.').next().unwrap().to_owned()
    };
    let address = order["shippingAddress"].as_object().unwrap();
    let mut secrets: Vec<String> = address
        .values()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .filter(|it| it.len() > 3)
        .collect();
    assert!(secrets.len() > 2, "{address:?}");
    secrets.extend([
        secret_part(token),
        secret_part(&refreshed["refreshToken"]),
        secret_part(&refreshed["accessToken"]),
        carol.token().to_owned(),
    ]);
    for plain in [
        canary,
        NEWCOMERS_PASSWORD,
        "canary-key",
        "canary-query",
        "canary-step",
        "canary-secret",
        "carol@",
        "$argon2id",
        SECRET_ACCESS_KEY,
        "local-cloud-session-token",
        // What the functions' access key ids begin with.
        "LOCALFUNCTION",
        "AWS4-HMAC-SHA256",
    ] {
        secrets.push(plain.to_owned());
    }
    for line in shop.cloud.logs() {
        for secret in &secrets {
            assert!(!line.contains(secret.as_str()), "{secret} in {line}");
        }
        // All that a function writes by itself is JSON.
        if let Some((_, line)) = line.split_once(": ")
            && line.starts_with('{')
        {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }
}

#[tokio::test]
async fn by_default_nothing_but_a_failure_of_the_runtime_is_heard() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    alice.get("/api/orders").await.expect(200);
    assert_eq!(foreign_lines(&shop), [] as [Value; 0]);
    let step = json!({ "Step": "canary-step" }).to_string().into_bytes();
    let _ = shop.cloud.invoke("rotate-signing-key", step).await;
    let lines = foreign_lines(&shop);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(
        shop.cloud
            .logs()
            .iter()
            .all(|it| !it.contains("canary-step"))
    );
}
