//! Why a template is refused.

use std::fmt;

/// A template that cannot be read or run here. The sentence says where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError(String);

impl TemplateError {
    pub(crate) fn new(at: &str, sentence: impl fmt::Display) -> Self {
        Self(format!("{at}: {sentence}"))
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}
