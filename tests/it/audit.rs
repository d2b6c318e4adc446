//! What is written down: access lines, events, metrics, and the audit log.

use serde_json::{Value, json};

use tests::{Client, Shop, TestRequest, password_of, product_body, send, spawn_shop, try_send};

#[tokio::test]
async fn every_request_leaves_one_line_that_says_who_asked_what_and_how_it_went() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let agent = "test agent ".repeat(40);
    let request = alice
        .request(reqwest::Method::GET, "/api/orders?secret=canary")
        .header("user-agent", &agent);
    let answer = send(request).await.expect(200);
    let id = answer.header("x-request-id");
    let lines: Vec<Value> = shop
        .log_lines()
        .filter(|line| line["requestId"] == id)
        .collect();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["route"], "GET /api/orders");
    assert_eq!(
        (&line["method"], &line["status"]),
        (&json!("GET"), &json!(200))
    );
    assert_eq!(
        (&line["userId"], &line["role"]),
        (&json!(alice.user_id()), &json!("customer"))
    );
    assert_eq!(line["sourceIp"], "127.0.0.1");
    assert_eq!(line["userAgent"].as_str().unwrap(), &agent[..256]);
    assert!(line["duration"].is_u64() && line["coldStart"] == true);
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    let metrics = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(metrics["Namespace"], "buy-from-me-local");
    assert_eq!(metrics["Dimensions"], json!([[], ["route"]]));
    assert!(line["Latency"].is_u64() && line["ColdStarts"] == 1);

    let missing = alice
        .get("/api/orders/ord_01arz3ndektsv4rrffq69g5fav")
        .await
        .expect(404);
    let id = missing.header("x-request-id");
    let line = shop
        .log_lines()
        .find(|line| line["requestId"] == id)
        .unwrap();
    assert_eq!(line["route"], "GET /api/orders/{orderId}");
    assert_eq!(
        (&line["code"], &line["ClientErrors"]),
        (&json!("not-found"), &json!(1))
    );
}

#[tokio::test]
async fn nobody_can_write_a_line_of_their_own_into_the_log() {
    let shop = spawn_shop().await;
    let forged = r#"{"event":"signed-in","userId":"usr_forged"}"#;
    let agent = format!("x\r\n{forged}\n\u{1b}[2J\u{9b}\u{2028}{forged}");
    let body = json!({ "email": "alice@example.com", "password": "wrong" }).to_string();
    // Past the gateway, which takes no line break in a header.
    let event = json!({
        "version": "2.0", "routeKey": "POST /api/auth/login\n", "headers": { "content-type": "application/json" },
        "requestContext": {
            "http": { "method": "POST\n", "sourceIp": format!("192.0.2.1\n{forged}"), "userAgent": agent },
            "requestId": format!("r\n{forged}"),
        },
        "body": body,
    });
    shop.cloud
        .invoke("login", event.to_string().into_bytes())
        .await
        .unwrap();
    let failed = shop.events("sign-in-failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["userAgent"], agent.as_str());
    assert!(shop.log_lines().all(|line| line["userId"] != "usr_forged"));
    for line in shop.cloud.logs() {
        assert!(!line.contains(['\u{1b}', '\r', '\n']), "{line:?}");
    }
}

#[tokio::test]
async fn whatever_security_depends_on_leaves_an_event_with_its_code() {
    let shop = spawn_shop().await;
    let (alice, admin) = (shop.alice().await, shop.admin().await);
    let sign_in = async |email: &str, password: &str| {
        let body = TestRequest::with_body(json!({ "email": email, "password": password }));
        shop.call_from("192.0.2.1", "login", body).await
    };
    sign_in("nobody@example.com", "wrong").await.expect(401);
    sign_in("alice@example.com", "wrong").await.expect(401);
    sign_in("staff@example.com", password_of("staff@example.com"))
        .await
        .expect(401);
    let carol = shop.newcomer("carol").await;
    // A role that a customer can't have, whoever wrote it.
    let carl = shop.newcomer("carl").await;
    shop.set_user(&carl, "role", "admin").await;
    sign_in("carl@example.com", tests::NEWCOMERS_PASSWORD)
        .await
        .expect(401);
    shop.set_user(&carol, "status", "disabled").await;
    sign_in("carol@example.com", tests::NEWCOMERS_PASSWORD)
        .await
        .expect(401);
    alice
        .post("/api/admin/products", &json!({}))
        .await
        .expect(403);
    admin.get("/api/admin/users").await.expect(403);
    alice
        .with_token("not.a.token")
        .get("/api/orders")
        .await
        .expect(401);
    let end = json!({ "refreshToken": alice.session["refreshToken"] });
    shop.anonymous()
        .post("/api/auth/logout", &end)
        .await
        .expect(204);

    let reasons: Vec<Value> = shop
        .events("sign-in-failed")
        .iter()
        .map(|e| e["reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        [
            "unknown-address",
            "wrong-password",
            "unknown-address",
            "wrong-realm",
            "not-active"
        ]
    );
    for event in shop.events("sign-in-failed") {
        assert_eq!(event["SignInFailures"], 1);
        assert_eq!(event["endpoint"], "POST /api/auth/login");
        assert_eq!(
            (&event["sourceIp"], &event["userAgent"]),
            (&json!("192.0.2.1"), &json!("test"))
        );
        assert!(event["requestId"].is_string() && event["time"].is_string());
    }
    let denied = shop.events("permission-denied");
    assert_eq!(denied.len(), 2);
    assert_eq!(
        (&denied[0]["userId"], &denied[0]["PermissionDenied"]),
        (&json!(alice.user_id()), &json!(1))
    );
    assert_eq!(shop.events("token-refused").len(), 1);
    assert_eq!(shop.events("signed-out")[0]["userId"], alice.user_id());
    assert!(
        shop.events("signed-in")
            .iter()
            .any(|it| it["userId"] == alice.user_id())
    );
    assert_eq!(
        shop.events("account-registered")[0]["target"],
        carol.user_id()
    );
    let rotated = shop.events("signing-key-rotated");
    let mut keys: Vec<&str> = rotated
        .iter()
        .filter_map(|it| it["target"].as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["signing-key", "staff-signing-key"]);
}

/// The records of a query of the audit log, the newest first.
async fn audit(by: &Client, query: &str) -> Vec<Value> {
    let page = by
        .get(&format!("/api/admin/audit?limit=100&{query}"))
        .await
        .expect(200);
    assert!(page.body["nextCursor"].is_null());
    page.body["items"].as_array().unwrap().clone()
}

fn actions(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_leaves_a_record_an_event_and_a_metric() {
    let shop = spawn_shop().await;
    let (alice, sue) = (shop.alice().await, shop.super_admin().await);
    let refresh = async |token: &Value| {
        let body = json!({ "refreshToken": token });
        shop.anonymous().post("/api/auth/refresh", &body).await
    };
    let first = &alice.session["refreshToken"];
    let next = refresh(first).await.expect(200).body["refreshToken"].clone();
    refresh(&next).await.expect(200);
    let reused = refresh(first).await.expect(401);
    refresh(first).await.expect(401);
    let records = audit(&sue, &format!("target={}", alice.user_id())).await;
    let reuse: Vec<&Value> = records
        .iter()
        .filter(|it| it["action"] == "refresh-token-reused")
        .collect();
    assert_eq!(reuse.len(), 1);
    assert_eq!(reuse[0]["actor"], "unknown");
    assert_eq!(reuse[0]["requestId"], reused.header("x-request-id"));
    assert_eq!(reuse[0]["changes"][0]["field"], "session");
    assert_eq!(
        actions(&audit(&sue, "actor=unknown").await),
        ["refresh-token-reused"]
    );
    let events = shop.events("refresh-token-reused");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["RefreshReuse"], 1);
}

#[tokio::test]
async fn a_session_that_has_ended_is_late_and_not_stolen() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let rows = shop.scan("SessionsTable").await;
    let row = rows
        .iter()
        .find(|row| row["userId"]["S"] == alice.user_id())
        .unwrap();
    let key = json!({ "userId": row["userId"], "sessionId": row["sessionId"] });
    let past = json!({ ":past": { "N": "1000" } });
    shop.update_item("SessionsTable", key, "expiresAt = :past", past)
        .await;
    let body = json!({ "refreshToken": alice.session["refreshToken"] });
    shop.anonymous()
        .post("/api/auth/refresh", &body)
        .await
        .expect(401);
    assert!(shop.events("refresh-token-reused").is_empty());
}

#[tokio::test]
async fn every_change_by_the_staff_is_recorded_with_who_what_and_under_which_request() {
    let shop = spawn_shop().await;
    let (sue, admin) = (shop.super_admin().await, shop.admin().await);
    let made = admin
        .post("/api/admin/products", &product_body("Thing", 100, 1))
        .await
        .expect(201);
    let product = made.body["productId"].as_str().unwrap();
    let upload = json!({ "productId": product, "contentType": "image/png", "contentLength": 10 });
    admin.post("/api/admin/uploads", &upload).await.expect(201);
    let records = audit(&sue, &format!("target={product}")).await;
    assert_eq!(actions(&records), ["upload-granted", "product-created"]);
    assert_eq!(records[1]["actor"], admin.user_id());
    assert_eq!(records[1]["requestId"], made.header("x-request-id"));
    assert_eq!(records[0]["changes"], json!([{ "field": "images" }]));

    let body = json!({ "email": "dora@example.com", "name": "Dora", "role": "staff" });
    let dora = sue.post("/api/admin/users", &body).await.expect(201).body;
    let user = dora["userId"].as_str().unwrap();
    let accept = json!({ "token": dora["invitation"]["token"], "password": "sorts the shelves" });
    shop.anonymous()
        .post("/api/admin/accept-invite", &accept)
        .await
        .expect(204);
    let both = json!({ "role": "admin", "status": "disabled" });
    sue.patch(&format!("/api/admin/users/{user}"), &both)
        .await
        .expect(200);
    let records = audit(&sue, &format!("target={user}")).await;
    let mut seen = actions(&records);
    seen[..2].sort_unstable();
    assert_eq!(
        seen,
        [
            "role-changed",
            "status-changed",
            "invitation-accepted",
            "user-invited"
        ]
    );
    let role = records
        .iter()
        .find(|it| it["action"] == "role-changed")
        .unwrap();
    assert_eq!(
        role["changes"],
        json!([{ "field": "role", "before": "staff", "after": "admin" }])
    );
    // What did not change leaves no record.
    sue.patch(&format!("/api/admin/users/{user}"), &both)
        .await
        .expect(200);
    assert_eq!(audit(&sue, &format!("target={user}")).await.len(), 4);
    let mut by_sue = audit(&sue, &format!("actor={}", sue.user_id())).await;
    // The demo made her account; the rest she did.
    assert_eq!(by_sue.pop().unwrap()["action"], "account-registered");
    assert_eq!(by_sue.len(), 3);
    assert_eq!(shop.events("role-changed")[0]["target"], user);
}

#[tokio::test]
async fn what_people_do_with_their_own_accounts_is_recorded_without_what_they_typed() {
    let shop = spawn_shop().await;
    let (sue, carol) = (shop.super_admin().await, shop.newcomer("carol").await);
    let body =
        json!({ "currentPassword": tests::NEWCOMERS_PASSWORD, "newPassword": "owls at night" });
    carol.put("/api/account/password", &body).await.expect(204);
    carol
        .post("/api/auth/logout", &json!({ "everywhere": true }))
        .await
        .expect(204);
    let records = audit(&sue, &format!("actor={}", carol.user_id())).await;
    assert_eq!(
        actions(&records),
        [
            "signed-out-everywhere",
            "password-changed",
            "account-registered"
        ]
    );
    let kept = json!(shop.scan("AuditTable").await).to_string();
    for secret in ["owls at night", tests::NEWCOMERS_PASSWORD, "carol", "@"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_audit_log_of_a_day_is_read_page_by_page_the_newest_first() {
    let shop = spawn_shop().await;
    let (sue, admin) = (shop.super_admin().await, shop.admin().await);
    for number in 0..12 {
        let product = product_body(&format!("Thing {number}"), 100, 1);
        admin
            .post("/api/admin/products", &product)
            .await
            .expect(201);
    }
    let all = audit(&sue, "").await;
    assert!(all.len() > 12 + 5, "{}", all.len());
    assert_eq!(
        all.last().unwrap()["actor"],
        "schedule",
        "the first key was made first"
    );
    let ids: Vec<&str> = all
        .iter()
        .map(|it| it["auditId"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|one, other| one > other));
    let mut paged = Vec::new();
    let mut path = "/api/admin/audit?limit=5".to_owned();
    loop {
        let page = sue.get(&path).await.expect(200).body;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/api/admin/audit?limit=5&cursor={cursor}");
    }
    assert_eq!(paged, all);
    let day = &all[0]["at"].as_str().unwrap()[..10];
    assert_eq!(
        audit(&sue, &format!("day={day}&actor={}", admin.user_id()))
            .await
            .len(),
        13
    );
    assert!(audit(&sue, "day=2020-02-29").await.is_empty());
    assert!(
        audit(&sue, &format!("day=2020-02-29&actor={}", admin.user_id()))
            .await
            .is_empty()
    );
    let cursor = sue.get("/api/admin/audit?limit=1").await.body["nextCursor"].clone();
    for wrong in [
        "day=2026-02-30".to_owned(),
        "day=today".to_owned(),
        "actor=bob".to_owned(),
        "target=a%23b".to_owned(),
        format!("actor={}&target=x", sue.user_id()),
        format!("actor=unknown&cursor={}", cursor.as_str().unwrap()),
    ] {
        sue.get(&format!("/api/admin/audit?{wrong}"))
            .await
            .expect_problem(400, "malformed");
    }
}

/// What the tables say when a record can't be written: nothing was done.
#[tokio::test]
async fn without_its_record_a_change_is_not_made() {
    let shop = spawn_shop().await;
    let (sue, staff) = (shop.super_admin().await, shop.staff().await);
    drop_table(&shop, "AuditTable").await;
    let path = format!("/api/admin/users/{}", staff.user_id());
    // A lost table is a fault of ours, not one that passes: no time to come back is told.
    let change = sue
        .request(reqwest::Method::PATCH, &path)
        .json(&json!({ "role": "admin" }));
    assert_eq!(try_send(change).await.unwrap().status, 500);
    let role_of = |rows: Vec<Value>| {
        let row = rows
            .into_iter()
            .find(|row| row["userId"]["S"] == staff.user_id());
        row.unwrap()["role"]["S"].clone()
    };
    assert_eq!(role_of(shop.scan("StaffTable").await), "staff");
    let admin = shop.admin().await;
    let product = admin.request(reqwest::Method::POST, "/api/admin/products");
    let product = product.json(&product_body("X thing", 1, 1));
    assert_eq!(try_send(product).await.unwrap().status, 500);
    assert!(
        !json!(shop.scan("ProductsTable").await)
            .to_string()
            .contains("X thing")
    );
}

async fn drop_table(shop: &Shop, table: &str) {
    let body = json!({ "TableName": shop.table(table) });
    shop.dynamodb("DeleteTable", &body).await;
}
