//! Accounts, sessions and tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local::operator;
use serde_json::{Value, json};

use tests::{Shop, TestResponse, password_of, send, spawn_shop};

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_newcomer_has_an_account_and_is_signed_in() {
    let shop = spawn_shop().await;
    let body = json!({
        "email": "Carol@Example.com", "password": "carol-reads-at-night",
        "name": " Carol Cook ", "phone": "+49 30 123 456",
    });
    let session = shop
        .anonymous()
        .post("/api/auth/register", &body)
        .await
        .expect(201)
        .body;
    assert_eq!(session["tokenType"], "Bearer");
    assert_eq!(session["expiresIn"], 900);
    let days = session["refreshExpiresIn"].as_u64().unwrap() as f64 / 86_400.0;
    assert!((29.9..=30.0).contains(&days), "{days}");
    assert_eq!(session["user"]["email"], "Carol@example.com");
    assert_eq!(session["user"]["name"], "Carol Cook");
    assert_eq!(session["user"]["role"], "customer");
    let carol = shop
        .anonymous()
        .with_token(session["accessToken"].as_str().unwrap());
    carol.get("/api/orders").await.expect(200);

    let body = json!({ "email": "carol@EXAMPLE.com", "password": "carol-reads-at-night" });
    shop.anonymous()
        .post("/api/auth/login", &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_address_has_one_account() {
    let shop = spawn_shop().await;
    for email in ["alice@example.com", "ALICE@example.com"] {
        let body = json!({ "email": email, "password": "another password", "name": "Alice" });
        let refused = shop.anonymous().post("/api/auth/register", &body).await;
        refused.expect_problem(409, "conflict");
    }
}

#[tokio::test]
async fn every_bad_field_of_a_registration_is_named_at_once() {
    let shop = spawn_shop().await;
    let body = json!({
        "email": "nobody", "password": "short", "name": "", "phone": "12", "role": "super-admin",
    });
    let refused = shop.anonymous().post("/api/auth/register", &body).await;
    let refused = refused.expect_problem(422, "invalid");
    let pointers = ["/email", "/password", "/name", "/phone", "/role"];
    assert_eq!(refused.pointers(), pointers);
    assert!(!refused.text.contains("short"), "the password comes back");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_answer_the_same() {
    let shop = spawn_shop().await;
    for path in ["/api/auth/login", "/api/admin/login"] {
        let mut answers = Vec::new();
        for email in [
            "alice@example.com",
            "admin@example.com",
            "nobody@example.com",
        ] {
            let body = json!({ "email": email, "password": "not the password" });
            let refused = shop.anonymous().post(path, &body).await;
            let mut refused = refused.expect_problem(401, "unauthenticated");
            refused.body["requestId"] = Value::Null;
            answers.push(refused.body);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }
}

#[tokio::test]
async fn customers_and_staff_sign_in_at_their_own_endpoints() {
    let shop = spawn_shop().await;
    for (path, email) in [
        ("/api/admin/login", "alice@example.com"),
        ("/api/auth/login", "staff@example.com"),
        ("/api/auth/login", "super@example.com"),
    ] {
        let body = json!({ "email": email, "password": password_of(email) });
        let refused = shop.anonymous().post(path, &body).await;
        refused.expect_problem(401, "unauthenticated");
    }
    let hours = shop.staff().await.session["refreshExpiresIn"]
        .as_u64()
        .unwrap() as f64
        / 3600.0;
    assert!((11.9..=12.0).contains(&hours), "{hours}");
}

#[tokio::test]
async fn a_token_says_what_it_must_and_nothing_personal() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let header = part(alice.token(), 0);
    assert_eq!(
        (header["alg"].as_str(), header["typ"].as_str()),
        (Some("EdDSA"), Some("at+jwt"))
    );
    let claims = part(alice.token(), 1);
    let mut names: Vec<_> = claims.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["aud", "exp", "iat", "iss", "jti", "role", "sid", "userId"]
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert_eq!(claims["userId"], alice.session["user"]["userId"]);
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case_and_nothing_else() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let ask = |header: &str| {
        let request = shop
            .anonymous()
            .request(reqwest::Method::GET, "/api/orders");
        send(request.header("authorization", header))
    };
    let token = alice.token();
    for good in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER  {token}"),
    ] {
        ask(&good).await.expect(200);
    }
    for bad in [
        token.to_owned(),
        format!("Basic {token}"),
        "Bearer".to_owned(),
        format!("Bearer {token} x"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {token}{}", "x".repeat(8000)),
    ] {
        let refused = ask(&bad).await;
        assert!([401, 431].contains(&refused.status), "{refused:#?}");
    }
    let twice = shop
        .anonymous()
        .request(reqwest::Method::GET, "/api/orders");
    let twice = twice.bearer_auth(token).bearer_auth(token);
    send(twice).await.expect_problem(401, "unauthenticated");
    let in_query = format!("/api/orders?access_token={token}");
    shop.anonymous()
        .get(&in_query)
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_used_twice_ends_the_session() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let refresh = |token: Value| {
        let anonymous = shop.anonymous();
        async move {
            anonymous
                .post("/api/auth/refresh", &json!({ "refreshToken": token }))
                .await
        }
    };
    let first = alice.session["refreshToken"].clone();
    let renewed = refresh(first.clone()).await.expect(200).body;
    assert_ne!(renewed["refreshToken"], first);
    let again = alice.with_token(renewed["accessToken"].as_str().unwrap());
    again.get("/api/orders").await.expect(200);
    let renewed = refresh(renewed["refreshToken"].clone())
        .await
        .expect(200)
        .body;

    refresh(first).await.expect_problem(401, "unauthenticated");
    // The thief has one of them: the session is over for both.
    let last = renewed["refreshToken"].clone();
    refresh(last).await.expect_problem(401, "unauthenticated");
    // Another session of the same person goes on.
    let other = shop.alice().await.session["refreshToken"].clone();
    refresh(other).await.expect(200);
}

async fn refresh(shop: &Shop, token: &Value) -> TestResponse {
    let body = json!({ "refreshToken": token });
    shop.anonymous().post("/api/auth/refresh", &body).await
}

#[tokio::test]
async fn a_refresh_by_two_tabs_or_whose_answer_was_lost_is_no_theft() {
    let shop = spawn_shop().await;
    let mut token = shop.alice().await.session["refreshToken"].clone();
    for _ in 0..10 {
        let (one, other) = tokio::join!(refresh(&shop, &token), refresh(&shop, &token));
        let (one, other) = (one.expect(200).body, other.expect(200).body);
        assert_eq!(one["refreshToken"], other["refreshToken"]);
        let again = refresh(&shop, &token).await.expect(200).body;
        assert_eq!(again["refreshToken"], one["refreshToken"]);
        assert_ne!(one["refreshToken"], token);
        for session in [&one, &other, &again] {
            let alice = shop.anonymous();
            let alice = alice.with_token(session["accessToken"].as_str().unwrap());
            alice.get("/api/orders").await.expect(200);
        }
        token = one["refreshToken"].clone();
    }
    let processes = shop.cloud.pids("refresh").len();
    assert!(processes >= 2, "{processes}");
    assert_eq!(shop.events("refresh-token-reused").len(), 0);
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_ends_the_session_at_once() {
    let shop = spawn_shop().await;
    let first = shop.alice().await.session["refreshToken"].clone();
    let (one, _) = tokio::join!(refresh(&shop, &first), refresh(&shop, &first));
    let second = one.expect(200).body["refreshToken"].clone();
    let third = refresh(&shop, &second).await.expect(200).body["refreshToken"].clone();
    // Both processes know it, whoever of them is asked.
    let (one, other) = tokio::join!(refresh(&shop, &first), refresh(&shop, &first));
    one.expect_problem(401, "unauthenticated");
    other.expect_problem(401, "unauthenticated");
    assert!(shop.cloud.pids("refresh").len() >= 2);
    for token in [&second, &third] {
        refresh(&shop, token).await.expect(401);
    }
    assert_eq!(shop.events("refresh-token-reused").len(), 1);
}

#[tokio::test]
async fn a_refresh_token_that_is_sent_again_too_late_ends_the_session() {
    let shop = spawn_shop().await;
    let first = shop.alice().await.session["refreshToken"].clone();
    let second = refresh(&shop, &first).await.expect(200).body["refreshToken"].clone();
    let row = shop.scan("SessionsTable").await.remove(0);
    let key = json!({ "userId": row["userId"], "sessionId": row["sessionId"] });
    let values = json!({ ":at": { "S": "2026-01-01T00:00:00Z" } });
    shop.update_item("SessionsTable", key, "refreshedAt = :at", values)
        .await;
    refresh(&shop, &first).await.expect(401);
    refresh(&shop, &second).await.expect(401);
    assert_eq!(shop.events("refresh-token-reused").len(), 1);
}

#[tokio::test]
async fn a_guessed_refresh_token_does_not_end_the_session() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let token = alice.session["refreshToken"].as_str().unwrap();
    let (ids, _) = token.rsplit_once('.').unwrap();
    let guess = format!("{ids}.{}", "A".repeat(64));
    for guess in [guess.as_str(), "x", "", "a.b.c"] {
        let body = json!({ "refreshToken": guess });
        let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
        refused.expect_problem(401, "unauthenticated");
    }
    let body = json!({ "refreshToken": token });
    shop.anonymous()
        .post("/api/auth/refresh", &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_twenty_first_session_ends_the_oldest() {
    let shop = spawn_shop().await;
    let mut sessions = Vec::new();
    for _ in 0..21 {
        sessions.push(shop.alice().await.session["refreshToken"].clone());
    }
    let kept = shop.scan("SessionsTable").await.len();
    assert_eq!(kept, 20);
    refresh(&shop, &sessions[0]).await.expect(401);
    for token in [&sessions[1], &sessions[20]] {
        refresh(&shop, token).await.expect(200);
    }
    assert_eq!(shop.events("session-displaced").len(), 1);
    // Somebody else's go on as they are.
    let bob = shop.bob().await.session["refreshToken"].clone();
    refresh(&shop, &bob).await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_one_session() {
    let shop = spawn_shop().await;
    let (here, there) = (shop.alice().await, shop.alice().await);
    let body = json!({ "refreshToken": here.session["refreshToken"] });
    for _ in 0..2 {
        shop.anonymous()
            .post("/api/auth/logout", &body)
            .await
            .expect(204);
    }
    let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
    refused.expect_problem(401, "unauthenticated");
    let body = json!({ "refreshToken": there.session["refreshToken"] });
    shop.anonymous()
        .post("/api/auth/refresh", &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_and_the_tokens_that_are_out() {
    let shop = spawn_shop().await;
    let (here, there) = (shop.alice().await, shop.alice().await);
    let everywhere = json!({ "everywhere": true });
    let refused = shop.anonymous().post("/api/auth/logout", &everywhere).await;
    refused.expect_problem(401, "unauthenticated");
    // Nor is anyone signed out by a token of the other side, which has its own way.
    let staff = shop.staff().await;
    let refused = staff.post("/api/auth/logout", &everywhere).await;
    refused.expect_problem(403, "forbidden");
    let path = "/api/admin/logout";
    let refused = here.post(path, &everywhere).await;
    refused.expect_problem(403, "forbidden");
    let refused = shop.anonymous().post(path, &everywhere).await;
    refused.expect_problem(401, "unauthenticated");
    here.post("/api/auth/logout", &everywhere).await.expect(204);
    for session in [&here.session, &there.session] {
        let body = json!({ "refreshToken": session["refreshToken"] });
        let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
        refused.expect_problem(401, "unauthenticated");
    }
    // An access token that is out buys and cancels nothing any more.
    let refused = there.check_out("k", &tests::checkout_body(0)).await;
    refused.expect_problem(401, "unauthenticated");
    let order = json!({ "orderId": "ord_01arz3ndektsv4rrffq69g5fav" });
    let refused = there.cancel(&order).await;
    refused.expect_problem(401, "unauthenticated");
    // Signing in again works at once.
    let again = shop.alice().await;
    again
        .check_out("k", &tests::checkout_body(0))
        .await
        .expect_problem(409, "empty-cart");
}

#[tokio::test]
async fn a_token_that_was_signed_out_everywhere_can_not_do_it_again() {
    let shop = spawn_shop().await;
    let stolen = shop.alice().await;
    let everywhere = json!({ "everywhere": true });
    stolen
        .post("/api/auth/logout", &everywhere)
        .await
        .expect(204);
    let body = json!({ "refreshToken": shop.alice().await.session["refreshToken"] });
    let refused = stolen.post("/api/auth/logout", &everywhere).await;
    refused.expect_problem(401, "unauthenticated");
    shop.anonymous()
        .post("/api/auth/refresh", &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn signing_out_needs_no_access_token_and_minds_no_bad_one() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let body = json!({ "refreshToken": alice.session["refreshToken"] });
    let late = alice.with_token("an.expired.token");
    late.post("/api/auth/logout", &body).await.expect(204);
    let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
    refused.expect_problem(401, "unauthenticated");
    let both = json!({ "refreshToken": 7, "everywhere": true });
    let refused = alice.post("/api/auth/logout", &both).await;
    assert_eq!(
        refused.expect_problem(422, "invalid").pointers(),
        ["/refreshToken"]
    );
}

#[tokio::test]
async fn a_role_that_was_taken_away_or_an_account_disabled_stops_at_once() {
    let shop = spawn_shop().await;
    let product = |number: u32| tests::product_body(&format!("Thing {number}"), 100, 1);
    for (name, value, status) in [("role", "staff", 403), ("status", "disabled", 401)] {
        let shop = spawn_shop().await;
        let admin = shop.admin().await;
        admin
            .post("/api/admin/products", &product(1))
            .await
            .expect(201);
        shop.set_user(&admin, name, value).await;
        admin
            .post("/api/admin/products", &product(2))
            .await
            .expect(status);
        let body = json!({ "refreshToken": admin.session["refreshToken"] });
        let refused = shop.anonymous().post("/api/admin/refresh", &body).await;
        refused.expect_problem(401, "unauthenticated");
    }
    let admin = shop.admin().await;
    shop.set_user(&admin, "status", "disabled").await;
    let email = "admin@example.com";
    let body = json!({ "email": email, "password": password_of(email) });
    let refused = shop.anonymous().post("/api/admin/login", &body).await;
    refused.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_does_not_outgrow_the_role_it_was_opened_for() {
    let shop = spawn_shop().await;
    let (carol, staff) = (shop.newcomer("carol").await, shop.staff().await);
    for (client, path) in [
        (&carol, "/api/auth/refresh"),
        (&staff, "/api/admin/refresh"),
    ] {
        shop.set_user(client, "role", "super-admin").await;
        let body = json!({ "refreshToken": client.session["refreshToken"] });
        for _ in 0..2 {
            let refused = shop.anonymous().post(path, &body).await;
            refused.expect_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_rotated_key_signs_new_tokens_and_old_ones_go_on() {
    let shop = spawn_shop().await;
    let before = shop.alice().await;
    let secrets_manager = shop.cloud.secrets_manager_url();
    let mut secrets = shop.cloud.template().secrets.iter();
    let key = secrets.find(|it| it.logical_id == "SigningKey").unwrap();
    operator::rotate(&secrets_manager, &key.arn).await.unwrap();
    before.get("/api/orders").await.expect(200);
    // A signing function that starts now takes the new key.
    let login = shop.cloud.pids("login");
    assert!(!login.is_empty());
    for pid in login {
        tests::send_signal(pid, "KILL");
    }
    tests::wait_until(|| shop.cloud.pids("login").is_empty()).await;
    let after = shop.alice().await;
    assert_ne!(
        part(before.token(), 0)["kid"],
        part(after.token(), 0)["kid"]
    );
    // A verifier meets the new key id at once and looks it up, within its ten
    // seconds between two looks.
    let mut answer = after.get("/api/cart").await;
    for _ in 0..24 {
        if answer.status != 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        answer = after.get("/api/cart").await;
    }
    answer.expect(200);
    before.get("/api/cart").await.expect(200);
}

#[tokio::test]
async fn nothing_secret_is_kept_or_logged_in_the_clear() {
    let shop = spawn_shop().await;
    let canary = "yellow-singing-bird-5f2c";
    let body = json!({ "email": "canary@example.com", "password": canary, "name": "Canary" });
    let session = shop
        .anonymous()
        .post("/api/auth/register", &body)
        .await
        .expect(201)
        .body;
    let wrong = json!({ "email": "canary@example.com", "password": format!("{canary}x") });
    shop.anonymous()
        .post("/api/auth/login", &wrong)
        .await
        .expect(401);
    let carol = shop
        .anonymous()
        .with_token(session["accessToken"].as_str().unwrap());
    carol
        .get("/api/orders?secret=canary-query")
        .await
        .expect(200);

    let refresh = session["refreshToken"].as_str().unwrap();
    let secret_part = refresh.rsplit('.').next().unwrap();
    let tables = ["CredentialsTable", "UsersTable", "SessionsTable"];
    let mut kept = String::new();
    for table in tables {
        kept.push_str(&json!(shop.scan(table).await).to_string());
    }
    assert!(kept.contains("canary@example.com"), "the tables are read");
    for secret in [canary, secret_part, carol.token()] {
        assert!(!kept.contains(secret));
    }
    let logs = shop.cloud.logs().join("\n");
    let user = session["user"]["userId"].as_str().unwrap();
    assert!(logs.contains(user), "the log names who called: {logs}");
    for secret in [
        canary,
        secret_part,
        carol.token(),
        "canary@example.com",
        "canary-query",
    ] {
        assert!(!logs.contains(secret), "{secret}");
    }
}
