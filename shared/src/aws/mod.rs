//! AWS without the shop: a function's environment, the clients made from it,
//! and what a failed call means.

mod clients;
mod error;
mod settings;

pub use error::StartError;
pub(crate) use error::{AwsError, Cause, is_rejected};
pub use settings::{Env, FromEnv};
