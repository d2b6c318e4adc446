//! The conditions of a template.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html>

use serde_json::Value;

use crate::error::TemplateError;
use crate::scope::{DEPTH, Scope, intrinsic, list, scalar_text};

impl Scope<'_> {
    /// Returns whether the condition of that name holds.
    pub(crate) fn condition(&self, name: &str, depth: usize) -> Result<bool, TemplateError> {
        let at = format!("Conditions.{name}");
        if depth > DEPTH {
            return Err(TemplateError::new(&at, "refers to itself"));
        }
        let condition = self
            .document
            .get("Conditions")
            .and_then(|conditions| conditions.get(name))
            .ok_or_else(|| TemplateError::new(&at, "there is no such condition"))?;
        self.truth(condition, &at, depth + 1)
    }

    /// Returns whether a condition's own expression holds.
    pub(crate) fn truth(
        &self,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Result<bool, TemplateError> {
        let wrong = || TemplateError::new(at, "is not a condition that the local cloud knows");
        if depth > DEPTH {
            return Err(TemplateError::new(at, "refers to itself"));
        }
        let (name, argument) = value.as_object().and_then(intrinsic).ok_or_else(wrong)?;
        let arguments = list(argument);
        match (name, arguments) {
            ("Condition", None) => self.condition(argument.as_str().ok_or_else(wrong)?, depth + 1),
            ("Fn::Equals", Some([left, right])) => {
                let left = self.resolve_at(left, at, depth + 1)?;
                let right = self.resolve_at(right, at, depth + 1)?;
                // A parameter is text even where the template writes a number.
                Ok(left.as_ref().and_then(scalar_text) == right.as_ref().and_then(scalar_text))
            }
            ("Fn::Not", Some([one])) => Ok(!self.truth(one, at, depth + 1)?),
            ("Fn::And", Some(all)) => {
                for one in all {
                    if !self.truth(one, at, depth + 1)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            ("Fn::Or", Some(any)) => {
                for one in any {
                    if self.truth(one, at, depth + 1)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Err(wrong()),
        }
    }
}
