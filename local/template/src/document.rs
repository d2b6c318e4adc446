//! YAML with CloudFormation's short tags (`!Ref`, `!Sub`, ...) into JSON with their long form
//! (`{"Ref": ..}`, `{"Fn::Sub": ..}`), which CloudFormation says are the same.

use std::sync::{Arc, Mutex, PoisonError};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

use crate::error::TemplateError;

/// Reads a template as it is written, with nothing resolved and nothing refused: CloudFormation's
/// short tags (`!Ref`) in their long form (`{"Ref": ..}`). For checks of what
/// `Template` leaves out.
///
/// # Errors
/// When it isn't one YAML document.
pub fn document(text: &str) -> Result<Value, TemplateError> {
    let mut documents = Yaml::load_from_str(text)
        .map_err(|error| TemplateError::new("the template is not valid YAML", error))?;
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => value(&document, "the template"),
        _ => Err(TemplateError::new(
            "the template",
            "must be one YAML document",
        )),
    }
}

/// Reads a template as [`document`] does, and keeps it for the next call with the same text: a
/// shop that is started asks for its template three times, tests start hundreds of shops, and
/// reading takes a tenth of a second in a debug build.
pub(crate) fn kept_document(text: &str) -> Result<Arc<Value>, TemplateError> {
    static KEPT: Mutex<Option<(String, Arc<Value>)>> = Mutex::new(None);
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((read, document)) = &*kept()
        && read == text
    {
        return Ok(Arc::clone(document));
    }
    let document = Arc::new(document(text)?);
    *kept() = Some((text.to_owned(), Arc::clone(&document)));
    Ok(document)
}

fn value(node: &Yaml<'_>, at: &str) -> Result<Value, TemplateError> {
    match node {
        Yaml::Value(scalar) => scalar_value(scalar, at),
        Yaml::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| value(item, &format!("{at}[{index}]")))
            .collect(),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                let key = match value(key, at)? {
                    Value::String(key) => key,
                    Value::Number(key) => key.to_string(),
                    Value::Bool(key) => key.to_string(),
                    Value::Null | Value::Array(_) | Value::Object(_) => {
                        return Err(TemplateError::new(at, "has a key that is not a name"));
                    }
                };
                // The parser takes YAML's merge key for a name like any other.
                if key == "<<" {
                    return Err(TemplateError::new(
                        at,
                        "has a merge key (<<), which the tools that read templates disagree about; \
                         use an alias",
                    ));
                }
                let entry = value(entry, &format!("{at}.{key}"))?;
                map.insert(key, entry);
            }
            Ok(Value::Object(map))
        }
        Yaml::Tagged(tag, inner) => {
            let inner = value(inner, at)?;
            // `!!str` and its like come with the handle of YAML's own tags.
            if tag.is_yaml_core_schema() {
                return Ok(inner);
            }
            let key = match tag.suffix.as_str() {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            Ok(Value::Object(Map::from_iter([(key, inner)])))
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Err(TemplateError::new(
            at,
            "has a value that cannot be read as YAML",
        )),
    }
}

fn scalar_value(scalar: &Scalar<'_>, at: &str) -> Result<Value, TemplateError> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => serde_json::Number::from_f64(value.into_inner())
            .map(Value::Number)
            .ok_or_else(|| TemplateError::new(at, "is not a finite number"))?,
        Scalar::String(value) => Value::String(value.to_string()),
    })
}
