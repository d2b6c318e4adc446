//! One call of DynamoDB, as far as faults look at it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::engine::EngineRequest;
use super::reason::Reason;
use template::TableTemplate;

/// Which item of which table.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemKey {
    /// The table's name.
    pub table: String,
    /// The attributes of its key, as DynamoDB writes them.
    pub(super) key: Map<String, Value>,
}

impl ItemKey {
    /// Returns the attributes of the key, as DynamoDB writes them.
    #[must_use]
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.key
    }

    /// Returns a text of the key; empty for what it has not.
    #[must_use]
    pub fn text(&self, attribute: &str) -> &str {
        let value = self.key.get(attribute).and_then(|value| value.get("S"));
        value.and_then(Value::as_str).unwrap_or_default()
    }
}

/// The attributes of each table's key, by the table's name.
pub(super) struct Schemas(BTreeMap<String, Vec<String>>);

impl Schemas {
    pub(super) fn of(tables: &[TableTemplate]) -> Self {
        let schemas = tables.iter().map(|table| {
            let schema = table.create.get("KeySchema").and_then(Value::as_array);
            let names = schema.into_iter().flatten();
            let names = names.filter_map(|it| it.get("AttributeName")?.as_str().map(str::to_owned));
            (table.name.clone(), names.collect())
        });
        Self(schemas.collect())
    }

    /// Takes the key out of an item, or of what is already no more than a key.
    pub(super) fn key(&self, table: &str, item: &Value) -> Option<ItemKey> {
        let names = self.0.get(table)?.iter();
        let key = names.map(|name| Some((name.clone(), item.get(name)?.clone())));
        Some(ItemKey {
            table: table.to_owned(),
            key: key.collect::<Option<_>>()?,
        })
    }

    /// Returns a key of this table that no item has.
    pub(super) fn absent(&self, table: &str) -> Option<Map<String, Value>> {
        let names = self.0.get(table)?.iter();
        let value = serde_json::json!({ "S": "no item has this key" });
        Some(names.map(|name| (name.clone(), value.clone())).collect())
    }
}

/// A call with what it is about.
pub(super) struct Call {
    /// The function's binary; `None` for the operator.
    pub(super) caller: Option<String>,
    pub(super) operation: String,
    pub(super) body: Value,
    /// The items of a transaction or a batch of writes in their order, or the one item of a
    /// single write or read.
    pub(super) items: Vec<ItemKey>,
    pub(super) tables: BTreeSet<String>,
}

impl Call {
    /// Reads a call; `None` for what is about no item.
    pub(super) fn read(
        caller: Option<&str>,
        request: &EngineRequest,
        schemas: &Schemas,
    ) -> Option<Self> {
        let target = request.parts.headers.get("x-amz-target")?.to_str().ok()?;
        let operation = target.strip_prefix("DynamoDB_20120810.")?;
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let name = |part: &Value| part.get("TableName")?.as_str().map(str::to_owned);
        let mut tables = BTreeSet::new();
        let mut items = Vec::new();
        match operation {
            "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => {
                let table = name(&body)?;
                let item = body.get("Key").or_else(|| body.get("Item"))?;
                items.push(schemas.key(&table, item)?);
                tables.insert(table);
            }
            "Query" | "Scan" => {
                tables.insert(name(&body)?);
            }
            "BatchGetItem" => {
                let asked = body.get("RequestItems")?.as_object()?;
                tables.extend(asked.keys().cloned());
            }
            "BatchWriteItem" => {
                for (table, writes) in body.get("RequestItems")?.as_object()? {
                    for write in writes.as_array()? {
                        let put = write.pointer("/PutRequest/Item");
                        let item = put.or_else(|| write.pointer("/DeleteRequest/Key"))?;
                        items.push(schemas.key(table, item)?);
                    }
                    tables.insert(table.clone());
                }
            }
            "TransactWriteItems" | "TransactGetItems" => {
                for item in body.get("TransactItems")?.as_array()? {
                    let part = item.as_object()?.values().find(|it| !it.is_null())?;
                    let table = name(part)?;
                    let item = part.get("Key").or_else(|| part.get("Item"))?;
                    items.push(schemas.key(&table, item)?);
                    tables.insert(table);
                }
            }
            _ => return None,
        }
        Some(Self {
            caller: caller.map(str::to_owned),
            operation: operation.to_owned(),
            body,
            items,
            tables,
        })
    }

    pub(super) fn is_transaction(&self) -> bool {
        self.operation.starts_with("Transact")
    }

    pub(super) fn is_single_write(&self) -> bool {
        matches!(&*self.operation, "PutItem" | "UpdateItem" | "DeleteItem")
    }

    pub(super) fn is_write(&self) -> bool {
        self.is_single_write()
            || matches!(&*self.operation, "TransactWriteItems" | "BatchWriteItem")
    }

    pub(super) fn is_plain_read(&self) -> bool {
        matches!(
            &*self.operation,
            "GetItem" | "BatchGetItem" | "Query" | "Scan"
        )
    }

    /// Returns whether this reads from a table, and doesn't ask for what is there now.
    pub(super) fn reads_eventually(&self, table: &str) -> bool {
        let asked = match &*self.operation {
            "GetItem" | "Query" | "Scan" if self.tables.contains(table) => Some(&self.body),
            "BatchGetItem" => self
                .body
                .pointer("/RequestItems")
                .and_then(|it| it.get(table)),
            _ => None,
        };
        asked.is_some_and(|it| it.get("ConsistentRead") != Some(&Value::Bool(true)))
    }

    /// Splits a batch of reads in two: what to ask of it, and the `RequestItems` of the rest; `None`
    /// if it can't be split.
    pub(super) fn halves(&self) -> Option<(Value, Value)> {
        if self.operation != "BatchGetItem" {
            return None;
        }
        let mut half = self.body.clone();
        let mut others = Map::new();
        for (table, asked) in half.get_mut("RequestItems")?.as_object_mut()? {
            let keys = asked.get_mut("Keys")?.as_array_mut()?;
            let rest = keys.split_off(keys.len().div_ceil(2));
            if !rest.is_empty() {
                let mut other = asked.clone();
                *other.get_mut("Keys")? = Value::Array(rest);
                others.insert(table.clone(), other);
            }
        }
        (!others.is_empty()).then_some((half, Value::Object(others)))
    }

    /// Returns the token under which a transaction is applied once.
    pub(super) fn token(&self) -> Option<&str> {
        self.body.get("ClientRequestToken")?.as_str()
    }

    /// Returns one reason for each action: these, then [`Reason::None`].
    pub(super) fn reasons(&self, given: &[Reason]) -> Vec<Reason> {
        let mut reasons = given.to_vec();
        reasons.resize(self.items.len(), Reason::None);
        reasons
    }
}
