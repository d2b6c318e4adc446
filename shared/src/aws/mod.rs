//! AWS without the shop: a function's environment, the clients made from it,
//! and what a failed call means.

mod bucket_link;
mod clients;
pub(crate) mod error;
mod objects;
#[cfg(feature = "files")]
pub(crate) mod s3;
mod settings;
#[cfg(feature = "simulation")]
pub(crate) mod simulated;

pub(crate) use bucket_link::BucketSigner;
pub(crate) use error::{AwsError, Cause, StartError, is_rejected};
pub(crate) use objects::{Objects, StoredFile};
pub use settings::{Env, FromEnv};
