//! What may be a password, how it is changed, and what its check tells.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use tests::{Client, NEWCOMERS_PASSWORD, Shop, TestRequest, TestResponse, password_of, spawn_shop};

async fn change(client: &Client, current: &str, new: &str) -> TestResponse {
    let body = json!({ "currentPassword": current, "newPassword": new });
    let path = match client.session["user"]["role"].as_str() {
        Some("customer") => "/api/account/password",
        _ => "/api/admin/password",
    };
    client.put(path, &body).await
}

async fn refresh(shop: &Shop, session: &Value) -> TestResponse {
    let body = json!({ "refreshToken": session["refreshToken"] });
    shop.anonymous().post("/api/auth/refresh", &body).await
}

async fn log_in(shop: &Shop, email: &str, password: &str) -> TestResponse {
    let body = TestRequest::with_body(json!({ "email": email, "password": password }));
    shop.call_from(&shop.fresh_ip(), "login", body).await
}

/// The hash that is kept for an address.
async fn hash_of(shop: &Shop, email: &str) -> String {
    let rows = shop.scan("CredentialsTable").await;
    let login = format!("email#{email}");
    let row = rows.iter().find(|row| row["login"]["S"] == login.as_str());
    row.unwrap()["passwordHash"]["S"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_changed_password_opens_and_the_old_one_does_not() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let old = password_of("alice@example.com");
    change(&alice, old, "alice prefers coffee")
        .await
        .expect(204);
    log_in(&shop, "alice@example.com", old).await.expect(401);
    log_in(&shop, "alice@example.com", "alice prefers coffee")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_not_this_one() {
    let shop = spawn_shop().await;
    let (here, there) = (shop.alice().await, shop.alice().await);
    let old = password_of("alice@example.com");
    change(&here, old, "alice prefers coffee").await.expect(204);
    refresh(&shop, &there.session).await.expect(401);
    // The access token that is out elsewhere buys nothing any more; this one does.
    there
        .check_out("k", &tests::checkout_body(0))
        .await
        .expect(401);
    here.check_out("k", &tests::checkout_body(0))
        .await
        .expect_problem(409, "empty-cart");
    let renewed = refresh(&shop, &here.session).await.expect(200).body;
    refresh(&shop, &renewed).await.expect(200);
    // Nor can the stolen token change the password back.
    let stolen = change(&there, "alice prefers coffee", old).await;
    stolen.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_that_was_not_deleted_in_time_is_over_nevertheless() {
    let shop = spawn_shop().await;
    let (here, there) = (shop.alice().await, shop.alice().await);
    let kept = shop.scan("SessionsTable").await;
    let old = password_of("alice@example.com");
    change(&here, old, "alice prefers coffee").await.expect(204);
    // As if the function had died before it came to delete them.
    for row in kept {
        shop.put_item("SessionsTable", row).await;
    }
    refresh(&shop, &there.session).await.expect(401);
    refresh(&shop, &here.session).await.expect(200);
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_counts_as_a_failure() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(60).await;
    let alice = shop.alice().await;
    for _ in 0..10 {
        let refused = change(&alice, "not the password", "alice prefers coffee").await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/currentPassword"]);
    }
    // Now it is closed to this address, here as at sign-in.
    let old = password_of("alice@example.com");
    let closed = change(&alice, old, "alice prefers coffee").await;
    assert_eq!(closed.expect(422).pointers(), ["/currentPassword"]);
    let body = json!({ "email": "alice@example.com", "password": old });
    let closed = shop.anonymous().post("/api/auth/login", &body).await;
    closed.expect(401);
    log_in(&shop, "alice@example.com", old).await.expect(200);
}

#[tokio::test]
async fn a_new_password_must_fit_its_account() {
    let shop = spawn_shop().await;
    let (alice, staff) = (shop.alice().await, shop.staff().await);
    for (client, email, refused) in [
        (
            &alice,
            "alice@example.com",
            vec![
                "short",
                "password123",
                "Iloveyou!",
                "aaaaaaaaaaaaaaa",
                "Alice2026",
            ],
        ),
        (
            &staff,
            "staff@example.com",
            vec!["fourteen goats", "passwordpassword", "staff-staff-1234567"],
        ),
    ] {
        for new in refused {
            let answer = change(client, password_of(email), new).await;
            assert_eq!(
                answer.expect_problem(422, "invalid").pointers(),
                ["/newPassword"],
                "{new}"
            );
        }
    }
    change(&staff, password_of("staff@example.com"), "fifteen goats !")
        .await
        .expect(204);
    let emoji = "\u{1f600}".repeat(64);
    change(&alice, password_of("alice@example.com"), &emoji)
        .await
        .expect(204);
    log_in(&shop, "alice@example.com", &emoji).await.expect(200);
}

#[tokio::test]
async fn a_customer_registers_with_8_characters_that_are_not_guessed_first() {
    let shop = spawn_shop().await;
    let register = async |password: &str| {
        let number = shop.fresh_ip();
        let body = json!({
            "email": format!("c{number}@example.com"), "password": password, "name": "Some One",
        });
        shop.call_from(&number, "register", TestRequest::with_body(body))
            .await
    };
    for good in [
        "hen77owl",
        "correct horse battery",
        "\u{1f600}".repeat(128).as_str(),
    ] {
        register(good).await.expect(201);
    }
    let long = "owl ".repeat(33);
    for bad in [
        "hen77ow",
        "12345678",
        "PASSWORD",
        "qwertyuiop",
        long.as_str(),
    ] {
        let refused = register(bad).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/password"], "{bad}");
        assert!(!refused.text.contains(bad));
    }
}

#[tokio::test]
async fn an_imported_bcrypt_hash_opens_and_becomes_argon2id() {
    let shop = spawn_shop().await;
    shop.newcomer("ingrid").await;
    let key = json!({ "login": { "S": "email#ingrid@example.com" } });
    let values = json!({ ":hash": { "S": IMPORTED } });
    shop.update_item("CredentialsTable", key, "passwordHash = :hash", values)
        .await;

    log_in(&shop, "ingrid@example.com", NEWCOMERS_PASSWORD)
        .await
        .expect(401);
    assert_eq!(hash_of(&shop, "ingrid@example.com").await, IMPORTED);
    log_in(&shop, "ingrid@example.com", IMPORTED_PASSWORD)
        .await
        .expect(200);
    let hash = hash_of(&shop, "ingrid@example.com").await;
    assert!(
        hash.starts_with("opaque-string$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    log_in(&shop, "ingrid@example.com", IMPORTED_PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_older_hash_opens_and_becomes_one_of_the_normalised_password() {
    let shop = spawn_shop().await;
    shop.newcomer("olga").await;
    let now = hash_of(&shop, "olga@example.com").await;
    // As it was kept before passwords were normalised.
    let old = now.strip_prefix("opaque-string").unwrap();
    let key = json!({ "login": { "S": "email#olga@example.com" } });
    let values = json!({ ":hash": { "S": old } });
    shop.update_item("CredentialsTable", key, "passwordHash = :hash", values)
        .await;
    let spaced = NEWCOMERS_PASSWORD.replace(' ', "\u{a0}");
    let refused = log_in(&shop, "olga@example.com", &spaced).await;
    refused.expect(401);
    assert_eq!(hash_of(&shop, "olga@example.com").await, old);
    for password in [NEWCOMERS_PASSWORD, &spaced] {
        log_in(&shop, "olga@example.com", password)
            .await
            .expect(200);
        let hash = hash_of(&shop, "olga@example.com").await;
        assert!(hash.starts_with("opaque-string$argon2id$"), "{hash}");
        assert_ne!(hash, now);
    }
}

/// The password of an imported user.
pub(crate) const IMPORTED_PASSWORD: &str = "imported-from-elsewhere";
/// What bcrypt with 12 rounds makes of it.
pub(crate) const IMPORTED: &str = "$2b$12$/iIAeoGfH485lw4Yo3JqOuneorrA2UuRzPUki92UTA3fUCPNJByXK";

#[tokio::test]
async fn the_time_of_a_refusal_does_not_tell_why() {
    const TRIALS: usize = 40;
    let shop = spawn_shop().await;
    let disabled = shop.newcomer("disabled").await;
    shop.set_user(&disabled, "status", "disabled").await;
    for number in 0..TRIALS / 8 {
        shop.newcomer(&format!("wrong{number}")).await;
    }
    // Whoever has the wrong password never fails ten times in a row.
    let mut times: [Vec<Duration>; 4] = Default::default();
    for trial in 0..TRIALS {
        let wrong = format!("wrong{}@example.com", trial % (TRIALS / 8));
        let unknown = format!("unknown{trial}@example.com");
        for (class, email, password) in [
            (0, unknown.as_str(), "the wrong one"),
            (1, wrong.as_str(), "the wrong one"),
            (2, "disabled@example.com", NEWCOMERS_PASSWORD),
            (3, "staff@example.com", password_of("staff@example.com")),
        ] {
            let started = Instant::now();
            log_in(&shop, email, password).await.expect(401);
            times[class].push(started.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    // Without the hash that a refusal must cost too, one would be a tenth.
    assert!(*most < *least * 3 / 2, "{medians:?}");
}
