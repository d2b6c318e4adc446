//! Reads template.yaml as CloudFormation and SAM would, as far as a laptop needs it, so that what
//! is deployed and what runs locally are the same file. Anything that can't be run locally is an
//! error, never skipped silently.

mod account;
mod api;
mod buckets;
mod conditions;
mod document;
mod error;
mod functions;
mod references;
mod roles;
mod scope;
mod secrets;
mod tables;
mod template;
#[cfg(test)]
mod tests;

pub use account::{ACCOUNT, REGION};
pub use api::{ApiCors, ApiThrottling, RouteLimit};
pub use buckets::{BucketCors, BucketTemplate};
pub use document::document;
pub use error::TemplateError;
pub use functions::{FunctionTemplate, RouteTemplate};
pub use roles::{
    ConditionTemplate, ConditionTest, ContextKey, Effect, RoleTemplate, StatementTemplate,
};
pub use scope::Deployment;
pub use secrets::SecretTemplate;
pub use tables::TableTemplate;
pub use template::Template;
