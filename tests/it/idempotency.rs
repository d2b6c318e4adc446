//! What the staff send again under its key is done once, and answered as what
//! was done.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use cloud::Calls;
use futures_util::future::join_all;
use tests::{Client, Shop, TestResponse, product_body, send, spawn_shop};

/// Sends a request under a key.
pub(crate) async fn post(client: &Client, path: &str, key: &str, body: &Value) -> TestResponse {
    let request = client.request(Method::POST, path);
    send(request.header("idempotency-key", key).json(body)).await
}

/// Asserts that an answer is a replay.
#[track_caller]
fn replayed(answer: TestResponse) -> TestResponse {
    assert_eq!(answer.header("idempotent-replayed"), "true", "{answer:#?}");
    answer.expect(200)
}

/// Makes every key older than it is kept, without deleting it: DynamoDB itself
/// deletes late.
async fn let_keys_expire(shop: &Shop) {
    for mut row in shop.scan("IdempotencyKeysTable").await {
        row["expiresAt"] = json!({ "N": "1" });
        shop.put_item("IdempotencyKeysTable", row).await;
    }
}

fn upload_of(product: &str, length: u64) -> Value {
    json!({ "productId": product, "contentType": "image/png", "contentLength": length })
}

#[tokio::test]
async fn a_product_is_made_once_for_a_key() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let path = "/api/admin/products";
    let before = shop.scan("ProductsTable").await.len();
    let body = product_body("Cup", 100, 3);
    let made = post(&admin, path, "k", &body).await.expect(201);
    assert_eq!(made.header("idempotent-replayed"), "");
    // Another spelling of the same body is the same.
    let mut spelled = body.clone();
    spelled["name"] = json!("  Cup ");
    spelled["description"] = json!("");
    for body in [&body, &spelled] {
        let again = replayed(post(&admin, path, "k", body).await);
        assert_eq!(again.body, made.body);
    }
    assert_eq!(shop.scan("ProductsTable").await.len(), before + 1);
    let other = post(&admin, path, "k", &product_body("Cup", 101, 3)).await;
    other.expect_problem(422, "idempotency-mismatch");
    // Each has keys of their own, and who sends none makes another one.
    post(&sue, path, "k", &body).await.expect(201);
    admin.post(path, &body).await.expect(201);
    assert_eq!(shop.scan("ProductsTable").await.len(), before + 3);
    for key in ["a,b", "a b", ""] {
        post(&admin, path, key, &body)
            .await
            .expect_problem(400, "malformed");
    }
    // What was refused has used up no key.
    let wrong = json!({ "amount": 100, "currency": "USD" });
    let mut refused = body.clone();
    refused["price"] = wrong;
    post(&admin, path, "later", &refused).await.expect(422);
    post(&admin, path, "later", &body).await.expect(201);
}

#[tokio::test]
async fn a_key_that_is_sent_at_once_from_everywhere_makes_one_thing() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let product = product_body("Cup", 100, 3);
    let upload = upload_of(shop.product(0), 1000);
    let dora = json!({ "email": "dora@example.com", "name": "Dora", "role": "staff" });
    for (client, path, body, id) in [
        (&admin, "/api/admin/products", &product, "productId"),
        (&admin, "/api/admin/uploads", &upload, "uploadId"),
        (&sue, "/api/admin/users", &dora, "userId"),
    ] {
        let answers = join_all((0..8).map(|_| post(client, path, "k", body))).await;
        let made = answers.iter().filter(|it| it.status == 201).count();
        assert_eq!(made, 1, "{path}");
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
            assert_eq!(answer.body[id], answers[0].body[id]);
        }
    }
    assert_eq!(shop.scan("IdempotencyKeysTable").await.len(), 3);
    assert_eq!(shop.scan("UploadsTable").await.len(), 1);
}

#[tokio::test]
async fn an_upload_gets_a_fresh_form_while_it_is_pending_and_then_its_state() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = shop.new_product("Cup", 100, 1).await;
    let path = "/api/admin/uploads";
    let body = upload_of(&product, 1000);
    let made = post(&admin, path, "k", &body).await.expect(201).body;
    assert_eq!(made["status"], "pending");
    let again = replayed(post(&admin, path, "k", &body).await).body;
    assert_eq!(again["uploadId"], made["uploadId"]);
    assert_eq!(again["fields"]["key"], made["fields"]["key"]);
    assert!(again["url"].is_string());
    let other = post(&admin, path, "k", &upload_of(&product, 1001)).await;
    other.expect_problem(422, "idempotency-mismatch");

    // The product may be gone by then.
    let key = json!({ "productId": { "S": product } });
    let gone = json!({ "TableName": shop.table("ProductsTable"), "Key": key });
    assert_eq!(shop.dynamodb("DeleteItem", &gone).await, json!({}));
    admin.post(path, &body).await.expect_problem(422, "invalid");
    replayed(post(&admin, path, "k", &body).await);

    // Nobody puts the picture on its product, or finds that gone.
    let _held = shop.cloud.events().hold();
    for status in ["ready", "rejected"] {
        let mut row = shop.scan("UploadsTable").await.remove(0);
        row["status"] = json!({ "S": status });
        shop.put_item("UploadsTable", row).await;
        let state = replayed(post(&admin, path, "k", &body).await).body;
        assert_eq!(
            state,
            json!({ "uploadId": made["uploadId"], "status": status })
        );
    }
}

#[tokio::test]
async fn an_invitation_is_sent_again_without_its_token() {
    let shop = spawn_shop().await;
    let sue = shop.super_admin().await;
    let path = "/api/admin/users";
    let dora = json!({ "email": "dora@example.com", "name": "Dora", "role": "staff" });
    let made = post(&sue, path, "k", &dora).await.expect(201).body;
    let token = made["invitation"]["token"].as_str().unwrap();
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("invitation");
    assert_eq!(replayed(post(&sue, path, "k", &dora).await).body, expected);
    let mut other = dora.clone();
    other["role"] = json!("admin");
    post(&sue, path, "k", &other)
        .await
        .expect_problem(422, "idempotency-mismatch");

    // It is the first one that counts, and nothing was made anew.
    let accept = json!({ "token": token, "password": "sorts the shelves" });
    let accepted = sue.post("/api/admin/accept-invite", &accept).await;
    accepted.expect(204);
    let again = replayed(post(&sue, path, "k", &dora).await).body;
    assert_eq!(again["status"], "active");
    assert_eq!(again["userId"], made["userId"]);
    // Without the key, or under another, the address is taken.
    sue.post(path, &dora).await.expect_problem(409, "conflict");
    post(&sue, path, "another", &dora)
        .await
        .expect_problem(409, "conflict");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let path = "/api/admin/products";
    let body = product_body("Cup", 100, 3);
    let made = post(&admin, path, "k", &body).await.expect(201).body;
    let rows = shop.scan("IdempotencyKeysTable").await;
    let ends: i64 = rows[0]["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let left = ends - i64::try_from(now.as_secs()).unwrap();
    assert!((86_300..=86_400).contains(&left), "{left}");
    let_keys_expire(&shop).await;
    let second = post(&admin, path, "k", &body).await.expect(201).body;
    assert_ne!(second["productId"], made["productId"]);
    let again = replayed(post(&admin, path, "k", &body).await);
    assert_eq!(again.body, second);
}

#[tokio::test]
async fn an_invitation_that_meets_its_first_attempt_is_never_refused() {
    let shop = spawn_shop().await;
    let sue = shop.super_admin().await;
    let dora = json!({ "email": "dora@example.com", "name": "Dora", "role": "staff" });
    let send = || {
        let (sue, dora) = (sue.clone(), dora.clone());
        tokio::spawn(async move { post(&sue, "/api/admin/users", "k", &dora).await })
    };
    let faults = shop.cloud.faults();
    let mut held = faults.hold(Calls::of("TransactWriteItems").by("admin-create-user"));
    let first = send();
    held.arrived().await;
    // The address is taken already, and of person and key nothing is to be seen.
    let credentials = shop.table("StaffCredentialsTable").to_owned();
    held.apply(move |item| item.table == credentials).await;
    let retry = send();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!retry.is_finished());
    held.finish_without_answer().await;

    let first = first.await.unwrap().expect(201).body;
    let retry = replayed(retry.await.unwrap()).body;
    assert_eq!(retry["userId"], first["userId"]);
    assert!(retry.get("invitation").is_none());
}
