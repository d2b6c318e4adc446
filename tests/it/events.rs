//! Every function has a real event in events/, and handles it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cloud::{ACCESS_KEY_ID, InvokeError};
use serde_json::{Value, json};

use crate::uploads::{png, send_picture};
use tests::{NEWCOMERS_PASSWORD, Shop, checkout_body, password_of, spawn_shop};

const PRODUCT: &str = "prod_01arz3ndektsv4rrffq69g5fav";
const USER: &str = "usr_01arz3ndektsv4rrffq69g5fav";
const ORDER: &str = "ord_01arz3ndektsv4rrffq69g5fav";
const UPLOAD: &str = "upl_01arz3ndektsv4rrffq69g5fav";
const IMAGE: &str = "img_01arz3ndektsv4rrffq69g5fav";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// A version of a file, as the local S3 names them.
const VERSION: &str = "0123456789abcdef0123456789abcdef";

/// The names of all events.
fn names() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".json").unwrap().to_owned()
    });
    names.collect()
}

/// An event with what it names replaced by what is in this shop.
fn event(name: &str, replace: &[(&str, &str)]) -> Vec<u8> {
    let mut text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    text.into_bytes()
}

async fn invoke(shop: &Shop, name: &str, replace: &[(&str, &str)]) -> Value {
    let answer = shop.cloud.invoke(name, event(name, replace)).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn every_function_has_one_event_and_the_event_its_route() {
    let shop = spawn_shop().await;
    let functions = &shop.cloud.template().functions;
    let binaries: BTreeSet<String> = functions.iter().map(|f| f.binary.clone()).collect();
    assert_eq!(names(), binaries);
    for function in functions {
        let Some(route) = function.routes.first() else {
            continue;
        };
        let event: Value = serde_json::from_slice(&event(&function.binary, &[])).unwrap();
        assert_eq!(event["routeKey"], route.key());
        assert_eq!(event["requestContext"]["routeKey"], route.key());
        assert_eq!(event["version"], "2.0");
    }
}

#[tokio::test]
async fn every_event_is_handled_by_its_function() {
    let shop = spawn_shop().await;
    let (alice, admin) = (shop.alice().await, shop.admin().await);
    let product = shop.new_product("Teapot", 4900, 50).await;
    let unwanted = shop.new_product("Cracked pot", 100, 1).await;
    alice.fill_cart(&product, 2).await;
    let order = alice
        .check_out("before", &checkout_body(9800))
        .await
        .expect(201);
    let order = order.body["orderId"].as_str().unwrap();
    alice.fill_cart(&product, 2).await;
    let (sue, carol) = (shop.super_admin().await, shop.newcomer("wendy").await);
    let staff = shop.staff().await;
    for slug in ["mugs", "jugs"] {
        let path = format!("/api/admin/categories/{slug}");
        let made = admin.put(&path, &json!({ "name": slug })).await;
        made.expect(201);
    }
    let dave = json!({ "email": "dave@example.com", "name": "Dave", "role": "staff" });
    let invited = sue.post("/api/admin/users", &dave).await.expect(201).body;
    let upload = send_picture(&shop, &admin, &product, "image/png", png(40, 30)).await;
    let image = upload.replace("upl_", "img_");
    for name in names() {
        let functions = &shop.cloud.template().functions;
        let function = functions.iter().find(|it| it.binary == name);
        if function.is_some_and(|it| it.routes.is_empty()) {
            continue;
        }
        let signed_in = match name.as_str() {
            "admin-create-product"
            | "admin-save-category"
            | "admin-update-product"
            | "admin-upload"
            | "admin-get-upload"
            | "admin-delete-image" => &admin,
            "admin-change-password"
            | "admin-get-product"
            | "admin-list-products"
            | "admin-set-stock" => &staff,
            "change-password" => &carol,
            name if name.starts_with("admin-") => &sue,
            _ => &alice,
        };
        let (theirs, password) = match name.as_str() {
            "change-password" => ("alice@example.com", NEWCOMERS_PASSWORD),
            "admin-change-password" => ("admin@example.com", password_of("staff@example.com")),
            _ => ("alice@example.com", password_of("alice@example.com")),
        };
        // A session to end, where one is: who signs in too often loses their oldest.
        let refresh = match name.as_str() {
            "admin-refresh" | "admin-logout" => &shop.super_admin().await,
            "refresh" | "logout" => &shop.alice().await,
            _ => signed_in,
        };
        let replace = [
            ("ACCESS_TOKEN", signed_in.token()),
            (
                "REFRESH_TOKEN",
                refresh.session["refreshToken"].as_str().unwrap(),
            ),
            (
                "INVITE_TOKEN",
                invited["invitation"]["token"].as_str().unwrap(),
            ),
            (
                USER,
                match name.as_str() {
                    "admin-get-order" | "admin-update-order" => alice.user_id(),
                    _ => staff.user_id(),
                },
            ),
            (password_of(theirs), password),
            (
                PRODUCT,
                match name.as_str() {
                    "admin-delete-product" => unwanted.as_str(),
                    _ => product.as_str(),
                },
            ),
            (ORDER, order),
            (UPLOAD, upload.as_str()),
            (IMAGE, image.as_str()),
        ];
        let answer = invoke(&shop, &name, &replace).await;
        let status = answer["statusCode"].as_u64().unwrap();
        if name == "not-found" {
            assert_eq!(status, 404);
        } else {
            assert!((200..300).contains(&status), "{name}: {answer:#}");
        }
    }
}

#[tokio::test]
async fn every_event_that_no_browser_sends_is_handled_by_its_function() {
    let shop = spawn_shop().await;
    // Of an upload and of products that aren't there, and told again: nothing is to be done.
    for (name, answer) in [
        ("attach-image", json!({ "batchItemFailures": [] })),
        ("sync-images", json!({ "batchItemFailures": [] })),
        ("process-image", Value::Null),
        ("purge-products", Value::Null),
    ] {
        // S3 gives versions ids of no documented form; the local one's are 32 digits.
        let version = ("096fKKXTRTtl3on89fVO.nfljtsv6qko", VERSION);
        assert_eq!(invoke(&shop, name, &[version]).await, answer, "{name}");
    }
    let key = format!("pending/{USER}/{UPLOAD}");
    let put = shop
        .cloud
        .put_object("ImagesBucket", &key, "image/png", vec![7; 100]);
    put.await.unwrap();
    assert!(shop.cloud.events().settle(Duration::from_secs(20)).await);
    // Nobody had asked for it.
    assert_eq!(shop.cloud.object("ImagesBucket", &key), None);
}

#[tokio::test]
async fn a_rotation_function_takes_its_event_in_its_turn_and_for_its_secret() {
    let shop = spawn_shop().await;
    takes_its_event_only(&shop, "rotate-signing-key", "SIGNING_KEY_ARN").await;
    takes_its_event_only(&shop, "rotate-staff-signing-key", "STAFF_SIGNING_KEY_ARN").await;
}

async fn takes_its_event_only(shop: &Shop, name: &str, variable: &str) {
    let environment = shop.cloud.environment(name);
    let arn = environment[variable].as_str();
    let theirs: Value = serde_json::from_slice(&event(name, &[])).unwrap();
    let mine = event(name, &[(theirs["SecretId"].as_str().unwrap(), arn)]);
    let refused = shop.cloud.invoke(name, event(name, &[])).await;
    let Err(InvokeError::Failed { payload, .. }) = refused else {
        panic!("another secret: {refused:?}");
    };
    // What failed, and not the names of Rust's types.
    let error: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(
        error,
        json!({ "errorType": "event-failed", "errorMessage": "asked to rotate another secret" })
    );
    assert!(
        shop.cloud.invoke(name, mine.clone()).await.is_err(),
        "nobody asked to rotate"
    );

    // Secrets Manager announces the new version before it calls.
    let version = json!({
        "SecretId": arn, "ClientRequestToken": theirs["ClientRequestToken"],
        "VersionStages": ["AWSPENDING"], "SecretString": "{}",
    });
    let url = shop.cloud.secrets_manager_url();
    let target = "secretsmanager.PutSecretValue";
    let put = shop.call_aws(&url, ACCESS_KEY_ID, target, &version);
    assert_eq!(put.await.0, 200);
    assert!(
        shop.cloud.invoke(name, mine).await.is_err(),
        "the value is no key"
    );
}

#[tokio::test]
async fn the_invoke_api_answers_as_lambda_does() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let base = shop.cloud.api_url();
    let http = reqwest::Client::new();
    let url = |name: &str| format!("{base}/2015-03-31/functions/{name}/invocations");
    let body = event("get-orders", &[("ACCESS_TOKEN", alice.token())]);
    let answer = http
        .post(url("get-orders"))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["cache-control"], "no-store");
    let orders: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(orders, json!({ "items": [], "nextCursor": null }));

    let unknown = http
        .post(url("no-such-function"))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status().as_u16(), 404);
}
