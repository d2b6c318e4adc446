//! Calls of the database in the caller's own thread.

use axum::http::StatusCode;
use axum::response::Response;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer;

/// Answers a call of items, whose target is such as `DynamoDB_20120810.GetItem`.
pub(super) fn answer_call(database: &Database, target: &str, body: &[u8]) -> Response {
    let answered = match target.strip_prefix("DynamoDB_20120810.").unwrap_or(target) {
        "GetItem" => run(body, |it| database.get_item(it)),
        "PutItem" => run(body, |it| database.put_item(it)),
        "UpdateItem" => run(body, |it| database.update_item(it)),
        "DeleteItem" => run(body, |it| database.delete_item(it)),
        "Query" => run(body, |it| database.query(it)),
        "BatchGetItem" => run(body, |it| database.batch_get_item(it)),
        "TransactGetItems" => run(body, |it| database.transact_get_items(it)),
        "TransactWriteItems" => run(body, |it| database.transact_write_items(it)),
        other => Err(DynoxideError::ValidationException(format!(
            "{other} is not answered here"
        ))),
    };
    match answered {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(error) => {
            let status = StatusCode::from_u16(error.status_code());
            answer::text(status.unwrap_or(StatusCode::BAD_REQUEST), error.to_json())
        }
    }
}

fn run<Input: DeserializeOwned, Output: Serialize>(
    body: &[u8],
    call: impl FnOnce(Input) -> dynoxide::Result<Output>,
) -> dynoxide::Result<Value> {
    let wrong = |error: serde_json::Error| DynoxideError::ValidationException(error.to_string());
    let answered = call(serde_json::from_slice(body).map_err(wrong)?)?;
    serde_json::to_value(answered).map_err(wrong)
}
