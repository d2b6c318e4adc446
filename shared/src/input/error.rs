//! What can be wrong with what a client sends.

use std::borrow::Cow;

use serde::Serialize;

/// Why something a client sent could not be read.
#[derive(Debug, PartialEq, Eq)]
pub enum InputError {
    /// The message itself is broken: its JSON, a parameter or a header. The
    /// text tells the client what to mend.
    Malformed(Cow<'static, str>),
    /// Fields of the body are missing, unknown or wrong; every one is named.
    Invalid(Vec<InvalidField>),
}

impl InputError {
    /// Makes the error of a broken message.
    pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(detail.into())
    }
}

/// A field of the body that is wrong, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct InvalidField {
    /// Where it stands in the body (RFC 6901).
    pub pointer: String,
    /// What is wrong with it.
    pub detail: Cow<'static, str>,
}

impl InvalidField {
    /// Names a field and says what is wrong with it.
    #[must_use]
    pub fn new(pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}
