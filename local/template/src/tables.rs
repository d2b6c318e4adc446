//! DynamoDB tables of a template.

use serde_json::{Map, Value, json};

use crate::error::TemplateError;
use crate::scope::{Resource, Scope, is_true, scalar_text};

/// One DynamoDB table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The table's name.
    pub name: String,
    /// The body of a `CreateTable` call.
    pub create: Value,
    /// The attribute that holds an item's end of life in epoch seconds, if the table has one.
    pub ttl_attribute: Option<String>,
}

/// Reads a table.
pub(crate) fn table(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<TableTemplate, TemplateError> {
    let name = scope.physical_name(resource)?;
    let mut create = Map::new();
    create.insert("TableName".into(), name.clone().into());
    for property in [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "BillingMode",
        "ProvisionedThroughput",
    ] {
        if let Some(value) = resource.property(property)
            && let Some(value) = scope.resolve(value, &resource.at(property))?
        {
            create.insert(property.into(), value);
        }
    }
    if let Some(stream) = resource.property("StreamSpecification") {
        let at = resource.at("StreamSpecification");
        // CloudFormation has only the view type, since a stream that is named is on.
        if let Some(Value::Object(mut stream)) = scope.resolve(stream, &at)? {
            stream.insert("StreamEnabled".into(), json!(true));
            create.insert("StreamSpecification".into(), Value::Object(stream));
        }
    }
    let ttl = match resource.property("TimeToLiveSpecification") {
        Some(ttl) => scope.resolve(ttl, &resource.at("TimeToLiveSpecification"))?,
        None => None,
    };
    let ttl_attribute = ttl
        .filter(|ttl| is_true(ttl.get("Enabled")))
        .and_then(|ttl| ttl.get("AttributeName").and_then(scalar_text));
    Ok(TableTemplate {
        logical_id: resource.id.to_owned(),
        name,
        create: Value::Object(create),
        ttl_attribute,
    })
}
