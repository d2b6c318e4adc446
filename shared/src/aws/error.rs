//! Why a function can't start, and why a call of AWS failed.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A cause, for the log alone.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// A function could not be started: something in its environment is missing
/// or can't be read. Shown in the log of its first start.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A failed call of an AWS service.
#[derive(Debug)]
pub enum AwsError {
    /// No connection, a time-out, throttling or a fault of the service: the
    /// same call may succeed later.
    Unavailable(Cause),
    /// The call itself, or the right to make it, is wrong: it would fail again.
    Rejected(Cause),
}

impl AwsError {
    /// Makes an error that may pass.
    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Makes an error that will not pass.
    pub(crate) fn rejected(cause: impl Into<Cause>) -> Self {
        Self::Rejected(cause.into())
    }
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a call of AWS failed")
    }
}

impl Error for AwsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (Self::Unavailable(cause) | Self::Rejected(cause)) = self;
        Some(cause.as_ref())
    }
}

impl<E, R> From<SdkError<E, R>> for AwsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        if is_rejected(&error) {
            Self::rejected(error)
        } else {
            Self::unavailable(error)
        }
    }
}

/// Returns whether a call failed for what is wrong with the call itself, or
/// with the right to make it.
pub(crate) fn is_rejected<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
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
