//! What is in the tables, and calls to DynamoDB and Secrets Manager past the shop.

use cloud::ACCESS_KEY_ID;
use serde_json::{Value, json};

use crate::{Client, Shop};

impl Shop {
    /// Returns how many pieces of a product are left, straight from the table.
    pub async fn stock(&self, product: &str) -> u64 {
        let rows = self.scan("InventoryTable").await;
        let row = rows.iter().find(|row| row["productId"]["S"] == product);
        let available = &row.expect("there is a stock row")["available"]["N"];
        available.as_str().unwrap().parse().unwrap()
    }

    /// Calls DynamoDB itself, past the shop, as the operator.
    pub async fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let url = self.cloud.dynamodb_url();
        self.call_aws(&url, ACCESS_KEY_ID, &target, body).await.1
    }

    /// Calls a service of the local cloud with someone's access key.
    pub async fn call_aws(&self, url: &str, key: &str, target: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(url)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            // The services want to see a signature, and do not check it.
            .header("x-amz-date", "20261121T100000Z")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={key}/20261121/eu-central-1/any/aws4_request, \
                     SignedHeaders=host, Signature=0"
                ),
            )
            .body(body.to_string())
            .send()
            .await
            .expect("the service answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("it answers JSON"))
    }

    /// Returns the name of a table by its logical id in the template.
    pub fn table(&self, logical_id: &str) -> &str {
        let mut tables = self.cloud.template().tables.iter();
        let table = tables.find(|table| table.logical_id == logical_id);
        &table.expect("a table of the template").name
    }

    /// Changes one row past the shop, as a tool of its operator would.
    pub async fn update_item(&self, table: &str, key: Value, set: &str, values: Value) {
        let body = json!({
            "TableName": self.table(table), "Key": key,
            "UpdateExpression": format!("SET {set}"), "ExpressionAttributeValues": values,
        });
        assert_eq!(self.dynamodb("UpdateItem", &body).await, json!({}));
    }

    /// Writes one row past the shop.
    pub async fn put_item(&self, table: &str, item: Value) {
        let body = json!({ "TableName": self.table(table), "Item": item });
        assert_eq!(self.dynamodb("PutItem", &body).await, json!({}));
    }

    /// Sets a text of a user's record, as a tool of the shop's operator would.
    pub async fn set_user(&self, user: &Client, name: &str, value: &str) {
        let table = match user.session["user"]["role"].as_str() {
            Some("customer") => "UsersTable",
            _ => "StaffTable",
        };
        let body = json!({
            "TableName": self.table(table),
            "Key": { "userId": { "S": user.session["user"]["userId"] } },
            "UpdateExpression": "SET #name = :value",
            "ExpressionAttributeNames": { "#name": name },
            "ExpressionAttributeValues": { ":value": { "S": value } },
        });
        assert_eq!(self.dynamodb("UpdateItem", &body).await, json!({}));
    }

    /// Reads every item of a table, straight from the database, in its own JSON.
    pub async fn scan(&self, table_logical_id: &str) -> Vec<Value> {
        let table = self.table(table_logical_id);
        let answer = self.dynamodb("Scan", &json!({ "TableName": table })).await;
        assert!(
            answer["LastEvaluatedKey"].is_null(),
            "too many rows for one look"
        );
        let items = answer["Items"].as_array();
        items.unwrap_or_else(|| panic!("no rows: {answer}")).clone()
    }
}
