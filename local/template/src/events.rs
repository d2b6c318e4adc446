//! What invokes a function besides the HTTP API: a bucket's events, a table's stream, a schedule;
//! and what becomes of an event that a function can't handle.
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html>

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::TemplateError;
use crate::patterns::EventPattern;
use crate::schedules::ScheduleExpression;
use crate::scope::{Resource, Scope, is_true};

/// The kinds of events of a bucket that can be delivered here.
const BUCKET_EVENTS: [&str; 7] = [
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
];

/// What invokes a function besides the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// Objects of a bucket.
    Bucket(BucketSource),
    /// Changes of a table's items.
    Stream(StreamSource),
    /// The clock.
    Schedule(ScheduleSource),
}

/// The events of a bucket that a function wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSource {
    /// The event's name in the template.
    pub id: String,
    /// The bucket's name.
    pub bucket: String,
    /// Kinds such as `s3:ObjectCreated:*`.
    pub kinds: Vec<String>,
    /// What the objects' keys begin with.
    pub prefix: String,
    /// What the objects' keys end with.
    pub suffix: String,
}

/// How a function reads a table's stream.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The event's name in the template.
    pub id: String,
    /// The table's name.
    pub table: String,
    /// The stream's ARN.
    pub stream_arn: String,
    /// The most records of one invocation.
    pub batch_size: usize,
    /// How long records may wait for others to come.
    pub batching_window: Duration,
    /// Whether a batch that failed is sent again in two halves.
    pub bisects: bool,
    /// How often a batch is sent again; `None` until it is too old.
    pub max_retries: Option<u32>,
    /// How old a record may become; `None` for as long as the stream keeps it.
    pub max_age: Option<Duration>,
    /// Whether the function answers which of the records failed.
    pub reports_failures: bool,
    /// How many batches may be at work at once. Records of one key are never in two of them.
    pub parallelization: usize,
    /// What a record must fit, one of them; all records are wanted if there is none.
    pub filters: Vec<EventPattern>,
    /// The ARN of the queue for what failed for good.
    pub on_failure: Option<String>,
}

/// When a function is invoked by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSource {
    /// The event's name in the template.
    pub id: String,
    /// When.
    pub expression: ScheduleExpression,
    /// What the function gets in place of the event that EventBridge would make.
    pub input: Option<Value>,
    /// Whether it is a schedule of EventBridge Scheduler, and no rule of EventBridge.
    pub is_scheduler: bool,
}

/// What becomes of an event that isn't waited for, when the function fails.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsynchronousTemplate {
    /// How often it is tried again.
    pub max_retries: u32,
    /// How old it may become.
    pub max_age: Duration,
    /// The ARN of the queue for what failed for good.
    pub on_failure: Option<String>,
}

impl Default for AsynchronousTemplate {
    /// Returns Lambda's own: two retries within six hours, and no queue.
    fn default() -> Self {
        Self {
            max_retries: 2,
            max_age: Duration::from_secs(6 * 60 * 60),
            on_failure: None,
        }
    }
}

/// One event of a function, whose properties are read one by one. What isn't read is refused.
struct Event<'a, 'b> {
    scope: &'a Scope<'b>,
    properties: Map<String, Value>,
    at: String,
}

impl<'a, 'b> Event<'a, 'b> {
    fn new(
        scope: &'a Scope<'b>,
        properties: Option<&Value>,
        at: &str,
        known: &[&str],
    ) -> Result<Self, TemplateError> {
        let properties = match properties {
            None => None,
            Some(properties) => scope.resolve(properties, at)?,
        };
        let properties = match properties {
            None => Map::new(),
            Some(Value::Object(properties)) => properties,
            Some(_) => return Err(TemplateError::new(at, "must be a mapping")),
        };
        if let Some(unknown) = properties.keys().find(|it| !known.contains(&it.as_str())) {
            return Err(TemplateError::new(
                at,
                format_args!("the local cloud does not know {unknown} of an event"),
            ));
        }
        let at = at.to_owned();
        Ok(Self {
            scope,
            properties,
            at,
        })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.properties.get(name)
    }

    fn text(&self, name: &str) -> Result<String, TemplateError> {
        let value = self.get(name);
        let value = value.ok_or_else(|| self.error(format_args!("{name} is missing")))?;
        self.scope.text(value, &self.at)
    }

    fn number(&self, name: &str) -> Result<Option<u64>, TemplateError> {
        self.get(name)
            .map(|it| self.scope.number(it, &self.at))
            .transpose()
    }

    /// Returns a number that may be -1, which stands for none.
    fn limit(&self, name: &str) -> Result<Option<u64>, TemplateError> {
        match self.get(name).map(Value::as_i64) {
            Some(Some(-1)) => Ok(None),
            _ => self.number(name),
        }
    }

    /// Returns the ARN of the queue for what fails.
    fn on_failure(&self) -> Result<Option<String>, TemplateError> {
        let Some(config) = self.get("DestinationConfig") else {
            return Ok(None);
        };
        let keys = |value: &Value| -> Vec<String> {
            let map = value.as_object();
            map.map(|it| it.keys().cloned().collect())
                .unwrap_or_default()
        };
        let failure = config.get("OnFailure");
        let failure = failure.filter(|_| keys(config) == ["OnFailure"]);
        let failure = failure.ok_or_else(|| {
            self.error("the local cloud knows the destination OnFailure and no other")
        })?;
        if failure.get("Type").is_some_and(|it| it != "SQS")
            || keys(failure)
                .iter()
                .any(|it| it != "Type" && it != "Destination")
        {
            return Err(self.error("OnFailure must be a queue: Type SQS, and its ARN"));
        }
        let arn = failure.get("Destination").and_then(Value::as_str);
        let arn = arn.ok_or_else(|| self.error("OnFailure needs the Destination's ARN"))?;
        for resource in self.scope.resources_of("AWS::SQS::Queue") {
            if self
                .scope
                .attribute(&format!("{}.Arn", resource.id), &self.at)?
                == arn
            {
                return Ok(Some(arn.to_owned()));
            }
        }
        Err(self.error(format_args!("{arn} is no queue of this template")))
    }

    fn error(&self, reason: impl std::fmt::Display) -> TemplateError {
        TemplateError::new(&self.at, reason)
    }
}

/// Reads an event of a function by its type; `None` for a route of the HTTP API.
pub(crate) fn source(
    scope: &Scope<'_>,
    id: &str,
    event: &Value,
    at: &str,
) -> Result<Option<EventSource>, TemplateError> {
    let properties = event.get("Properties");
    Ok(match event.get("Type").and_then(Value::as_str) {
        Some("HttpApi") => None,
        Some("S3") => Some(EventSource::Bucket(bucket(scope, id, properties, at)?)),
        Some("DynamoDB") => Some(EventSource::Stream(stream(scope, id, properties, at)?)),
        Some("Schedule") => {
            let known = ["Schedule", "Name", "Description", "Enabled", "Input"];
            let event = Event::new(scope, properties, at, &known)?;
            let enabled = event.get("Enabled").is_none_or(|it| is_true(Some(it)));
            schedule(&event, id, "Schedule", enabled, false)?
        }
        Some("ScheduleV2") => {
            let known = [
                "ScheduleExpression",
                "Name",
                "OmitName",
                "Description",
                "State",
                "Input",
                "FlexibleTimeWindow",
                "RetryPolicy",
            ];
            let event = Event::new(scope, properties, at, &known)?;
            let enabled = event.get("State").is_none_or(|it| it != "DISABLED");
            schedule(&event, id, "ScheduleExpression", enabled, true)?
        }
        Some(kind) => {
            return Err(TemplateError::new(
                at,
                format_args!("the local cloud cannot deliver events of type {kind}"),
            ));
        }
        None => return Err(TemplateError::new(at, "has no Type")),
    })
}

fn bucket(
    scope: &Scope<'_>,
    id: &str,
    properties: Option<&Value>,
    at: &str,
) -> Result<BucketSource, TemplateError> {
    let event = Event::new(scope, properties, at, &["Bucket", "Events", "Filter"])?;
    let bucket = event.text("Bucket")?;
    let mut known = false;
    for resource in scope.resources_of("AWS::S3::Bucket") {
        known |= scope.physical_name(resource)? == bucket;
    }
    if !known {
        return Err(event.error(format_args!("{bucket} is no bucket of this template")));
    }
    let kinds = scope.texts_or_one(event.get("Events"), at)?;
    if kinds.is_empty() {
        return Err(event.error("Events is missing"));
    }
    if let Some(unknown) = kinds
        .iter()
        .find(|it| !BUCKET_EVENTS.contains(&it.as_str()))
    {
        return Err(event.error(format_args!(
            "the local cloud cannot deliver the events {unknown} of a bucket"
        )));
    }
    let (mut prefix, mut suffix) = (String::new(), String::new());
    if let Some(filter) = event.get("Filter") {
        let rules = filter.pointer("/S3Key/Rules").and_then(Value::as_array);
        let rules = rules.ok_or_else(|| event.error("Filter must have S3Key.Rules"))?;
        for rule in rules {
            let text = |name: &str| rule.get(name).and_then(Value::as_str);
            match (text("Name"), text("Value")) {
                (Some("prefix"), Some(value)) => value.clone_into(&mut prefix),
                (Some("suffix"), Some(value)) => value.clone_into(&mut suffix),
                _ => return Err(event.error("a rule has a Name, prefix or suffix, and a Value")),
            }
        }
    }
    Ok(BucketSource {
        id: id.to_owned(),
        bucket,
        kinds,
        prefix,
        suffix,
    })
}

fn stream(
    scope: &Scope<'_>,
    id: &str,
    properties: Option<&Value>,
    at: &str,
) -> Result<StreamSource, TemplateError> {
    let known = [
        "Stream",
        "StartingPosition",
        "Enabled",
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "FunctionResponseTypes",
        "ParallelizationFactor",
        "FilterCriteria",
        "DestinationConfig",
    ];
    let event = Event::new(scope, properties, at, &known)?;
    let stream_arn = event.text("Stream")?;
    let mut table = None;
    for resource in scope.resources_of("AWS::DynamoDB::Table") {
        if resource.property("StreamSpecification").is_some()
            && scope.attribute(&format!("{}.StreamArn", resource.id), at)? == stream_arn
        {
            table = Some(scope.physical_name(resource)?);
        }
    }
    let table = table
        .ok_or_else(|| event.error(format_args!("{stream_arn} is no stream of this template")))?;
    if event.get("Enabled").is_some_and(|it| !is_true(Some(it))) {
        return Err(event.error("the local cloud cannot switch a stream's reader off"));
    }
    // The local cloud reads from where the stream ends when it starts, which is both: without a
    // data folder the stream is empty then.
    let start = event.text("StartingPosition")?;
    if !["TRIM_HORIZON", "LATEST"].contains(&start.as_str()) {
        return Err(event.error("StartingPosition must be TRIM_HORIZON or LATEST"));
    }
    let within = |name: &str, min: u64, max: u64, default: u64| {
        let number = event.number(name)?.unwrap_or(default);
        if (min..=max).contains(&number) {
            usize::try_from(number).map_err(|_| event.error("is too large"))
        } else {
            Err(event.error(format_args!("{name} must be from {min} to {max}")))
        }
    };
    let batch_size = within("BatchSize", 1, 10_000, 100)?;
    let window = within("MaximumBatchingWindowInSeconds", 0, 300, 0)?;
    let parallelization = within("ParallelizationFactor", 1, 10, 1)?;
    let retries = event.limit("MaximumRetryAttempts")?;
    if retries.is_some_and(|it| it > 10_000) {
        return Err(event.error("MaximumRetryAttempts must be from -1 to 10000"));
    }
    let age = event.limit("MaximumRecordAgeInSeconds")?;
    if age.is_some_and(|it| !(60..=604_800).contains(&it)) {
        return Err(event.error("MaximumRecordAgeInSeconds must be -1, or from 60 to 604800"));
    }
    let responses = scope.texts(event.get("FunctionResponseTypes"), at)?;
    if responses.iter().any(|it| it != "ReportBatchItemFailures") {
        return Err(event.error("FunctionResponseTypes may have ReportBatchItemFailures only"));
    }
    Ok(StreamSource {
        id: id.to_owned(),
        table,
        batch_size,
        batching_window: Duration::from_secs(window as u64),
        bisects: is_true(event.get("BisectBatchOnFunctionError")),
        max_retries: retries.and_then(|it| u32::try_from(it).ok()),
        max_age: age.map(Duration::from_secs),
        reports_failures: !responses.is_empty(),
        parallelization,
        filters: EventPattern::list(event.get("FilterCriteria"), at)?,
        on_failure: event.on_failure()?,
        stream_arn,
    })
}

fn schedule(
    event: &Event<'_, '_>,
    id: &str,
    expression: &str,
    enabled: bool,
    is_scheduler: bool,
) -> Result<Option<EventSource>, TemplateError> {
    if event
        .get("FlexibleTimeWindow")
        .is_some_and(|it| it.get("Mode").is_none_or(|mode| mode != "OFF"))
    {
        return Err(event.error("the local cloud is on time: FlexibleTimeWindow must be OFF"));
    }
    let text = event.text(expression)?;
    let expression = ScheduleExpression::parse(&text)
        .map_err(|reason| event.error(format_args!("{text}: {reason}")))?;
    let input = match event.get("Input") {
        None => None,
        Some(_) => Some(
            serde_json::from_str(&event.text("Input")?)
                .map_err(|_| event.error("Input must be JSON"))?,
        ),
    };
    Ok(enabled.then_some(EventSource::Schedule(ScheduleSource {
        id: id.to_owned(),
        expression,
        input,
        is_scheduler,
    })))
}

/// Reads what becomes of events that a function can't handle.
pub(crate) fn asynchronous(
    scope: &Scope<'_>,
    resource: Resource<'_>,
    config: Option<&Value>,
) -> Result<AsynchronousTemplate, TemplateError> {
    let known = [
        "MaximumEventAgeInSeconds",
        "MaximumRetryAttempts",
        "DestinationConfig",
    ];
    let event = Event::new(scope, config, &resource.at("EventInvokeConfig"), &known)?;
    let default = AsynchronousTemplate::default();
    let max_retries = match event.number("MaximumRetryAttempts")? {
        None => default.max_retries,
        Some(number) => u32::try_from(number)
            .ok()
            .filter(|it| *it <= 2)
            .ok_or_else(|| event.error("MaximumRetryAttempts must be from 0 to 2"))?,
    };
    let max_age = match event.number("MaximumEventAgeInSeconds")? {
        None => default.max_age,
        Some(number) if (60..=21_600).contains(&number) => Duration::from_secs(number),
        Some(_) => {
            return Err(event.error("MaximumEventAgeInSeconds must be from 60 to 21600"));
        }
    };
    Ok(AsynchronousTemplate {
        max_retries,
        max_age,
        on_failure: event.on_failure()?,
    })
}
