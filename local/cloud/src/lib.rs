//! The AWS that template.yaml names, emulated on loopback: an HTTP API that runs real function
//! binaries over the Lambda Runtime API, DynamoDB, S3, Secrets Manager, SQS, the events that invoke
//! functions, and the roles that decide what each function may do. See [`Cloud`] for how it is started.

mod clock;
mod cloud;
mod dynamodb;
mod environment;
mod error;
mod events;
mod gateway;
mod iam;
mod logs;
mod ports;
mod runtime;
mod s3;
mod secrets;
mod service;
mod sqs;
#[cfg(test)]
mod testing;

pub use cloud::{Cloud, Options};
pub use dynamodb::DynamoDb;
pub use dynamodb::embedded::EmbeddedDynamoDb;
pub use dynamodb::faults::{
    Calls, Change, CrashPoint, Fault, FaultCounts, Faults, HeldTransaction, Injection, ItemKey,
    Reason, SeenCall, Watched,
};
pub use environment::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
pub use error::CloudError;
pub use events::{DeliveryCounts, Events, HeldDeliveries, Mishap};
pub use iam::Grant;
pub use logs::LogSink;
pub use ports::{NoPorts, Ports};
pub use runtime::{InvokeError, Variation};
pub use s3::ObjectStore;
// What the signatures above name.
pub use template::{Deployment, Template};
