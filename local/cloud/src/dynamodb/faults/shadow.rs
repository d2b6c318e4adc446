//! Older states of tables: copies of them with some items as they were before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use dynoxide::Database;
use serde_json::{Value, json};

use super::answer;
use super::call::{Call, ItemKey, Schemas};
use crate::dynamodb::request::request;
use template::TableTemplate;

/// An item as it was; `None` if it was not there.
pub(super) type Before = (ItemKey, Option<Value>);

/// The tables as they are, and how they are made.
pub(super) struct Tables {
    pub(super) database: Database,
    pub(super) schemas: Schemas,
    /// What makes each table, by its name.
    creates: BTreeMap<String, Value>,
    /// Whether all happens in one thread.
    embedded: bool,
}

/// An index that is no longer kept up to date.
#[derive(Clone)]
pub(super) struct FrozenIndex {
    table: String,
    index: String,
    shadow: Database,
}

impl FrozenIndex {
    pub(super) fn answers(&self, call: &Call) -> bool {
        let index = call.body.get("IndexName").and_then(Value::as_str);
        index == Some(&self.index) && call.tables.contains(&self.table)
    }

    pub(super) fn read(&self, call: &Call) -> Response {
        read(&self.shadow, call)
    }
}

impl Tables {
    pub(super) fn of(database: Database, tables: &[TableTemplate], embedded: bool) -> Self {
        let creates = tables.iter();
        let creates = creates.map(|table| (table.name.clone(), table.create.clone()));
        Self {
            database,
            schemas: Schemas::of(tables),
            creates: creates.collect(),
            embedded,
        }
    }

    /// Keeps an index as it now is.
    pub(super) async fn freeze(
        self: &Arc<Self>,
        table: &str,
        index: &str,
    ) -> Result<FrozenIndex, String> {
        let shadow = self.shadow(BTreeSet::from([table.to_owned()]), Vec::new());
        Ok(FrozenIndex {
            table: table.to_owned(),
            index: index.to_owned(),
            shadow: shadow.await?,
        })
    }

    /// Answers a plain read with these items as they were before.
    pub(super) async fn read_before(
        self: &Arc<Self>,
        call: &Call,
        before: Vec<Before>,
    ) -> Response {
        match self.shadow(call.tables.clone(), before).await {
            Ok(shadow) => read(&shadow, call),
            Err(reason) => broken(&reason),
        }
    }

    /// Reads an item as it now is.
    pub(super) fn get(&self, item: &ItemKey) -> Option<Value> {
        let asked = json!({ "TableName": item.table, "Key": item.key, "ConsistentRead": true });
        let found = self.database.get_item(request(asked).ok()?).ok()?;
        let found = serde_json::to_value(found).ok()?;
        found.get("Item").cloned()
    }

    /// Reads all items of a table as they now are.
    pub(super) fn items(&self, table: &str) -> Result<Vec<Value>, String> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let scan = json!({ "TableName": table, "ExclusiveStartKey": start });
            let page = self.database.scan(request(scan)?);
            let page = page.map_err(|error| error.to_string())?;
            let mut page = serde_json::to_value(page).map_err(|error| error.to_string())?;
            if let Some(Value::Array(found)) = page.get_mut("Items").map(Value::take) {
                items.extend(found);
            }
            start = page
                .get_mut("LastEvaluatedKey")
                .map_or(Value::Null, Value::take);
            if start.is_null() {
                return Ok(items);
            }
        }
    }

    async fn shadow(
        self: &Arc<Self>,
        tables: BTreeSet<String>,
        before: Vec<Before>,
    ) -> Result<Database, String> {
        if self.embedded {
            return self.copy(&tables, &before);
        }
        let this = Arc::clone(self);
        // It reads whole tables under the database's lock: not for an async thread.
        tokio::task::spawn_blocking(move || this.copy(&tables, &before))
            .await
            .map_err(|error| error.to_string())?
    }

    /// Copies tables, with these items as they were before.
    fn copy(&self, tables: &BTreeSet<String>, before: &[Before]) -> Result<Database, String> {
        let shadow = Database::memory().map_err(|error| error.to_string())?;
        let put = |table: &str, item: &Value| {
            let put = shadow.put_item(request(json!({ "TableName": table, "Item": item }))?);
            put.map(drop).map_err(|error| error.to_string())
        };
        for table in tables {
            let create = self.creates.get(table).ok_or("there is no such table")?;
            shadow
                .create_table(request(create.clone())?)
                .map_err(|error| error.to_string())?;
            for item in self.items(table)? {
                let mut changed = before.iter();
                if !changed.any(|(key, _)| key.table == *table && key.is_of(&item)) {
                    put(table, &item)?;
                }
            }
        }
        for (key, item) in before {
            if let Some(item) = item {
                put(&key.table, item)?;
            }
        }
        Ok(shadow)
    }
}

impl ItemKey {
    /// Returns whether an item of the same table has this key.
    fn is_of(&self, item: &Value) -> bool {
        self.key
            .iter()
            .all(|(name, value)| item.get(name) == Some(value))
    }
}

/// Answers a plain read from a copy.
fn read(shadow: &Database, call: &Call) -> Response {
    let body = call.body.clone();
    let answered = match &*call.operation {
        "GetItem" => request(body).map(|it| shadow.get_item(it).map(serde_json::to_value)),
        "BatchGetItem" => {
            request(body).map(|it| shadow.batch_get_item(it).map(serde_json::to_value))
        }
        "Query" => request(body).map(|it| shadow.query(it).map(serde_json::to_value)),
        _ => request(body).map(|it| shadow.scan(it).map(serde_json::to_value)),
    };
    match answered {
        Ok(Ok(Ok(body))) => answer::json(StatusCode::OK, &body),
        Ok(Ok(Err(error))) => broken(&error.to_string()),
        Ok(Err(error)) => broken(&error.to_string()),
        Err(reason) => broken(&reason),
    }
}

fn broken(reason: &str) -> Response {
    let message = format!("The older state can't be read: {reason}");
    let kind = "com.amazon.coral.service#InternalServerError";
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, kind, &message)
}
