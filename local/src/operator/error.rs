//! Why an operator's command was not carried out.

use std::fmt;

/// Why a command was not carried out, in a sentence.
#[derive(Debug)]
pub struct OperatorError(String);

impl OperatorError {
    pub(super) fn new(sentence: impl fmt::Display) -> Self {
        Self(sentence.to_string())
    }
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OperatorError {}
