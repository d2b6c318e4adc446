//! A function can do what its role in template.yaml says, and nothing else:
//! with its access key, past its code.

use local::ACCESS_KEY_ID;
use serde_json::{Value, json};

use crate::{Shop, draft, spawn_shop};

/// Calls DynamoDB with a function's access key.
async fn ask_table(shop: &Shop, function: &str, operation: &str, body: Value) -> (u16, Value) {
    let url = shop.cloud.dynamodb_url();
    let target = format!("DynamoDB_20120810.{operation}");
    shop.call_aws(&url, &key(shop, function), &target, &body)
        .await
}

/// Asks Secrets Manager for the signing key with a function's access key.
async fn ask_secret(shop: &Shop, function: &str) -> (u16, Value) {
    call_secret(shop, &key(shop, function), "GetSecretValue").await
}

/// Calls Secrets Manager about the signing key with someone's access key.
async fn call_secret(shop: &Shop, key: &str, action: &str) -> (u16, Value) {
    let url = shop.cloud.secrets_manager_url();
    let body = json!({ "SecretId": shop.cloud.template().secrets[0].arn });
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
    let shop = spawn_shop().await;
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
async fn whoever_lists_products_cannot_read_the_signing_key() {
    let shop = spawn_shop().await;
    let (status, answer) = ask_secret(&shop, "login").await;
    assert_eq!(status, 200);
    assert!(answer["SecretString"].is_string());
    let (status, answer) = ask_secret(&shop, "list-products").await;
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("AccessDeniedException"))
    );
    assert!(answer["SecretString"].is_null());
}

#[tokio::test]
async fn new_keys_are_the_operators_to_ask_for_and_no_functions() {
    let shop = spawn_shop().await;
    let versions = async || {
        let (status, answer) = call_secret(&shop, ACCESS_KEY_ID, "DescribeSecret").await;
        assert_eq!(status, 200, "{answer}");
        answer["VersionIdsToStages"].clone()
    };
    let before = versions().await;
    for function in &shop.cloud.template().functions {
        let key = key(&shop, &function.binary);
        let (status, answer) = call_secret(&shop, &key, "RotateSecret").await;
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("AccessDeniedException")),
            "{}",
            function.binary
        );
    }
    assert_eq!(versions().await, before);

    let (status, answer) = call_secret(&shop, ACCESS_KEY_ID, "RotateSecret").await;
    assert_eq!(status, 200, "{answer}");
    let version = answer["VersionId"].as_str().unwrap();
    assert!(before[version].is_null());
    assert!(versions().await[version].is_array());
}

#[tokio::test]
async fn stock_is_sold_inside_a_transaction_only() {
    let shop = spawn_shop().await;
    let sell = json!({
        "TableName": shop.table("InventoryTable"),
        "Key": { "productId": { "S": shop.product(0) }, "bucket": { "S": "none" } },
        "UpdateExpression": "SET available = :zero",
        "ExpressionAttributeValues": { ":zero": { "N": "0" } },
    });
    let whole = json!({ "TransactItems": [{ "Update": sell }] });
    let (status, answer) = ask_table(&shop, "checkout", "TransactWriteItems", whole).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = ask_table(&shop, "checkout", "UpdateItem", sell).await;
    assert_eq!(status, 400, "{answer}");
}

/// The word for the stock is set behind the answer, so that no status would
/// tell that it was refused.
#[tokio::test]
async fn nothing_is_refused_from_signing_up_to_signing_out() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Last one", 4900, 1).await;
    let carol = shop.newcomer("carol").await;
    carol.fill_cart(&product, 1).await;
    carol.check_out("once", &draft(4900)).await.expect(201);
    let rows = shop.items("ProductsTable").await;
    let row = rows.iter().find(|row| row["productId"]["S"] == product);
    assert_eq!(row.unwrap()["availability"]["S"], "out-of-stock");
    carol.get("/api/orders").await.expect(200);
    let all = json!({ "everywhere": true });
    carol.post("/api/auth/logout", &all).await.expect(204);
    shop.cloud.rotate("SigningKey").await.unwrap();
    assert_eq!(refused(&shop), [""; 0]);
}
