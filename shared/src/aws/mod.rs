//! AWS without the shop: a function's environment, the clients made from it,
//! and what a failed call means.

mod clients;
pub(crate) mod error;
mod s3;
mod settings;
#[cfg(feature = "simulation")]
pub(crate) mod simulated;

pub(crate) use error::{AwsError, Cause, StartError, is_rejected};
pub(crate) use s3::{Bucket, BucketSigner, StoredFile};
pub use settings::{Env, FromEnv};
