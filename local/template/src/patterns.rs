//! Patterns that events must fit, as event source mappings filter by them.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::TemplateError;

/// A pattern that an event may fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPattern(BTreeMap<String, Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// What is inside fits that pattern.
    Inside(EventPattern),
    /// The value, or one item of it if it is a list, passes one of these.
    AnyOf(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(Value),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    Exists(bool),
}

impl EventPattern {
    /// Reads `FilterCriteria`: `{Filters: [{Pattern: "<JSON>"}]}`.
    pub(crate) fn list(criteria: Option<&Value>, at: &str) -> Result<Vec<Self>, TemplateError> {
        let Some(criteria) = criteria else {
            return Ok(Vec::new());
        };
        let filters = criteria.get("Filters").and_then(Value::as_array);
        let filters =
            filters.ok_or_else(|| TemplateError::new(at, "FilterCriteria needs Filters"))?;
        let patterns = filters.iter().map(|filter| {
            let text = filter.get("Pattern").and_then(Value::as_str);
            let text = text.ok_or_else(|| TemplateError::new(at, "a filter needs a Pattern"))?;
            Self::parse(text).map_err(|reason| {
                TemplateError::new(at, format_args!("the Pattern {text}: {reason}"))
            })
        });
        patterns.collect()
    }

    /// Reads a pattern from its JSON.
    ///
    /// # Errors
    /// A sentence that names what is not known here.
    pub fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Self::of(&map),
            _ => Err("must be a JSON object".to_owned()),
        }
    }

    fn of(map: &Map<String, Value>) -> Result<Self, String> {
        let rules = map.iter().map(|(name, value)| {
            if name.starts_with('$') {
                return Err(format!("the local cloud does not know {name}"));
            }
            let rule = match value {
                Value::Object(inside) => Rule::Inside(Self::of(inside)?),
                Value::Array(tests) if !tests.is_empty() => {
                    let tests: Result<_, String> = tests.iter().map(test).collect();
                    Rule::AnyOf(tests?)
                }
                _ => return Err(format!("{name} must be an object or a list of values")),
            };
            Ok((name.clone(), rule))
        });
        Ok(Self(rules.collect::<Result<_, _>>()?))
    }

    /// Returns whether an event fits: whatever the pattern names is there, and passes.
    #[must_use]
    pub fn fits(&self, event: &Value) -> bool {
        self.0.iter().all(|(name, rule)| {
            let value = event.get(name);
            match rule {
                Rule::Inside(pattern) => pattern.fits(value.unwrap_or(&Value::Null)),
                Rule::AnyOf(tests) => tests.iter().any(|test| test.passes(value)),
            }
        })
    }
}

impl Test {
    fn passes(&self, value: Option<&Value>) -> bool {
        let text = |it: &Value, test: &dyn Fn(&str) -> bool| it.as_str().is_some_and(test);
        let passes = |it: &Value| match self {
            Self::Equals(wanted) => it == wanted,
            Self::Prefix(prefix) => text(it, &|it| it.starts_with(prefix)),
            Self::Suffix(suffix) => text(it, &|it| it.ends_with(suffix)),
            Self::AnythingBut(unwanted) => !unwanted.contains(it),
            Self::Exists(_) => true,
        };
        match (self, value) {
            // Only what has no members of its own counts as being there.
            (Self::Exists(wanted), value) => *wanted == value.is_some_and(|it| !it.is_object()),
            (_, None) => false,
            (_, Some(Value::Array(items))) => items.iter().any(passes),
            (_, Some(value)) => passes(value),
        }
    }
}

fn test(value: &Value) -> Result<Test, String> {
    let Value::Object(operator) = value else {
        return match value {
            Value::Array(_) => Err("a list in a list".to_owned()),
            plain => Ok(Test::Equals(plain.clone())),
        };
    };
    let mut operators = operator.iter();
    let (Some((name, argument)), None) = (operators.next(), operators.next()) else {
        return Err("one operator at a time".to_owned());
    };
    match (name.as_str(), argument) {
        ("prefix", Value::String(prefix)) => Ok(Test::Prefix(prefix.clone())),
        ("suffix", Value::String(suffix)) => Ok(Test::Suffix(suffix.clone())),
        ("exists", Value::Bool(wanted)) => Ok(Test::Exists(*wanted)),
        ("anything-but", Value::Array(unwanted)) => Ok(Test::AnythingBut(unwanted.clone())),
        ("anything-but", plain @ (Value::String(_) | Value::Number(_))) => {
            Ok(Test::AnythingBut(vec![plain.clone()]))
        }
        (name, _) => Err(format!("the local cloud does not know {name} of that form")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_fits_if_all_that_the_pattern_names_passes() {
        let event = json!({
            "eventName": "MODIFY",
            "dynamodb": {"NewImage": {"status": {"S": "ready"}, "tags": {"SS": ["a", "b"]}}},
        });
        for (pattern, fits) in [
            (json!({}), true),
            (json!({"eventName": ["INSERT", "MODIFY"]}), true),
            (json!({"eventName": ["REMOVE"]}), false),
            (json!({"absent": ["x"]}), false),
            (json!({"absent": [{"exists": false}]}), true),
            (json!({"eventName": [{"exists": true}]}), true),
            (json!({"eventName": [{"exists": false}]}), false),
            (
                json!({"dynamodb": {"NewImage": {"status": {"S": ["ready"]}}}}),
                true,
            ),
            (
                json!({"dynamodb": {"NewImage": {"status": {"S": ["pending"]}}}}),
                false,
            ),
            (
                json!({"dynamodb": {"OldImage": {"status": {"S": ["ready"]}}}}),
                false,
            ),
            (
                json!({"dynamodb": {"OldImage": {"status": {"S": [{"exists": false}]}}}}),
                true,
            ),
            (
                json!({"dynamodb": {"NewImage": {"tags": {"SS": ["b"]}}}}),
                true,
            ),
            (json!({"eventName": [{"prefix": "MOD"}]}), true),
            (json!({"eventName": [{"suffix": "MOD"}]}), false),
            (json!({"eventName": [{"anything-but": ["REMOVE"]}]}), true),
            (json!({"eventName": [{"anything-but": "MODIFY"}]}), false),
            (json!({"eventName": ["MODIFY"], "absent": ["x"]}), false),
        ] {
            let parsed = EventPattern::parse(&pattern.to_string()).unwrap();
            assert_eq!(parsed.fits(&event), fits, "{pattern}");
        }
    }

    #[test]
    fn what_a_pattern_says_that_is_not_understood_is_refused() {
        for pattern in [
            "[]",
            "{",
            r#"{"a": "b"}"#,
            r#"{"a": []}"#,
            r#"{"$or": [{"a": ["b"]}]}"#,
            r#"{"a": [{"numeric": ["=", 1]}]}"#,
            r#"{"a": [{"prefix": "a", "suffix": "b"}]}"#,
            r#"{"a": [["b"]]}"#,
        ] {
            EventPattern::parse(pattern).unwrap_err();
        }
    }
}
