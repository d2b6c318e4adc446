//! Reads template.yaml as CloudFormation and SAM would, as far as a laptop needs it, so that what
//! is deployed and what runs locally are the same file. Anything that can't be run locally is an
//! error, never skipped silently.

mod account;
mod api;
mod buckets;
mod conditions;
mod document;
mod error;
mod events;
mod functions;
mod patterns;
mod queues;
mod references;
mod roles;
mod schedules;
mod scope;
mod secrets;
mod tables;
mod template;
#[cfg(test)]
mod tests;

pub use account::{ACCOUNT, REGION};
pub use api::{ApiCors, ApiThrottling, RouteLimit};
pub use buckets::{BucketCors, BucketTemplate, CdnReadable};
pub use document::document;
pub use error::TemplateError;
pub use events::{AsynchronousTemplate, BucketSource, EventSource, ScheduleSource, StreamSource};
pub use functions::{FunctionTemplate, RouteTemplate};
pub use patterns::EventPattern;
pub use queues::QueueTemplate;
pub use roles::{
    ConditionTemplate, ConditionTest, ContextKey, Effect, RoleTemplate, StatementTemplate,
};
pub use schedules::{Cron, Minute, ScheduleExpression};
pub use scope::Deployment;
pub use secrets::SecretTemplate;
pub use tables::TableTemplate;
pub use template::Template;
