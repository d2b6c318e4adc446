//! The IAM roles that functions run with. The local cloud decides calls by them, so what it
//! would have to guess at is an error: a statement left out grants or refuses something else
//! than AWS does.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::error::TemplateError;
use crate::scope::{Resource, Scope, scalar_text};

/// Properties of a role that this file reads, or that change nothing of what the role may do.
const PROPERTIES: [&str; 6] = [
    "AssumeRolePolicyDocument",
    "Description",
    "MaxSessionDuration",
    "Policies",
    "RoleName",
    "Tags",
];

/// One IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTemplate {
    /// The role's name.
    pub name: String,
    /// The statements of all its policies.
    pub statements: Vec<StatementTemplate>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementTemplate {
    /// Whether it allows or forbids.
    pub effect: Effect,
    /// Actions such as `dynamodb:Query`; `*` and `?` stand for other characters.
    pub actions: Vec<String>,
    /// ARNs, with the same two signs.
    pub resources: Vec<String>,
    /// What must hold besides, all of it.
    pub conditions: Vec<ConditionTemplate>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It grants.
    Allow,
    /// It forbids, whatever else grants.
    Deny,
}

/// One condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionTemplate {
    /// What it looks at.
    pub key: ContextKey,
    /// How it looks.
    pub test: ConditionTest,
}

/// What a condition may look at.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextKey {
    /// `dynamodb:Attributes`: the top-level attributes that a request names.
    Attributes,
    /// `dynamodb:EnclosingOperation`: the transaction that an action is part of.
    EnclosingOperation,
    /// `dynamodb:LeadingKeys`: the partition keys of the items that a request names.
    LeadingKeys,
    /// `s3:prefix`: what the keys of the objects begin with that a request lists.
    Prefix,
    /// `dynamodb:ReturnValues`: the request's parameter.
    ReturnValues,
    /// `dynamodb:Select`: whether a read asks for whole items or for some attributes of them.
    Select,
}

/// How a condition looks at its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionTest {
    /// `StringEquals`: the key is there and is one of these.
    Equals(BTreeSet<String>),
    /// `StringLike`: the same, where `*` stands for any characters and `?` for one.
    Like(BTreeSet<String>),
    /// `StringEqualsIfExists`: the key is one of these, or isn't there.
    EqualsIfExists(BTreeSet<String>),
    /// `ForAllValues:StringEquals`: no value of the key is another; true without the key.
    AllEqual(BTreeSet<String>),
    /// `ForAllValues:StringLike`: the same, where `*` stands for any characters and `?` for one.
    AllLike(BTreeSet<String>),
    /// `ForAnyValue:StringEquals`: some value of the key is one of these; false without the key.
    AnyEqual(BTreeSet<String>),
    /// `Null` with `true`: the key isn't there.
    Absent,
    /// `Null` with `false`: the key is there.
    Present,
}

/// Reads the role whose ARN a function names.
pub(crate) fn role_of(
    scope: &Scope<'_>,
    value: &Value,
    at: &str,
) -> Result<RoleTemplate, TemplateError> {
    let arn = scope.text(value, at)?;
    for resource in scope.resources_of("AWS::IAM::Role") {
        if scope.attribute(&format!("{}.Arn", resource.id), at)? == arn {
            return role(scope, resource);
        }
    }
    Err(TemplateError::new(
        at,
        format_args!("{arn} is no role of this template"),
    ))
}

fn role(scope: &Scope<'_>, resource: Resource<'_>) -> Result<RoleTemplate, TemplateError> {
    let properties = resource.body.get("Properties").and_then(Value::as_object);
    let unknown = properties
        .into_iter()
        .flat_map(Map::keys)
        .find(|name| !PROPERTIES.contains(&name.as_str()));
    if let Some(unknown) = unknown {
        return Err(TemplateError::new(
            &resource.at(unknown),
            "the local cloud does not know this property of a role",
        ));
    }
    let mut statements = Vec::new();
    let at = resource.at("Policies");
    let policies = match resource.property("Policies") {
        Some(policies) => scope.resolve(policies, &at)?,
        None => None,
    };
    for policy in items(policies.as_ref(), &at)? {
        let name = policy
            .get("PolicyName")
            .and_then(Value::as_str)
            .ok_or_else(|| TemplateError::new(&at, "each policy needs a PolicyName"))?;
        let at = format!("{at}.{name}");
        let document = policy
            .get("PolicyDocument")
            .ok_or_else(|| TemplateError::new(&at, "has no PolicyDocument"))?;
        statements.extend(self::statements(document, &at)?);
    }
    Ok(RoleTemplate {
        name: scope.physical_name(resource)?,
        statements,
    })
}

fn statements(document: &Value, at: &str) -> Result<Vec<StatementTemplate>, TemplateError> {
    let document = known(document, &["Version", "Id", "Statement"], at)?;
    if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(TemplateError::new(
            at,
            "the local cloud knows policies of Version 2012-10-17 only",
        ));
    }
    let found = match document.get("Statement") {
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        many => items(many, at)?,
    };
    found
        .iter()
        .enumerate()
        .map(|(number, it)| statement(it, &format!("{at}.Statement[{number}]")))
        .collect()
}

fn statement(value: &Value, at: &str) -> Result<StatementTemplate, TemplateError> {
    let members = ["Sid", "Effect", "Action", "Resource", "Condition"];
    let statement = known(value, &members, at)?;
    let effect = match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(TemplateError::new(at, "Effect must be Allow or Deny")),
    };
    let actions = texts(statement.get("Action"), &format!("{at}.Action"))?;
    if let Some(wrong) = actions
        .iter()
        .find(|it| *it != "*" && it.split(':').count() != 2)
    {
        return Err(TemplateError::new(at, format_args!("{wrong} is no action")));
    }
    let resources = texts(statement.get("Resource"), &format!("{at}.Resource"))?;
    if let Some(wrong) = resources
        .iter()
        .find(|it| *it != "*" && (!it.starts_with("arn:") || it.splitn(6, ':').count() != 6))
    {
        return Err(TemplateError::new(at, format_args!("{wrong} is no ARN")));
    }
    let mut conditions = Vec::new();
    if let Some(condition) = statement.get("Condition") {
        let at = format!("{at}.Condition");
        for (operator, keys) in object(condition, &at)? {
            let at = format!("{at}.{operator}");
            for (key, values) in object(keys, &at)? {
                let at = format!("{at}.{key}");
                conditions.push(condition_on(operator, key, values, &at)?);
            }
        }
    }
    Ok(StatementTemplate {
        effect,
        actions,
        resources,
        conditions,
    })
}

fn condition_on(
    operator: &str,
    key: &str,
    values: &Value,
    at: &str,
) -> Result<ConditionTemplate, TemplateError> {
    let (key, has_many) = match key {
        "dynamodb:Attributes" => (ContextKey::Attributes, true),
        "dynamodb:EnclosingOperation" => (ContextKey::EnclosingOperation, false),
        "dynamodb:LeadingKeys" => (ContextKey::LeadingKeys, true),
        "dynamodb:ReturnValues" => (ContextKey::ReturnValues, false),
        "s3:prefix" => (ContextKey::Prefix, false),
        "dynamodb:Select" => (ContextKey::Select, false),
        _ => {
            return Err(TemplateError::new(
                at,
                "the local cloud does not know this condition key",
            ));
        }
    };
    let values: BTreeSet<String> = texts(Some(values), at)?.into_iter().collect();
    let test = match operator {
        // AWS leaves open what these say of a key with more than one value.
        "StringEquals" | "StringLike" | "StringEqualsIfExists" if has_many => {
            return Err(TemplateError::new(
                at,
                "a key with several values needs ForAllValues or ForAnyValue",
            ));
        }
        "StringEquals" => ConditionTest::Equals(values),
        "StringLike" => ConditionTest::Like(values),
        "StringEqualsIfExists" => ConditionTest::EqualsIfExists(values),
        "ForAllValues:StringEquals" => ConditionTest::AllEqual(values),
        "ForAllValues:StringLike" => ConditionTest::AllLike(values),
        "ForAnyValue:StringEquals" => ConditionTest::AnyEqual(values),
        "Null" if values.iter().eq(["true"]) => ConditionTest::Absent,
        "Null" if values.iter().eq(["false"]) => ConditionTest::Present,
        "Null" => return Err(TemplateError::new(at, "must be true or false")),
        _ => {
            return Err(TemplateError::new(
                at,
                "the local cloud does not know this condition operator",
            ));
        }
    };
    Ok(ConditionTemplate { key, test })
}

fn object<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>, TemplateError> {
    value
        .as_object()
        .ok_or_else(|| TemplateError::new(at, "must be a mapping"))
}

/// Reads a mapping that has no other members than these.
fn known<'a>(
    value: &'a Value,
    members: &[&str],
    at: &str,
) -> Result<&'a Map<String, Value>, TemplateError> {
    let map = object(value, at)?;
    match map.keys().find(|name| !members.contains(&name.as_str())) {
        None => Ok(map),
        Some(name) => Err(TemplateError::new(
            at,
            format_args!("the local cloud does not know {name} in a policy"),
        )),
    }
}

/// Returns the items of a list; none if it isn't there.
fn items<'a>(value: Option<&'a Value>, at: &str) -> Result<&'a [Value], TemplateError> {
    match value {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(TemplateError::new(at, "must be a list")),
    }
}

/// Returns one string or a list of them, without policy variables.
fn texts(value: Option<&Value>, at: &str) -> Result<Vec<String>, TemplateError> {
    let texts = match value {
        Some(Value::Array(items)) => items.iter().map(scalar_text).collect(),
        Some(one) => scalar_text(one).map(|it| vec![it]),
        None => None,
    };
    let texts: Vec<String> = texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| TemplateError::new(at, "must be a string or a list of strings"))?;
    if texts.iter().any(|it| it.contains("${")) {
        return Err(TemplateError::new(
            at,
            "the local cloud does not know policy variables",
        ));
    }
    Ok(texts)
}
