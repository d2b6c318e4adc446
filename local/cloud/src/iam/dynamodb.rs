//! Reads from a call of DynamoDB which actions it takes on which resources, with the values of
//! the condition keys.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::expressions::Expression;
use super::request::{AuthorizationRequest, ConditionContext};
use template::{ACCOUNT, ContextKey, REGION, TableTemplate};

/// Parameters whose members are named for attributes.
const MAPS: [&str; 8] = [
    "AttributeUpdates",
    "ExclusiveStartKey",
    "Expected",
    "Item",
    "Key",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
];
/// Parameters that are expressions.
const EXPRESSIONS: [&str; 5] = [
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
];

/// The partition keys of the template's tables and of their indexes, by the table's name and
/// the index's, which is empty for the table itself.
#[derive(Debug, Default)]
pub(crate) struct KeySchemas(BTreeMap<(String, String), Vec<String>>);

impl KeySchemas {
    /// Reads them from what makes the tables.
    pub(crate) fn of(tables: &[TableTemplate]) -> Self {
        let mut schemas = BTreeMap::new();
        for table in tables {
            schemas.insert(
                (table.name.clone(), String::new()),
                hash_keys(&table.create),
            );
            for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
                for index in list(table.create.get(kind)) {
                    if let Some(name) = index.get("IndexName").and_then(Value::as_str) {
                        schemas.insert((table.name.clone(), name.to_owned()), hash_keys(index));
                    }
                }
            }
        }
        Self(schemas)
    }

    /// Reads what one call of DynamoDB asks for; `None` for a call that isn't known here.
    pub(crate) fn requests(
        &self,
        operation: &str,
        input: &Value,
    ) -> Option<Vec<AuthorizationRequest>> {
        match operation {
            "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => {
                Some(vec![self.item(operation, input, None)?])
            }
            "Query" | "Scan" => Some(vec![self.search(operation, input)?]),
            "BatchGetItem" => self.batch(operation, input, |table| {
                let mut keys = self.condition_keys(table)?;
                for key in table.get("Keys")?.as_array()? {
                    keys.names.extend(key.as_object()?.keys().cloned());
                    keys.items.push(key);
                }
                keys.select = Some(selected(table, "ALL_ATTRIBUTES")?);
                Some(keys)
            }),
            "BatchWriteItem" => self.batch(operation, input, |table| {
                let mut keys = ConditionKeys::default();
                for write in table.as_array()? {
                    for (kind, write) in write.as_object()? {
                        let item = match kind.as_str() {
                            "PutRequest" => write.get("Item")?,
                            "DeleteRequest" => write.get("Key")?,
                            _ => return None,
                        };
                        keys.names.extend(item.as_object()?.keys().cloned());
                        keys.items.push(item);
                    }
                }
                Some(keys)
            }),
            "TransactWriteItems" | "TransactGetItems" => {
                let mut requests = Vec::new();
                for item in input.get("TransactItems")?.as_array()? {
                    for (kind, part) in item.as_object()? {
                        let action = match (operation, kind.as_str()) {
                            ("TransactGetItems", "Get") => "GetItem",
                            ("TransactWriteItems", "Put") => "PutItem",
                            ("TransactWriteItems", "Update") => "UpdateItem",
                            ("TransactWriteItems", "Delete") => "DeleteItem",
                            ("TransactWriteItems", "ConditionCheck") => "ConditionCheckItem",
                            _ => return None,
                        };
                        requests.push(self.item(action, part, Some(operation))?);
                    }
                }
                Some(requests)
            }
            "CreateTable" | "DeleteTable" | "DescribeTable" | "DescribeTimeToLive"
            | "UpdateTable" | "UpdateTimeToLive" => {
                let (_, arn) = table(input.get("TableName")?)?;
                Some(vec![AuthorizationRequest::new(
                    format!("dynamodb:{operation}"),
                    arn,
                )])
            }
            "ListTables" => Some(vec![AuthorizationRequest::new("dynamodb:ListTables", "*")]),
            // PartiQL, streams, and whatever is new.
            _ => None,
        }
    }

    /// Reads a call about one item.
    fn item(
        &self,
        action: &str,
        input: &Value,
        enclosing: Option<&str>,
    ) -> Option<AuthorizationRequest> {
        let (name, arn) = table(input.get("TableName")?)?;
        let mut keys = self.condition_keys(input)?;
        // An item that isn't named can't be judged by its key.
        keys.items
            .push(input.get("Key").or_else(|| input.get("Item"))?);
        if action == "GetItem" {
            keys.select = Some(selected(input, "ALL_ATTRIBUTES")?);
        }
        let mut context = self.context(&name, keys)?;
        if let Some(returned) = input.get("ReturnValues").filter(|it| !it.is_null()) {
            let returned = returned.as_str()?.to_owned();
            context.insert(ContextKey::ReturnValues, BTreeSet::from([returned]));
        }
        if let Some(enclosing) = enclosing {
            let enclosing = BTreeSet::from([enclosing.to_owned()]);
            context.insert(ContextKey::EnclosingOperation, enclosing);
        }
        Some(AuthorizationRequest {
            action: format!("dynamodb:{action}"),
            resource: arn,
            context,
        })
    }

    /// Reads a Query or a Scan, of a table or of an index.
    fn search(&self, operation: &str, input: &Value) -> Option<AuthorizationRequest> {
        let (name, mut arn) = table(input.get("TableName")?)?;
        let index = match input.get("IndexName").filter(|it| !it.is_null()) {
            Some(index) => index.as_str()?,
            None => "",
        };
        if !index.is_empty() {
            arn = format!("{arn}/index/{index}");
        }
        let mut keys = self.condition_keys(input)?;
        let all = match index {
            "" => "ALL_ATTRIBUTES",
            _ => "ALL_PROJECTED_ATTRIBUTES",
        };
        keys.select = Some(selected(input, all)?);
        let mut context = self.context(&name, keys)?;
        if operation == "Query"
            && let Some(keys) = self.0.get(&(name, index.to_owned()))
        {
            let values = keys.iter().map(|key| queried(input, key));
            context.insert(ContextKey::LeadingKeys, values.collect::<Option<_>>()?);
        }
        Some(AuthorizationRequest {
            action: format!("dynamodb:{operation}"),
            resource: arn,
            context,
        })
    }

    /// Reads one request for each table of a batch.
    fn batch<'a>(
        &self,
        operation: &str,
        input: &'a Value,
        read: impl Fn(&'a Value) -> Option<ConditionKeys<'a>>,
    ) -> Option<Vec<AuthorizationRequest>> {
        let mut requests = Vec::new();
        for (named, body) in input.get("RequestItems")?.as_object()? {
            let (name, arn) = table(&Value::from(named.as_str()))?;
            requests.push(AuthorizationRequest {
                action: format!("dynamodb:{operation}"),
                resource: arn,
                context: self.context(&name, read(body)?)?,
            });
        }
        Some(requests)
    }

    /// Reads which attributes the parameters of a call name.
    fn condition_keys<'a>(&self, input: &'a Value) -> Option<ConditionKeys<'a>> {
        let present = |name: &str| input.get(name).filter(|it| !it.is_null());
        let mut names = BTreeSet::new();
        for map in MAPS.iter().filter_map(|name| present(name)) {
            names.extend(map.as_object()?.keys().cloned());
        }
        if let Some(wanted) = present("AttributesToGet") {
            for name in wanted.as_array()? {
                names.insert(name.as_str()?.to_owned());
            }
        }
        let given = present("ExpressionAttributeNames");
        for text in EXPRESSIONS.iter().filter_map(|name| present(name)) {
            let expression = Expression::read(text.as_str()?, given)?;
            names.extend(expression.attributes().map(str::to_owned));
        }
        Some(ConditionKeys {
            names,
            items: Vec::new(),
            select: None,
        })
    }

    fn context(&self, table: &str, keys: ConditionKeys<'_>) -> Option<ConditionContext> {
        let mut context = ConditionContext::from([(ContextKey::Attributes, keys.names)]);
        if let Some(select) = keys.select {
            context.insert(ContextKey::Select, BTreeSet::from([select]));
        }
        if let Some(partition_keys) = self.0.get(&(table.to_owned(), String::new()))
            && !keys.items.is_empty()
        {
            let mut values = BTreeSet::new();
            for item in keys.items {
                for key in partition_keys {
                    values.insert(value_text(item.get(key)?)?);
                }
            }
            context.insert(ContextKey::LeadingKeys, values);
        }
        Some(context)
    }
}

/// What a call says about the condition keys `Attributes`, `LeadingKeys` and `Select`.
#[derive(Debug, Default)]
struct ConditionKeys<'a> {
    /// The top-level attributes that it names.
    names: BTreeSet<String>,
    /// The items, or keys of items, that it names.
    items: Vec<&'a Value>,
    /// What a read asks for of the items.
    select: Option<String>,
}

/// Returns what a read asks for: what it says itself, some attributes if it names some, or else
/// all that there are.
fn selected(input: &Value, all: &str) -> Option<String> {
    let present = |name: &str| input.get(name).filter(|it| !it.is_null());
    if let Some(select) = present("Select") {
        return Some(select.as_str()?.to_owned());
    }
    let names_some = ["ProjectionExpression", "AttributesToGet"]
        .iter()
        .any(|name| present(name).is_some());
    Some(
        if names_some {
            "SPECIFIC_ATTRIBUTES"
        } else {
            all
        }
        .to_owned(),
    )
}

/// Returns the name and the ARN of a table that a request names by either.
fn table(named: &Value) -> Option<(String, String)> {
    let named = named.as_str()?;
    if !named.starts_with("arn:") {
        let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{named}");
        return Some((named.to_owned(), arn));
    }
    let (_, name) = named.split_once(":table/")?;
    Some((name.to_owned(), named.to_owned()))
}

/// Returns the value that a Query compares a partition key with, as text.
fn queried(input: &Value, key: &str) -> Option<String> {
    let value = match input.get("KeyConditionExpression") {
        Some(text) => {
            let names = input.get("ExpressionAttributeNames");
            let expression = Expression::read(text.as_str()?, names)?;
            let value = expression.equal_to(key)?;
            input.get("ExpressionAttributeValues")?.get(value)?
        }
        None => {
            let condition = input.get("KeyConditions")?.get(key)?;
            list(condition.get("AttributeValueList")).first()?
        }
    };
    value_text(value)
}

/// Returns the text of a value that a key may have: a string, a number, or bytes in Base64.
fn value_text(value: &Value) -> Option<String> {
    let value = value.as_object()?.values().next()?;
    Some(value.as_str()?.to_owned())
}

fn hash_keys(schema: &Value) -> Vec<String> {
    list(schema.get("KeySchema"))
        .iter()
        .filter(|key| key.get("KeyType").and_then(Value::as_str) == Some("HASH"))
        .filter_map(|key| Some(key.get("AttributeName")?.as_str()?.to_owned()))
        .collect()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
