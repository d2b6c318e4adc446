//! The whole shop on a laptop: reads template.yaml, embeds the services it names, and runs the
//! real function binaries behind an HTTP API. See [`Cloud`] for how it is started.

mod binaries;
mod clock;
mod cloud;
pub mod demo;
mod dynamodb;
mod environment;
mod error;
mod gateway;
mod iam;
mod logs;
pub mod operator;
pub mod rotation;
mod runtime;
mod s3;
mod secrets;
mod service;
pub mod template;
#[cfg(test)]
mod testing;

pub use binaries::{Profile, build_functions, build_released, function_binary};
pub use cloud::{Cloud, Options};
pub use dynamodb::DynamoDb;
pub use environment::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN};
pub use error::StartError;
pub use iam::Grant;
pub use logs::LogSink;
pub use runtime::{InvokeError, MAX_PAYLOAD};
pub use service::{NoPorts, Ports};
