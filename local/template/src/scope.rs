//! Resolves CloudFormation's intrinsic functions, parameters, conditions and references to the
//! values they have in the local cloud.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::TemplateError;

/// What a deployment would be told besides the template.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The name of the stack; physical names begin with it.
    pub stack: String,
    /// Values for the template's parameters; a default in the template gives way to them. Names
    /// that the template doesn't declare are ignored, as one set serves templates that grow.
    pub parameters: BTreeMap<String, String>,
}

/// How deep conditions and values may refer to each other before that counts as a circle.
pub(crate) const DEPTH: usize = 64;

/// One resource of the template whose condition holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    /// The whole resource; `Properties` is inside.
    pub(crate) body: &'a Value,
}

impl<'a> Resource<'a> {
    /// Returns one property as the template has it, intrinsics and all.
    pub(crate) fn property(&self, name: &str) -> Option<&'a Value> {
        self.body.get("Properties")?.get(name)
    }

    /// Returns where this resource's properties are, for a sentence.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("Resources.{}.Properties.{name}", self.id)
    }
}

/// What names mean in one template under one deployment.
pub(crate) struct Scope<'a> {
    pub(crate) document: &'a Value,
    pub(crate) stack: &'a str,
    pub(crate) parameters: BTreeMap<&'a str, Value>,
    /// Every resource whose condition holds, by logical id.
    resources: BTreeMap<&'a str, Resource<'a>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        document: &'a Value,
        deployment: &'a Deployment,
    ) -> Result<Self, TemplateError> {
        let mut parameters = BTreeMap::new();
        if let Some(declared) = document.get("Parameters").and_then(Value::as_object) {
            for (name, declaration) in declared {
                let text = match deployment.parameters.get(name) {
                    Some(given) => given.clone(),
                    None => declaration
                        .get("Default")
                        .and_then(scalar_text)
                        .ok_or_else(|| {
                            TemplateError::new(
                                &format!("Parameters.{name}"),
                                "has no default and the local cloud was given no value for it",
                            )
                        })?,
                };
                let kind = declaration
                    .get("Type")
                    .and_then(Value::as_str)
                    .unwrap_or("String");
                let value = if kind == "CommaDelimitedList" || kind.starts_with("List<") {
                    text.split(',')
                        .map(|item| Value::from(item.trim()))
                        .collect()
                } else {
                    Value::from(text)
                };
                parameters.insert(name.as_str(), value);
            }
        }
        let mut scope = Self {
            document,
            stack: &deployment.stack,
            parameters,
            resources: BTreeMap::new(),
        };
        // Conditions refer to parameters and to each other, never to resources.
        scope.resources = scope.wanted_resources()?;
        Ok(scope)
    }

    /// Returns the `Globals` of a section, such as `Function`.
    pub(crate) fn globals(&self, section: &str) -> Option<&'a Value> {
        self.document.get("Globals")?.get(section)
    }

    /// Returns every resource whose condition holds, in the order of their logical ids.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource<'a>> {
        self.resources.values().copied()
    }

    /// Returns those of them that are of one kind.
    pub(crate) fn resources_of(&self, kind: &str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |it| it.kind == kind)
    }

    /// Returns the resource of a logical id.
    pub(crate) fn resource(&self, id: &str, at: &str) -> Result<Resource<'a>, TemplateError> {
        self.resources.get(id).copied().ok_or_else(|| {
            TemplateError::new(
                at,
                format_args!("refers to {id}, which the template does not have"),
            )
        })
    }

    fn wanted_resources(&self) -> Result<BTreeMap<&'a str, Resource<'a>>, TemplateError> {
        let Some(resources) = self.document.get("Resources").and_then(Value::as_object) else {
            return Err(TemplateError::new("Resources", "the template has none"));
        };
        let mut found = BTreeMap::new();
        for (id, body) in resources {
            let at = format!("Resources.{id}");
            let kind = body
                .get("Type")
                .and_then(Value::as_str)
                .ok_or_else(|| TemplateError::new(&at, "has no Type"))?;
            let wanted = match body.get("Condition") {
                None => true,
                Some(Value::String(name)) => self.condition(name, 0)?,
                Some(_) => return Err(TemplateError::new(&at, "Condition must be a name")),
            };
            if wanted {
                found.insert(id.as_str(), Resource { id, kind, body });
            }
        }
        Ok(found)
    }

    /// Replaces every intrinsic function in a value; `None` is `AWS::NoValue`.
    pub(crate) fn resolve(&self, value: &Value, at: &str) -> Result<Option<Value>, TemplateError> {
        self.resolve_at(value, at, 0)
    }

    /// Returns the property's value as a string; numbers and booleans become text, as in
    /// CloudFormation.
    pub(crate) fn text(&self, value: &Value, at: &str) -> Result<String, TemplateError> {
        self.resolve(value, at)?
            .as_ref()
            .and_then(scalar_text)
            .ok_or_else(|| TemplateError::new(at, "must be a string"))
    }

    /// Returns the property's value as a list of strings; absent is an empty list.
    pub(crate) fn texts(
        &self,
        value: Option<&Value>,
        at: &str,
    ) -> Result<Vec<String>, TemplateError> {
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        match self.resolve(value, at)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| {
                    scalar_text(item)
                        .ok_or_else(|| TemplateError::new(at, "must be a list of strings"))
                })
                .collect(),
            Some(_) => Err(TemplateError::new(at, "must be a list")),
        }
    }

    /// Returns the property's value, a string or a list of them, as a list.
    pub(crate) fn texts_or_one(
        &self,
        value: Option<&Value>,
        at: &str,
    ) -> Result<Vec<String>, TemplateError> {
        match value {
            None | Some(Value::Array(_)) => self.texts(value, at),
            Some(one) => Ok(vec![self.text(one, at)?]),
        }
    }

    /// Returns the property's value as a whole number that isn't negative.
    pub(crate) fn number(&self, value: &Value, at: &str) -> Result<u64, TemplateError> {
        self.text(value, at)?
            .parse()
            .map_err(|_| TemplateError::new(at, "must be a whole number"))
    }

    /// Resolves a value as [`Scope::resolve`] does, this deep in other values.
    pub(crate) fn resolve_at(
        &self,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Result<Option<Value>, TemplateError> {
        if depth > DEPTH {
            return Err(TemplateError::new(at, "refers to itself"));
        }
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.extend(self.resolve_at(item, at, depth + 1)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(map) => {
                if let Some((name, argument)) = intrinsic(map) {
                    return self.call(name, argument, at, depth + 1);
                }
                let mut resolved = Map::new();
                for (key, item) in map {
                    if let Some(item) = self.resolve_at(item, &format!("{at}.{key}"), depth + 1)? {
                        resolved.insert(key.clone(), item);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn call(
        &self,
        name: &str,
        argument: &Value,
        at: &str,
        depth: usize,
    ) -> Result<Option<Value>, TemplateError> {
        let wrong = || TemplateError::new(at, format_args!("{name} has arguments of another form"));
        match name {
            "Ref" => self.reference(argument.as_str().ok_or_else(wrong)?, at),
            "Fn::GetAtt" => {
                let path = match argument {
                    Value::String(path) => path.clone(),
                    Value::Array(parts) => parts
                        .iter()
                        .map(|part| part.as_str().ok_or_else(wrong))
                        .collect::<Result<Vec<_>, _>>()?
                        .join("."),
                    _ => return Err(wrong()),
                };
                self.attribute(&path, at).map(Value::from).map(Some)
            }
            "Fn::Sub" => match argument {
                Value::String(pattern) => self.substitute(pattern, &Map::new(), at).map(Some),
                Value::Array(parts) => {
                    let [Value::String(pattern), Value::Object(names)] = parts.as_slice() else {
                        return Err(wrong());
                    };
                    let mut given = Map::new();
                    for (key, value) in names {
                        let value = self.resolve_at(value, at, depth)?.ok_or_else(wrong)?;
                        given.insert(key.clone(), value);
                    }
                    self.substitute(pattern, &given, at).map(Some)
                }
                _ => Err(wrong()),
            },
            "Fn::Join" => {
                let [Value::String(separator), items] = list(argument).ok_or_else(wrong)? else {
                    return Err(wrong());
                };
                let items = self.items(items, at, depth)?.ok_or_else(wrong)?;
                let texts: Option<Vec<String>> = items.iter().map(scalar_text).collect();
                Ok(Some(texts.ok_or_else(wrong)?.join(separator).into()))
            }
            "Fn::Select" => {
                let [index, items] = list(argument).ok_or_else(wrong)? else {
                    return Err(wrong());
                };
                let index = self.number(index, at)?;
                let items = self.items(items, at, depth)?.ok_or_else(wrong)?;
                let item = usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index));
                item.cloned().map(Some).ok_or_else(|| {
                    TemplateError::new(at, format_args!("Fn::Select: there is no item {index}"))
                })
            }
            "Fn::Split" => {
                let [Value::String(separator), text] = list(argument).ok_or_else(wrong)? else {
                    return Err(wrong());
                };
                let text = self.text(text, at)?;
                Ok(Some(text.split(separator).map(Value::from).collect()))
            }
            "Fn::If" => {
                let [Value::String(condition), yes, no] = list(argument).ok_or_else(wrong)? else {
                    return Err(wrong());
                };
                let branch = if self.condition(condition, depth)? {
                    yes
                } else {
                    no
                };
                self.resolve_at(branch, at, depth)
            }
            "Fn::FindInMap" => {
                let [map, first, second] = list(argument).ok_or_else(wrong)? else {
                    return Err(wrong());
                };
                let (map, first, second) = (
                    self.text(map, at)?,
                    self.text(first, at)?,
                    self.text(second, at)?,
                );
                self.document
                    .get("Mappings")
                    .and_then(|maps| maps.get(&map)?.get(&first)?.get(&second))
                    .cloned()
                    .map(Some)
                    .ok_or_else(|| {
                        let path = format!("Mappings.{map}.{first}.{second}");
                        TemplateError::new(at, format_args!("Fn::FindInMap: no {path}"))
                    })
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => self
                .truth(
                    &Value::Object(Map::from_iter([(name.to_owned(), argument.clone())])),
                    at,
                    depth,
                )
                .map(Value::from)
                .map(Some),
            other => Err(TemplateError::new(
                at,
                format_args!("the local cloud does not know the function {other}"),
            )),
        }
    }

    /// Returns the argument of a function that wants a list, resolved.
    fn items(
        &self,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Result<Option<Vec<Value>>, TemplateError> {
        Ok(match self.resolve_at(value, at, depth)? {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        })
    }

    /// Substitutes `${Name}` and `${Resource.Attribute}` in a text, and `${!Literal}` by a plain
    /// `${Literal}` (`Fn::Sub`).
    fn substitute(
        &self,
        pattern: &str,
        given: &Map<String, Value>,
        at: &str,
    ) -> Result<Value, TemplateError> {
        let mut text = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::new(at, "Fn::Sub has a `${` without its `}`"))?;
            text.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match given.get(name) {
                Some(value) => Some(value.clone()),
                None if name.contains('.') => Some(self.attribute(name, at)?.into()),
                None => self.reference(name, at)?,
            };
            let value = value.as_ref().and_then(scalar_text).ok_or_else(|| {
                TemplateError::new(at, format_args!("Fn::Sub: {name} is not a string"))
            })?;
            text.push_str(&value);
        }
        text.push_str(rest);
        Ok(Value::from(text))
    }
}

/// Returns name and argument, if this mapping is a call of an intrinsic function.
pub(crate) fn intrinsic(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    let (name, argument) = entries.next()?;
    let call = entries.next().is_none()
        && (name == "Ref"
            || name.starts_with("Fn::")
            || (name == "Condition" && argument.is_string()));
    call.then_some((name.as_str(), argument))
}

/// Returns the items, if this is a list.
pub(crate) fn list(value: &Value) -> Option<&[Value]> {
    value.as_array().map(Vec::as_slice)
}

/// Returns text of a scalar, as CloudFormation turns numbers and booleans into strings.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns whether a property is set; CloudFormation takes the string `true` as well.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    value
        .and_then(scalar_text)
        .is_some_and(|text| text == "true")
}
