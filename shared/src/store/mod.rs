//! DynamoDB, one file per table, and nothing else. What belongs to a person
//! is reached through that person's identity alone; there is no second door.
//!
//! A bare id opens nothing:
//! ```compile_fail,E0308
//! use shared::{OrderStore, UserId};
//! fn peep(orders: &OrderStore, somebody: &UserId) {
//!     let _ = orders.of(somebody);
//! }
//! ```
//! an identity does:
//! ```
//! use shared::{Customer, OrderStore};
//! fn look(orders: &OrderStore, customer: &Customer) {
//!     let _ = orders.of(customer);
//! }
//! ```

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod carts;
pub(crate) mod catalogue;
pub(crate) mod credentials;
pub(crate) mod inventory;
pub(crate) mod item;
pub(crate) mod limits;
pub(crate) mod orders;
pub(crate) mod products;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod token_keys;
pub(crate) mod transaction;
pub(crate) mod uploads;
pub(crate) mod users;

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::problem::{Cause, Problem};
use crate::random::{self, NoEntropy};

/// What the table says that this program can't have written.
#[derive(Debug)]
pub(crate) struct Corrupt {
    what: &'static str,
}

impl Corrupt {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

impl std::fmt::Display for Corrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a stored item has no valid `{}`", self.what)
    }
}

impl std::error::Error for Corrupt {}

impl From<Corrupt> for Problem {
    fn from(corrupt: Corrupt) -> Self {
        Self::internal(corrupt)
    }
}

/// A failed call of an AWS service as a problem: 503 for whatever may pass
/// (no connection, time-out, throttling, 5xx), 500 for what is wrong with the
/// call itself.
pub(crate) fn failed<E, R>(error: SdkError<E, R>) -> Problem
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let wrong_call = is_wrong_call(&error);
    let cause: Cause = Box::new(error);
    if wrong_call {
        Problem::Internal(cause)
    } else {
        Problem::unavailable(cause)
    }
}

/// Whether a write was refused because its condition did not hold.
pub(crate) fn condition_failed<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    error.code() == Some("ConditionalCheckFailedException")
}

/// Whether a call failed for what is wrong with the call itself, or with the
/// right to make it: sending it again would change nothing.
pub(crate) fn is_wrong_call<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    error.code().is_some_and(|code| {
        matches!(
            code,
            "ValidationException"
                | "ResourceNotFoundException"
                | "AccessDeniedException"
                | "UnrecognizedClientException"
                | "SerializationException"
                | "ItemCollectionSizeLimitExceededException"
        )
    })
}

/// How long to wait before the next try. Full jitter: anything from nothing
/// to 50 ms, doubled with every try
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub(crate) fn pause(tried: u32) -> Result<Duration, NoEntropy> {
    let most = 50_u64 << tried.min(6);
    let chance = u64::from(u16::from_be_bytes(random::bytes()?));
    Ok(Duration::from_millis(most * chance / u64::from(u16::MAX)))
}
