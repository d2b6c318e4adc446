//! SQS queues of a template.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::TemplateError;
use crate::scope::{Resource, Scope};

/// Properties that this file reads, or that a queue of this process has no use for: encryption and
/// tags.
const PROPERTIES: [&str; 7] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MessageRetentionPeriod",
    "QueueName",
    "SqsManagedSseEnabled",
    "Tags",
    "VisibilityTimeout",
];

/// One SQS queue, in which messages have no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The queue's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How long a message that was received is hidden from others.
    pub visibility_timeout: Duration,
    /// How long messages are kept.
    pub retention: Duration,
}

/// Reads a queue.
pub(crate) fn queue(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<QueueTemplate, TemplateError> {
    let properties = resource.body.get("Properties").and_then(Value::as_object);
    let mut names = properties.into_iter().flat_map(Map::keys);
    if let Some(unknown) = names.find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(TemplateError::new(
            &resource.at(unknown),
            "the local cloud does not know this property of a queue",
        ));
    }
    let seconds = |name: &str, default: u64| {
        let number = match resource.property(name) {
            Some(value) => scope.number(value, &resource.at(name))?,
            None => default,
        };
        Ok(Duration::from_secs(number))
    };
    Ok(QueueTemplate {
        logical_id: resource.id.to_owned(),
        arn: scope.attribute(&format!("{}.Arn", resource.id), &resource.at("QueueName"))?,
        name: scope.physical_name(resource)?,
        // SQS's own defaults: half a minute, four days.
        visibility_timeout: seconds("VisibilityTimeout", 30)?,
        retention: seconds("MessageRetentionPeriod", 4 * 24 * 60 * 60)?,
    })
}
