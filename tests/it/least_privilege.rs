//! A function can do what its role in template.yaml says, and nothing else:
//! with its access key, past its code.

use std::time::Duration;

use cloud::ACCESS_KEY_ID;
use serde_json::{Value, json};

use crate::idempotency::post;
use crate::uploads::{judge_what_is_gone, png, reject_what_is_kept, send_file, send_picture};
use tests::{
    Client, NEWCOMERS_PASSWORD, Shop, TestRequest, checkout_body, password_of, product_body,
    spawn_shop,
};

/// Calls DynamoDB with a function's access key.
async fn ask_table(shop: &Shop, function: &str, operation: &str, body: Value) -> (u16, Value) {
    let url = shop.cloud.dynamodb_url();
    let target = format!("DynamoDB_20120810.{operation}");
    shop.call_aws(&url, &key(shop, function), &target, &body)
        .await
}

/// The secrets of the two keys that sign tokens.
const SIGNING_KEYS: [&str; 2] = ["SigningKey", "StaffSigningKey"];

/// Asks Secrets Manager for a signing key with a function's access key.
async fn ask_secret(shop: &Shop, function: &str, secret: &str) -> (u16, Value) {
    call_secret(shop, &key(shop, function), "GetSecretValue", secret).await
}

/// Calls Secrets Manager about a signing key with someone's access key.
async fn call_secret(shop: &Shop, key: &str, action: &str, secret: &str) -> (u16, Value) {
    let url = shop.cloud.secrets_manager_url();
    let mut secrets = shop.cloud.template().secrets.iter();
    let secret = secrets.find(|it| it.logical_id == secret).unwrap();
    let body = json!({ "SecretId": secret.arn });
    let target = format!("secretsmanager.{action}");
    shop.call_aws(&url, key, &target, &body).await
}

fn key(shop: &Shop, function: &str) -> String {
    shop.cloud.environment(function)["AWS_ACCESS_KEY_ID"].clone()
}

/// What the local cloud refused so far.
fn refused(shop: &Shop) -> Vec<String> {
    let lines = shop.cloud.logs();
    lines
        .into_iter()
        .filter(|it| it.starts_with("iam: "))
        .collect()
}

#[tokio::test]
async fn whoever_lists_orders_can_read_orders_and_no_user() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let orders = json!({
        "TableName": shop.table("OrdersTable"),
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": { ":user": { "S": "usr_1" } },
    });
    let (status, answer) = ask_table(&shop, "get-orders", "Query", orders).await;
    assert_eq!((status, &answer["Count"]), (200, &json!(0)), "{answer}");
    assert_eq!(refused(&shop), [""; 0]);

    let users = shop.table("UsersTable");
    let body = json!({ "TableName": users, "Key": { "userId": { "S": "usr_1" } } });
    let (status, answer) = ask_table(&shop, "get-orders", "GetItem", body).await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["__type"],
        "com.amazon.coral.service#AccessDeniedException"
    );
    let role = "buy-from-me-local-GetOrdersRole/buy-from-me-local-get-orders";
    assert_eq!(
        answer["Message"],
        format!(
            "User: arn:aws:sts::000000000000:assumed-role/{role} is not authorized to perform: \
             dynamodb:GetItem on resource: \
             arn:aws:dynamodb:eu-central-1:000000000000:table/{users} because no identity-based \
             policy allows the dynamodb:GetItem action"
        )
    );
    let lines = refused(&shop);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for word in ["get-orders", "dynamodb:GetItem", users] {
        assert!(lines[0].contains(word), "{lines:?}");
    }
}

#[tokio::test]
async fn whoever_lists_products_cannot_read_a_signing_key() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let (status, answer) = ask_secret(&shop, "login", "SigningKey").await;
    assert_eq!(status, 200);
    assert!(answer["SecretString"].is_string());
    for secret in SIGNING_KEYS {
        let (status, answer) = ask_secret(&shop, "list-products", secret).await;
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("AccessDeniedException"))
        );
        assert!(answer["SecretString"].is_null());
    }
}

#[tokio::test]
async fn each_key_is_read_and_replaced_by_its_own_side_alone() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let functions = &shop.cloud.template().functions;
    let names: Vec<String> = functions.iter().map(|it| it.binary.clone()).collect();
    for (secret, readers) in [
        (
            "SigningKey",
            &["login", "refresh", "register", "rotate-signing-key"][..],
        ),
        (
            "StaffSigningKey",
            &["admin-login", "admin-refresh", "rotate-staff-signing-key"],
        ),
    ] {
        for name in &names {
            let (status, answer) = ask_secret(&shop, name, secret).await;
            let may_read = readers.contains(&name.as_str());
            assert_eq!(status == 200, may_read, "{name} of {secret}: {answer}");
        }
    }
    // A public key that is put on a ring verifies what its holder signs.
    for ring in ["tokens", "staff-tokens"] {
        let item = json!({
            "ring": { "S": ring }, "kid": { "S": "mine" }, "publicKey": { "S": "A".repeat(43) },
        });
        let put = json!({ "TableName": shop.table("TokenKeysTable"), "Item": item });
        let key = json!({ "ring": { "S": ring }, "kid": { "S": "mine" } });
        let update = json!({
            "TableName": shop.table("TokenKeysTable"), "Key": key,
            "UpdateExpression": "SET expiresAt = :end",
            "ExpressionAttributeValues": { ":end": { "N": "9999999999" } },
        });
        let writer = match ring {
            "tokens" => "rotate-signing-key",
            _ => "rotate-staff-signing-key",
        };
        for name in &names {
            for (operation, body) in [("PutItem", &put), ("UpdateItem", &update)] {
                let (status, answer) = ask_table(&shop, name, operation, body.clone()).await;
                assert_eq!(status == 200, name == writer, "{name} of {ring}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn no_function_that_customers_call_reads_or_writes_an_account_of_the_staff() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let sue = shop.super_admin().await;
    let user = json!({ "userId": { "S": sue.user_id() } });
    let login = json!({ "login": { "S": "email#super@example.com" } });
    let rows = shop.scan("StaffSessionsTable").await;
    let session = json!({ "userId": rows[0]["userId"], "sessionId": rows[0]["sessionId"] });
    for (table, key) in [
        ("StaffTable", &user),
        ("StaffCredentialsTable", &login),
        ("StaffSessionsTable", &session),
    ] {
        let before = shop.scan(table).await;
        let named = json!({ "TableName": shop.table(table), "Key": key });
        let mut put = json!({ "TableName": shop.table(table), "Item": key });
        put["Item"]["role"] = json!({ "S": "super-admin" });
        for function in [
            "register",
            "login",
            "refresh",
            "logout",
            "change-password",
            "checkout",
            "get-orders",
        ] {
            for (operation, body) in [
                ("GetItem", named.clone()),
                ("DeleteItem", named.clone()),
                ("PutItem", put.clone()),
                (
                    "TransactWriteItems",
                    json!({ "TransactItems": [{ "Put": put }] }),
                ),
            ] {
                let (status, answer) = ask_table(&shop, function, operation, body).await;
                let kind = answer["__type"].as_str().unwrap_or_default();
                let denied = status == 400 && kind.ends_with("#AccessDeniedException");
                assert!(denied, "{function} {operation} {table}: {answer}");
            }
        }
        assert_eq!(shop.scan(table).await, before);
    }
}

/// Every way to ask for an item, or for some of its attributes.
fn reads(table: &str, key: &Value, attributes: Option<&str>) -> Vec<(&'static str, Value)> {
    let mut get = json!({ "TableName": table, "Key": key });
    let mut keys = json!({ "Keys": [key] });
    let mut query = json!({
        "TableName": table, "KeyConditionExpression": "login = :login",
        "ExpressionAttributeValues": { ":login": key["login"] },
    });
    let mut scan = json!({ "TableName": table });
    if let Some(attributes) = attributes {
        for body in [&mut get, &mut keys, &mut query, &mut scan] {
            body["ProjectionExpression"] = json!(attributes);
        }
    }
    vec![
        ("GetItem", get.clone()),
        ("BatchGetItem", json!({ "RequestItems": { table: keys } })),
        (
            "TransactGetItems",
            json!({ "TransactItems": [{ "Get": get }] }),
        ),
        ("Query", query),
        ("Scan", scan),
    ]
}

#[tokio::test]
async fn no_function_reads_a_hash_that_it_does_not_verify() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let functions = &shop.cloud.template().functions;
    let names: Vec<String> = functions.iter().map(|it| it.binary.clone()).collect();
    for (table, email, verifiers) in [
        (
            "CredentialsTable",
            "alice@example.com",
            ["login", "change-password"],
        ),
        (
            "StaffCredentialsTable",
            "admin@example.com",
            ["admin-login", "admin-change-password"],
        ),
    ] {
        let key = json!({ "login": { "S": format!("email#{email}") } });
        let physical = shop.table(table);
        for name in &names {
            let verifies = verifiers.contains(&name.as_str());
            for attributes in [None, Some("passwordHash"), Some("userId, passwordHash")] {
                for (operation, body) in reads(physical, &key, attributes) {
                    let (status, answer) = ask_table(&shop, name, operation, body).await;
                    // They get the one item, and nothing else.
                    let gets = ["GetItem", "TransactGetItems"].contains(&operation);
                    let expected = verifies && gets;
                    assert_eq!(status == 200, expected, "{name} {operation}: {answer}");
                    assert_eq!(answer.to_string().contains("$argon2"), expected, "{name}");
                }
            }
            let verb = json!({
                "TableName": physical, "Key": key, "ReturnValues": "ALL_OLD",
                "UpdateExpression": "SET inviteEnds = :end",
                "ExpressionAttributeValues": { ":end": { "N": "1" } },
            });
            let (status, answer) = ask_table(&shop, name, "UpdateItem", verb).await;
            assert_eq!(status, 400, "{name}: {answer}");
        }
    }
    // Without the hash, whoever invites or accepts reads what they need.
    let table = shop.table("StaffCredentialsTable");
    let key = json!({ "login": { "S": "email#admin@example.com" } });
    let wanted = Some("userId, inviteHash, inviteEnds");
    let (_, get) = reads(table, &key, wanted).swap_remove(0);
    for name in ["admin-create-user", "accept-invite"] {
        let (status, answer) = ask_table(&shop, name, "GetItem", get.clone()).await;
        assert_eq!(status, 200, "{name}: {answer}");
        assert!(answer["Item"]["userId"].is_object());
    }
    // And who invites sets no password.
    let mut put = json!({ "TableName": table, "Item": key });
    put["Item"]["passwordHash"] = json!({ "S": "mine" });
    let put = json!({ "TransactItems": [{ "Put": put }] });
    let (status, answer) = ask_table(&shop, "admin-create-user", "TransactWriteItems", put).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn each_side_counts_its_own_failures_and_reads_no_count() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let row = |subject: &str| {
        json!({
            "TableName": shop.table("RateLimitsTable"),
            "Key": { "subject": { "S": format!("{subject}#of-a-test") } },
        })
    };
    let customers = ["login", "register", "change-password"];
    let staffs = ["admin-login", "admin-change-password"];
    for (function, own, others) in customers
        .map(|it| (it, "", "staff-"))
        .into_iter()
        .chain(staffs.map(|it| (it, "staff-", "")))
    {
        let counts = function != "register";
        let remembers = !function.ends_with("change-password");
        let asks = counts;
        for (operation, subject, allowed) in [
            ("UpdateItem", format!("{own}account"), counts),
            ("UpdateItem", format!("{own}known-address"), remembers),
            ("GetItem", format!("{own}known-address"), asks),
            ("GetItem", format!("{own}account"), false),
            ("UpdateItem", format!("{others}account"), false),
            ("UpdateItem", format!("{others}known-address"), false),
            ("GetItem", format!("{others}known-address"), false),
            ("DeleteItem", format!("{own}account"), false),
            ("PutItem", format!("{own}account"), false),
        ] {
            let mut body = row(&subject);
            match operation {
                "UpdateItem" => {
                    body["UpdateExpression"] = json!("SET expiresAt = :end");
                    body["ExpressionAttributeValues"] = json!({ ":end": { "N": "1" } });
                }
                "PutItem" => body["Item"] = body["Key"].take(),
                _ => {}
            }
            let (status, answer) = ask_table(&shop, function, operation, body).await;
            let expected = if allowed { 200 } else { 400 };
            assert_eq!(
                status, expected,
                "{function} {operation} {subject}: {answer}"
            );
            let kind = answer["__type"].as_str().unwrap_or_default();
            assert!(
                allowed || kind.ends_with("#AccessDeniedException"),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn new_keys_are_the_operators_to_ask_for_and_no_functions() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    for secret in SIGNING_KEYS {
        let versions = async || {
            let (status, answer) =
                call_secret(&shop, ACCESS_KEY_ID, "DescribeSecret", secret).await;
            assert_eq!(status, 200, "{answer}");
            answer["VersionIdsToStages"].clone()
        };
        let before = versions().await;
        for function in &shop.cloud.template().functions {
            let key = key(&shop, &function.binary);
            let (status, answer) = call_secret(&shop, &key, "RotateSecret", secret).await;
            assert_eq!(
                (status, &answer["__type"]),
                (400, &json!("AccessDeniedException")),
                "{}",
                function.binary
            );
        }
        assert_eq!(versions().await, before);

        let (status, answer) = call_secret(&shop, ACCESS_KEY_ID, "RotateSecret", secret).await;
        assert_eq!(status, 200, "{answer}");
        let version = answer["VersionId"].as_str().unwrap();
        assert!(before[version].is_null());
        assert!(versions().await[version].is_array());
    }
}

#[tokio::test]
async fn stock_is_sold_inside_a_transaction_only() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let sell = json!({
        "TableName": shop.table("InventoryTable"),
        "Key": { "productId": { "S": shop.product(0) }, "bucket": { "S": "none" } },
        "UpdateExpression": "SET available = :zero",
        "ExpressionAttributeValues": { ":zero": { "N": "0" } },
    });
    let whole = json!({ "TransactItems": [{ "Update": sell }] });
    for function in ["checkout", "cancel-order", "admin-update-order"] {
        let sold = ask_table(&shop, function, "TransactWriteItems", whole.clone());
        let (status, answer) = sold.await;
        assert_eq!(status, 200, "{function}: {answer}");
        let (status, answer) = ask_table(&shop, function, "UpdateItem", sell.clone()).await;
        assert_eq!(status, 400, "{function}: {answer}");
    }
}

#[tokio::test]
async fn whoever_works_on_pictures_changes_what_they_are_for_and_nothing_else() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let product = json!({ "productId": { "S": "prod_01arz3ndektsv4rrffq69g5fav" } });
    let upload = json!({
        "userId": { "S": "usr_01arz3ndektsv4rrffq69g5fav" },
        "uploadId": { "S": "upl_01arz3ndektsv4rrffq69g5fav" },
    });
    let pictures = ["images", "image", "imagesVersion"];
    for (function, table, key, own, others) in [
        (
            "attach-image",
            "ProductsTable",
            &product,
            &pictures[..],
            &[
                "status",
                "price",
                "name",
                "version",
                "listed",
                "availability",
            ][..],
        ),
        (
            "admin-delete-image",
            "ProductsTable",
            &product,
            &pictures,
            &[
                "status",
                "price",
                "name",
                "version",
                "listed",
                "availability",
            ],
        ),
        (
            "admin-delete-product",
            "ProductsTable",
            &product,
            &["deleted", "deletedAt", "listed", "sku"],
            &["images", "image", "price", "name", "status", "availability"],
        ),
        (
            "attach-image",
            "UploadsTable",
            &upload,
            &["status", "reason", "attachedAt"],
            &["files", "productId", "versionId", "expiresAt"],
        ),
        (
            "process-image",
            "UploadsTable",
            &upload,
            &["status", "versionId", "files", "reason", "expiresAt"],
            &["productId", "key", "contentType", "attachedAt", "createdAt"],
        ),
    ] {
        let set = |name: &str| {
            json!({
                "TableName": shop.table(table), "Key": key,
                "UpdateExpression": "SET #name = :value",
                "ExpressionAttributeNames": { "#name": name },
                "ExpressionAttributeValues": { ":value": { "S": "x" } },
            })
        };
        for (names, allowed) in [(own, true), (others, false)] {
            for name in names {
                let (operation, body) = match function {
                    "process-image" => ("UpdateItem", set(name)),
                    _ => {
                        let whole = json!({ "TransactItems": [{ "Update": set(name) }] });
                        ("TransactWriteItems", whole)
                    }
                };
                let (status, answer) = ask_table(&shop, function, operation, body).await;
                let kind = answer["__type"].as_str().unwrap_or_default();
                let denied = status == 400 && kind.ends_with("#AccessDeniedException");
                assert_eq!(denied, !allowed, "{function}, {name} of {table}: {answer}");
            }
        }
        // Nor does anybody get the whole item back.
        let mut all = set(own[0]);
        all["ReturnValues"] = json!("ALL_OLD");
        let (status, _) = ask_table(&shop, function, "UpdateItem", all).await;
        assert_eq!(status, 400, "{function}");
    }
    // Purging removes products, and no row of a code.
    for (id, status) in [("prod_01arz3ndektsv4rrffq69g5fav", 200), ("sku#a-1", 400)] {
        let key = json!({ "productId": { "S": id } });
        let body = json!({ "TableName": shop.table("ProductsTable"), "Key": key });
        let purged = ask_table(&shop, "purge-products", "DeleteItem", body).await;
        assert_eq!(purged.0, status, "{id}");
    }
}

#[tokio::test]
async fn whoever_cancels_changes_where_an_order_stands_and_nothing_of_what_it_is() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let set = |name: &str| {
        json!({
            "TableName": shop.table("OrdersTable"),
            "Key": { "userId": { "S": "usr_1" }, "orderId": { "S": "ord_1" } },
            "UpdateExpression": "SET #name = :value",
            "ExpressionAttributeNames": { "#name": name },
            "ExpressionAttributeValues": { ":value": { "S": "x" } },
        })
    };
    // By customers, by the staff.
    for (name, expected) in [
        ("status", [200, 200]),
        ("payment", [400, 200]),
        ("notes", [400, 200]),
        ("total", [400, 400]),
        ("lines", [400, 400]),
        ("shippingAddress", [400, 400]),
    ] {
        for (function, expected) in ["cancel-order", "admin-update-order"].iter().zip(expected) {
            let whole = json!({ "TransactItems": [{ "Update": set(name) }] });
            let (status, answer) = ask_table(&shop, function, "TransactWriteItems", whole).await;
            assert_eq!(status, expected, "{function}, {name}: {answer}");
            let (status, answer) = ask_table(&shop, function, "UpdateItem", set(name)).await;
            assert_eq!(status, 400, "{function}, {name}: {answer}");
        }
    }
}

#[tokio::test]
async fn checkout_reads_an_order_inside_a_transaction_only() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let get = json!({
        "TableName": shop.table("OrdersTable"),
        "Key": { "userId": { "S": "usr_1" }, "orderId": { "S": "ord_1" } },
    });
    let whole = json!({ "TransactItems": [{ "Get": get }] });
    let (status, answer) = ask_table(&shop, "checkout", "TransactGetItems", whole).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = ask_table(&shop, "checkout", "GetItem", get).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn checkout_changes_a_products_availability_and_not_its_price() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let update = |set: &str, value: Value| {
        json!({
            "TableName": shop.table("ProductsTable"),
            "Key": { "productId": { "S": shop.product(0) } },
            "UpdateExpression": format!("SET {set} = :value"),
            "ExpressionAttributeValues": { ":value": value },
        })
    };
    let set = update("availability", json!({ "S": "out-of-stock" }));
    let (status, answer) = ask_table(&shop, "checkout", "UpdateItem", set).await;
    assert_eq!(status, 200, "{answer}");
    let set = update("price", json!({ "N": "1" }));
    let (status, answer) = ask_table(&shop, "checkout", "UpdateItem", set).await;
    assert_eq!(status, 400, "{answer}");
    let scan = json!({ "TableName": shop.table("OrdersTable") });
    let (status, answer) = ask_table(&shop, "checkout", "Scan", scan).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn a_function_knows_its_own_idempotency_keys_and_writes_them_with_their_effect() {
    let mut shop = spawn_shop().await;
    shop.expects_denials = true;
    let table = shop.table("IdempotencyKeysTable");
    for (owner, status) in [("admin-upload", 200), ("admin-create-user", 400)] {
        let row = json!({ "caller": { "S": format!("{owner}#usr_1") }, "keyHash": { "S": "k" } });
        let get = json!({ "TableName": table, "Key": row });
        let (answered, answer) = ask_table(&shop, "admin-upload", "GetItem", get).await;
        assert_eq!(answered, status, "{answer}");
        let put = json!({ "TableName": table, "Item": row });
        let (answered, answer) = ask_table(&shop, "admin-upload", "PutItem", put.clone()).await;
        assert_eq!(answered, 400, "outside of a transaction: {answer}");
        let put = json!({ "TransactItems": [{ "Put": put }] });
        let (answered, answer) = ask_table(&shop, "admin-upload", "TransactWriteItems", put).await;
        assert_eq!(answered, status, "{answer}");
    }
}

/// The word for the stock is set behind the answer, so that no status would
/// tell that it was refused.
#[tokio::test]
async fn nothing_is_refused_from_signing_up_to_signing_out() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Last one", 4900, 1).await;
    let carol = shop.newcomer("carol").await;
    carol.fill_cart(&product, 1).await;
    carol
        .check_out("once", &checkout_body(4900))
        .await
        .expect(201);
    let rows = shop.scan("ProductsTable").await;
    let row = rows.iter().find(|row| row["productId"]["S"] == product);
    assert_eq!(row.unwrap()["availability"]["S"], "out-of-stock");
    let orders = carol.get("/api/orders").await.expect(200).body;
    carol.cancel(&orders["items"][0]).await.expect(200);
    let rows = shop.scan("ProductsTable").await;
    let row = rows.iter().find(|row| row["productId"]["S"] == product);
    assert_eq!(row.unwrap()["availability"]["S"], "low-stock");
    let all = json!({ "everywhere": true });
    carol.post("/api/auth/logout", &all).await.expect(204);
    for secret in SIGNING_KEYS {
        shop.cloud.rotate(secret).await.unwrap();
    }
    assert_eq!(refused(&shop), [""; 0]);
}

async fn everything_that_customers_do(shop: &Shop) {
    let alice = shop.alice().await;
    for sort in ["newest", "price", "name"] {
        for category in ["", "&category=tests"] {
            let path = format!("/api/products?limit=1&sort={sort}{category}");
            alice.get(&path).await.expect(200);
        }
    }
    let product = shop.new_product("Last one", 4900, 1).await;
    let path = format!("/api/products/{product}");
    alice.get(&path).await.expect(200);
    alice.get("/api/nothing").await.expect(404);
    alice.fill_cart(shop.product(0), 1).await;
    let line = format!("/api/cart/items/{}", shop.product(0));
    alice.delete(&line).await.expect(204);
    // A cart that is full gives up lines whose products are gone or not sold now.
    let bob = shop.bob().await;
    let withdrawn = shop.new_product("Withdrawn", 100, 1).await;
    bob.fill_cart(&withdrawn, 1).await;
    let path = format!("/api/admin/products/{withdrawn}");
    let draft = json!({ "status": "draft" });
    let admin = shop.admin().await;
    admin.patch(&path, &draft).await.expect(200);
    for number in 1..32 {
        let thing = format!("prod_01arz3ndektsv4rrffq69g5f{number:02}");
        let line = json!({
            "userId": { "S": bob.user_id() }, "productId": { "S": thing },
            "quantity": { "N": "1" }, "madeBy": { "S": "test" }, "expiresAt": { "N": "9999999999" },
        });
        shop.put_item("CartsTable", line).await;
    }
    bob.put(&line, &json!({ "quantity": 1 })).await.expect(200);
    alice.fill_cart(&product, 1).await;
    alice.get("/api/cart").await.expect(200);
    let order = alice
        .check_out("once", &checkout_body(4900))
        .await
        .expect(201)
        .body;
    alice
        .check_out("once", &checkout_body(4900))
        .await
        .expect(200);
    alice.get("/api/orders?limit=1").await.expect(200);
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    alice.get(&path).await.expect(200);
    alice.cancel(&order).await.expect(200);
}

/// Gives someone as many sessions as they may have, so that another one ends the
/// oldest.
async fn fill_sessions(shop: &Shop, table: &str, user: &Client) {
    for number in 0..20 {
        let session = format!("ses_01arz3ndektsv4rrffq69g5f{number:02}");
        let row = json!({
            "userId": { "S": user.user_id() }, "sessionId": { "S": session },
            "createdAt": { "S": "2026-01-01T00:00:00Z" }, "expiresAt": { "N": "9999999999" },
        });
        shop.put_item(table, row).await;
    }
}

async fn everything_about_sessions(shop: &Shop) {
    let alice = shop.alice().await;
    fill_sessions(shop, "SessionsTable", &alice).await;
    let (carol, elsewhere) = (shop.newcomer("carol").await, shop.alice().await);
    let body = json!({ "currentPassword": NEWCOMERS_PASSWORD, "newPassword": "owls at night" });
    let body_of = |client: &Client| json!({ "refreshToken": client.session["refreshToken"] });
    let login = TestRequest::with_body(
        json!({ "email": "carol@example.com", "password": NEWCOMERS_PASSWORD }),
    );
    shop.call_from(&shop.fresh_ip(), "login", login)
        .await
        .expect(200);
    carol.put("/api/account/password", &body).await.expect(204);
    let refresh = async |body: Value| elsewhere.post("/api/auth/refresh", &body).await;
    let next = refresh(body_of(&elsewhere)).await.expect(200).body;
    let next = json!({ "refreshToken": next["refreshToken"] });
    refresh(next).await.expect(200);
    refresh(body_of(&elsewhere)).await.expect(401);
    let carl = shop.newcomer("carl").await;
    shop.set_user(&carl, "role", "staff").await;
    carl.post("/api/auth/refresh", &body_of(&carl))
        .await
        .expect(401);
    let bob = shop.bob().await;
    bob.post("/api/auth/logout", &body_of(&bob))
        .await
        .expect(204);
    carol
        .post("/api/auth/logout", &json!({ "everywhere": true }))
        .await
        .expect(204);
    // Two imported users, one in each realm.
    for (email, function, table) in [
        ("bob@example.com", "login", "CredentialsTable"),
        ("admin@example.com", "admin-login", "StaffCredentialsTable"),
    ] {
        let key = json!({ "login": { "S": format!("email#{email}") } });
        let values = json!({ ":hash": { "S": crate::passwords::IMPORTED } });
        shop.update_item(table, key, "passwordHash = :hash", values)
            .await;
        let body = json!({ "email": email, "password": crate::passwords::IMPORTED_PASSWORD });
        shop.call_from(&shop.fresh_ip(), function, TestRequest::with_body(body))
            .await
            .expect(200);
    }
    shop.cloud.rotate("SigningKey").await.unwrap();
}

async fn everything_about_the_staffs_sessions(shop: &Shop) {
    let staff = shop.staff().await;
    fill_sessions(shop, "StaffSessionsTable", &staff).await;
    let (staff, elsewhere) = (shop.staff().await, shop.staff().await);
    let body_of = |client: &Client| json!({ "refreshToken": client.session["refreshToken"] });
    let anonymous = shop.anonymous();
    let refresh = async |body: Value| anonymous.post("/api/admin/refresh", &body).await;
    let next = refresh(body_of(&elsewhere)).await.expect(200).body;
    let next = json!({ "refreshToken": next["refreshToken"] });
    refresh(next).await.expect(200);
    refresh(body_of(&elsewhere)).await.expect(401);
    // A session that is left, for the change of the password to end.
    shop.staff().await;
    let password = password_of("staff@example.com");
    let body = json!({ "currentPassword": password, "newPassword": "owls and hens at night" });
    staff.put("/api/admin/password", &body).await.expect(204);
    let admin = shop.admin().await;
    shop.set_user(&admin, "role", "staff").await;
    let refused = anonymous.post("/api/admin/refresh", &body_of(&admin)).await;
    refused.expect(401);
    let sue = shop.super_admin().await;
    let ended = anonymous.post("/api/admin/logout", &body_of(&sue)).await;
    ended.expect(204);
    let all = json!({ "everywhere": true });
    staff.post("/api/admin/logout", &all).await.expect(204);
    shop.cloud.rotate("StaffSigningKey").await.unwrap();
}

/// Who serves customers: reads their orders and moves them along.
async fn everything_that_is_done_with_orders(shop: &Shop) {
    let (alice, staff) = (shop.alice().await, shop.staff().await);
    let product = shop.new_product("Served", 100, 1).await;
    let order = alice.order(&product, 100, 1).await;
    staff.get("/api/admin/orders?limit=1").await.expect(200);
    let id = order["orderId"].as_str().unwrap();
    let path = format!("/api/admin/orders/{}/{id}", alice.user_id());
    staff.get(&path).await.expect(200);
    for (name, value) in [("email", "alice@example.com"), ("orderId", id)] {
        let search = json!({ name: value, "reason": "Called us" });
        let found = staff.post("/api/admin/customers/search", &search).await;
        found.expect(200);
    }
    let cancel = json!({ "status": "cancelled", "note": "Out of reach." });
    staff.patch(&path, &cancel).await.expect(200);
}

async fn everything_about_products(admin: &Client, sue: &Client) {
    for status in [201, 200] {
        let cups = json!({ "name": format!("Cups {status}") });
        admin
            .put("/api/admin/categories/cups", &cups)
            .await
            .expect(status);
    }
    let mut body = product_body("Cup", 100, 1);
    body["sku"] = json!("CUP-1");
    let made = admin
        .post("/api/admin/products", &body)
        .await
        .expect(201)
        .body;
    let path = format!(
        "/api/admin/products/{}",
        made["productId"].as_str().unwrap()
    );
    let change = json!({ "category": "cups", "sku": "CUP-2", "status": "draft" });
    admin.patch(&path, &change).await.expect(200);
    let stock = admin.request(reqwest::Method::PUT, &format!("{path}/stock"));
    let stock = stock
        .header("idempotency-key", "k")
        .json(&json!({ "available": 9 }));
    for _ in 0..2 {
        tests::send(stock.try_clone().unwrap()).await.expect(200);
    }
    for list in [&path, "/api/admin/products", "/api/categories"] {
        admin.get(list).await.expect(200);
    }
    sue.delete(&path).await.expect(204);
    admin.delete("/api/admin/categories/cups").await.expect(204);
}

/// Pictures of drafts and of a product that is deleted before its picture is ready, and the
/// links that each function signs.
async fn everything_about_pictures(shop: &Shop) {
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let mut body = product_body("Pictured", 100, 1);
    body["status"] = json!("draft");
    let made = admin.post("/api/admin/products", &body).await.expect(201);
    let product = made.body["productId"].as_str().unwrap();
    let path = format!("/api/admin/products/{product}");
    let upload = send_picture(shop, &admin, product, "image/png", png(40, 30)).await;
    let described = json!({ "description": "On a table." });
    let state = admin.get(&format!("/api/admin/uploads/{upload}")).await;
    let list = admin.get("/api/admin/products?limit=1").await;
    let got = admin.get(&path).await;
    let changed = admin.patch(&path, &described).await;
    let image = &state.body["image"];
    for link in [
        &image["url"],
        &list.body["items"][0]["imageUrl"],
        &got.body["images"][0]["url"],
        &changed.body["images"][0]["url"],
    ] {
        let file = reqwest::get(link.as_str().unwrap()).await.unwrap();
        assert_eq!(file.status().as_u16(), 200, "{link}");
    }
    let published = json!({ "status": "published" });
    admin.patch(&path, &published).await.expect(200);
    let image = format!("{path}/images/{}", image["imageId"].as_str().unwrap());
    admin.delete(&image).await.expect(204);
    assert!(shop.cloud.events().settle(Duration::from_secs(60)).await);
    reject_what_is_kept(shop, &admin, product).await;

    // A file that is gone when it is judged, which a role must be allowed to see.
    let none = b"no picture".to_vec();
    let gone = send_picture(shop, &admin, product, "image/png", none).await;
    judge_what_is_gone(shop, &gone).await;

    // A file that its product lists and that isn't there, which a role must be allowed to see.
    let lost = json!({ "M": {
        "imageId": { "S": "img_01arz3ndektsv4rrffq69g5fav" },
        "key": { "S": format!("ecommerce-products/{product}/lost.jpg") },
        "width": { "N": "1" }, "height": { "N": "1" },
    } });
    let key = json!({ "productId": { "S": product } });
    let values = json!({ ":images": { "L": [lost] } });
    shop.update_item("ProductsTable", key, "images = :images", values)
        .await;
    assert!(shop.cloud.events().settle(Duration::from_secs(60)).await);

    let held = shop.cloud.events().hold();
    let sent = send_file(&admin, product, "image/png", png(40, 30)).await;
    assert!(sent.starts_with("upl_"));
    sue.delete(&path).await.expect(204);
    drop(held);
    assert!(shop.cloud.events().settle(Duration::from_secs(60)).await);
    let key = json!({ "productId": { "S": product } });
    let long_ago = json!({ ":then": { "S": "2026-01-01T00:00:00Z" } });
    shop.update_item("ProductsTable", key, "deletedAt = :then", long_ago)
        .await;
    assert!(shop.cloud.events().tick("purge-products"));
    assert!(shop.cloud.events().settle(Duration::from_secs(60)).await);
}

async fn everything_that_the_staff_do(shop: &Shop) {
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let upload = json!({
        "productId": shop.product(0), "contentType": "image/png", "contentLength": 4,
    });
    let form = admin
        .post("/api/admin/uploads", &upload)
        .await
        .expect(201)
        .body;
    let mut parts = reqwest::multipart::Form::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        parts = parts.text(name.clone(), value.as_str().unwrap().to_owned());
    }
    let file = reqwest::multipart::Part::bytes(b"\x89PNG".to_vec());
    let sent = reqwest::Client::new().post(form["url"].as_str().unwrap());
    let sent = sent
        .multipart(parts.part("file", file))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status().as_u16(), 201);

    let product = product_body("Sent twice", 100, 1);
    let ella = json!({ "email": "ella@example.com", "name": "Ella", "role": "staff" });
    for status in [201, 200] {
        for (client, path, body) in [
            (&admin, "/api/admin/products", &product),
            (&admin, "/api/admin/uploads", &upload),
            (&sue, "/api/admin/users", &ella),
        ] {
            post(client, path, "twice", body).await.expect(status);
        }
    }

    everything_about_products(&admin, &sue).await;

    let dora = json!({ "email": "dora@example.com", "name": "Dora", "role": "super-admin" });
    sue.post("/api/admin/users", &dora).await.expect(201);
    let invited = sue.post("/api/admin/users", &dora).await.expect(201).body;
    let accept =
        json!({ "token": invited["invitation"]["token"], "password": "sorts the shelves" });
    sue.post("/api/admin/accept-invite", &accept)
        .await
        .expect(204);
    sue.get("/api/admin/users?limit=1").await.expect(200);
    for query in ["", "actor=operator", "target=signing-key"] {
        sue.get(&format!("/api/admin/audit?{query}"))
            .await
            .expect(200);
    }
    let alice = shop.alice().await;
    let path = format!("/api/admin/users/{}", alice.user_id());
    for status in ["disabled", "active"] {
        let change = sue.patch(&path, &json!({ "status": status })).await;
        change.expect(200);
    }
    sue.get("/api/admin/users?role=customer").await.expect(200);
    let path = format!("/api/admin/users/{}", sue.user_id());
    sue.patch(&path, &json!({ "role": "admin" }))
        .await
        .expect(200);
}

/// Every function that answers requests looks for whom a frontend calls.
async fn everything_that_frontends_say(shop: &Shop) {
    let header = "eyJhbGciOiJFZERTQSIsInR5cCI6ImNhbGxlcitqd3QiLCJraWQiOiJrIn0";
    let template = shop.cloud.template().functions.iter();
    for function in template.filter(|it| !it.routes.is_empty()) {
        let mut request = TestRequest::default();
        let token = json!(format!("{header}.e30.AA"));
        request.headers.insert("x-trusted-client".to_owned(), token);
        shop.call_from("192.0.2.200", &function.binary, request)
            .await;
    }
}

/// What nobody uses is what only an intruder would.
#[tokio::test]
async fn every_grant_of_every_role_is_used() {
    let shop = spawn_shop().await;
    everything_that_customers_do(&shop).await;
    everything_about_pictures(&shop).await;
    everything_that_the_staff_do(&shop).await;
    everything_that_is_done_with_orders(&shop).await;
    everything_about_the_staffs_sessions(&shop).await;
    everything_about_sessions(&shop).await;
    everything_that_frontends_say(&shop).await;
    let unused: Vec<String> = shop
        .cloud
        .unused_grants()
        .iter()
        .map(ToString::to_string)
        .collect();
    let unused: Vec<&str> = unused
        .iter()
        .map(String::as_str)
        .filter(|it| !it.contains(": logs:"))
        .collect();
    assert_eq!(unused, [""; 0]);
}
