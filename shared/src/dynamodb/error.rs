//! What goes wrong between a table and this program.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::aws::AwsError;
use crate::values::NoEntropy;

/// Why a table could not be read or written.
#[derive(Debug)]
pub(crate) enum DynamoDbError {
    /// A call failed.
    Call(AwsError),
    /// An item holds what this program can't have written.
    Corrupt(Corrupt),
    /// A retry has no random delay.
    NoEntropy(NoEntropy),
    /// A client's cursor is not one of this list.
    InvalidCursor,
}

impl std::fmt::Display for DynamoDbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table can't be read or written")
    }
}

impl std::error::Error for DynamoDbError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::Corrupt(error) => Some(error),
            Self::NoEntropy(error) => Some(error),
            Self::InvalidCursor => None,
        }
    }
}

impl From<AwsError> for DynamoDbError {
    fn from(error: AwsError) -> Self {
        Self::Call(error)
    }
}

impl From<Corrupt> for DynamoDbError {
    fn from(error: Corrupt) -> Self {
        Self::Corrupt(error)
    }
}

impl From<NoEntropy> for DynamoDbError {
    fn from(error: NoEntropy) -> Self {
        Self::NoEntropy(error)
    }
}

/// A stored item has no valid value under a name.
#[derive(Debug)]
pub(crate) struct Corrupt {
    name: &'static str,
}

impl Corrupt {
    /// Names what can't be read.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name }
    }
}

impl std::fmt::Display for Corrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a stored item has no valid `{}`", self.name)
    }
}

impl std::error::Error for Corrupt {}

/// Returns whether a single write was refused because its condition did not
/// hold.
pub(crate) fn is_condition_failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
