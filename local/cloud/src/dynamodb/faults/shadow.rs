//! Older states of tables: copies of what a call reads of them, with some items as they
//! were before.

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

/// What a copy is read for.
enum Reading {
    /// Anything.
    All,
    /// A call of this operation with this body.
    By(String, Value),
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
        let shadow = self.shadow(BTreeSet::from([table.to_owned()]), Reading::All, Vec::new());
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
        let reading = Reading::By(call.operation.clone(), call.body.clone());
        match self.shadow(call.tables.clone(), reading, before).await {
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
        all_pages(json!({ "TableName": table }), |scan| {
            let page = self.database.scan(request(scan)?);
            page.map_err(|error| error.to_string()).map(to_value)?
        })
    }

    /// Reads at least those items of a table that a call could be answered with, as they
    /// now are: whole tables take seconds once they are long, for each call.
    fn items_for(&self, reading: &Reading, table: &str) -> Result<Vec<Value>, String> {
        let Reading::By(operation, body) = reading else {
            return self.items(table);
        };
        let keys = match &**operation {
            "GetItem" => vec![body.get("Key")],
            "BatchGetItem" => {
                let keys = body.pointer("/RequestItems");
                let keys = keys.and_then(|it| it.get(table)?.get("Keys")?.as_array());
                keys.into_iter().flatten().map(Some).collect()
            }
            "Query" => return self.partitions(body, table),
            _ => return self.items(table),
        };
        let keys = keys.into_iter().flatten();
        let items = keys.filter_map(|key| self.get(&self.schemas.key(table, key)?));
        Ok(items.collect())
    }

    /// Reads the partitions of a table or of its index that a query may be about: of each
    /// of its values, since one of them is the partition's key.
    fn partitions(&self, query: &Value, table: &str) -> Result<Vec<Value>, String> {
        let create = self.creates.get(table).ok_or("there is no such table")?;
        let index = query.get("IndexName").filter(|it| !it.is_null());
        let values = query.get("ExpressionAttributeValues");
        let (Some(name), Some(Value::Object(values))) = (partition_key(create, index), values)
        else {
            return self.items(table);
        };
        let mut items = Vec::new();
        for value in values.values().filter(|it| it.get("S").is_some()) {
            let asked = json!({
                "TableName": table,
                "IndexName": index,
                "KeyConditionExpression": "#partition = :partition",
                "ExpressionAttributeNames": { "#partition": name },
                "ExpressionAttributeValues": { ":partition": value },
            });
            items.extend(all_pages(asked, |query| {
                let page = self.database.query(request(query)?);
                page.map_err(|error| error.to_string()).map(to_value)?
            })?);
        }
        Ok(items)
    }

    async fn shadow(
        self: &Arc<Self>,
        tables: BTreeSet<String>,
        reading: Reading,
        before: Vec<Before>,
    ) -> Result<Database, String> {
        if self.embedded {
            return self.copy(&tables, &reading, &before);
        }
        let this = Arc::clone(self);
        // It may read whole tables under the database's lock: not for an async thread.
        tokio::task::spawn_blocking(move || this.copy(&tables, &reading, &before))
            .await
            .map_err(|error| error.to_string())?
    }

    /// Copies what is read of tables, with these items as they were before.
    fn copy(
        &self,
        tables: &BTreeSet<String>,
        reading: &Reading,
        before: &[Before],
    ) -> Result<Database, String> {
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
            for item in self.items_for(reading, table)? {
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

/// Returns the name of the attribute that is the key of a partition, of a table or of
/// its index, if it is a text.
fn partition_key<'a>(create: &'a Value, index: Option<&Value>) -> Option<&'a Value> {
    let of = match index {
        None => create,
        Some(index) => {
            let mut indexes = create.get("GlobalSecondaryIndexes")?.as_array()?.iter();
            indexes.find(|it| it.get("IndexName") == Some(index))?
        }
    };
    let mut keys = of.get("KeySchema")?.as_array()?.iter();
    let name = keys
        .find(|it| it["KeyType"] == "HASH")?
        .get("AttributeName")?;
    let mut attributes = create.get("AttributeDefinitions")?.as_array()?.iter();
    let is_text = attributes.any(|it| it["AttributeName"] == *name && it["AttributeType"] == "S");
    is_text.then_some(name)
}

/// Reads the items of all pages.
fn all_pages(
    mut asked: Value,
    read: impl Fn(Value) -> Result<Value, String>,
) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    loop {
        let mut page = read(asked.clone())?;
        if let Some(Value::Array(found)) = page.get_mut("Items").map(Value::take) {
            items.extend(found);
        }
        match page.get_mut("LastEvaluatedKey").map(Value::take) {
            Some(next) if !next.is_null() => {
                let asked = asked.as_object_mut().ok_or("a call is an object")?;
                asked.insert("ExclusiveStartKey".to_owned(), next);
            }
            _ => return Ok(items),
        }
    }
}

fn to_value(page: impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(page).map_err(|error| error.to_string())
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
