//! Rules of template.yaml that no linter has, over the parsed template.
//!
//! A rule is a function from a template to what is wrong with it, in sentences.
//! Each has two tests: the shop's own template has no fault, and a small one has
//! those that were planted in it, so that no rule holds because it looks at nothing.

mod environments;
mod events;
mod exposure;
mod functions;
mod logs;
mod monitoring;
mod pages;
mod roles;
mod storage;
mod watching;
mod web;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Faults;
use crate::files::{names_in, read};

/// A template as it is written, with the long form of every intrinsic function.
struct Template(Value);

/// One resource of a template.
#[derive(Clone, Copy)]
struct Resource<'a> {
    id: &'a str,
    kind: &'a str,
    body: &'a Value,
}

/// One function of a template.
#[derive(Clone, Copy)]
struct Function<'a> {
    resource: Resource<'a>,
    globals: &'a Value,
    /// Its binary, as in `get-orders`.
    name: &'a str,
}

/// One statement that allows something.
#[derive(Clone, Copy)]
struct Allowed<'a>(&'a Value);

impl Template {
    fn parse(text: &str) -> Self {
        Self(::template::document(text).unwrap())
    }

    fn own() -> Self {
        Self::parse(&read("template.yaml"))
    }

    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let resources = self.0["Resources"].as_object().unwrap();
        resources.iter().map(|(id, body)| Resource {
            id,
            kind: body["Type"].as_str().unwrap(),
            body,
        })
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = Resource<'_>> {
        self.resources().filter(move |it| it.kind == kind)
    }

    fn kind_of(&self, id: &str) -> Option<&str> {
        self.0["Resources"][id]["Type"].as_str()
    }

    fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        let functions = self.of_kind("AWS::Serverless::Function");
        functions.map(|resource| Function {
            resource,
            globals: &self.0["Globals"]["Function"],
            name: resource.body["Metadata"]["BuildProperties"]["Binary"]
                .as_str()
                .unwrap_or(resource.id),
        })
    }

    /// What the roles of these functions allow. A function whose role isn't in the
    /// template allows nothing here; the rule about roles finds it.
    fn allowed(&self, function: Function<'_>) -> Vec<Allowed<'_>> {
        let role = reference(function.property("Role"), ".Arn").unwrap_or_default();
        let policies = &self.0["Resources"][&role]["Properties"]["Policies"];
        one_or_many(policies)
            .into_iter()
            .flat_map(|policy| Allowed::all(&policy["PolicyDocument"]))
            .collect()
    }
}

impl<'a> Resource<'a> {
    fn property(&self, name: &str) -> &'a Value {
        &self.body["Properties"][name]
    }
}

impl<'a> Function<'a> {
    fn property(&self, name: &str) -> &'a Value {
        self.resource.property(name)
    }

    /// A property of the function, or of all functions.
    fn setting(&self, name: &str) -> &'a Value {
        match self.property(name) {
            Value::Null => &self.globals[name],
            own => own,
        }
    }

    fn environment(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let variables = [self.globals, &self.resource.body["Properties"]]
            .map(|it| it["Environment"]["Variables"].as_object());
        variables.into_iter().flatten().flatten()
    }

    fn events(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.property("Events").as_object().into_iter().flatten()
    }
}

impl<'a> Allowed<'a> {
    fn all(document: &'a Value) -> Vec<Self> {
        let statements = one_or_many(&document["Statement"]);
        let allowing = statements
            .into_iter()
            .filter(|it| it["Effect"].as_str() != Some("Deny"));
        allowing.map(Self).collect()
    }

    /// The actions in lower case, since IAM doesn't look at it.
    fn actions(&self) -> Vec<String> {
        let actions = patterns(&self.0["Action"]).into_iter();
        actions.map(|it| it.to_lowercase()).collect()
    }

    fn resources(&self) -> Vec<String> {
        patterns(&self.0["Resource"])
    }

    /// Whether this allows the action on something of that resource. In doubt, yes.
    fn covers(&self, action: &str, id: &str) -> bool {
        let action = action.to_lowercase();
        let everything_but = !self.0["NotAction"].is_null() || !self.0["NotResource"].is_null();
        let acts = self.actions().iter().any(|it| matches(it, &action));
        let on = self.resources().iter().any(|it| may_be(it, id));
        everything_but || (acts && on)
    }
}

/// The items of a list, or the one thing that stands for a list of one.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// The texts of a value as `Fn::Sub` would write them: `!Ref A` is `${A}` and
/// `!GetAtt A.Arn` is `${A.Arn}`. Of a list each item, of an `!If` both branches.
/// What is put together in any other way could be anything, so it is a star.
fn patterns(value: &Value) -> Vec<String> {
    let map = match value {
        Value::Null => return Vec::new(),
        Value::Array(items) => return items.iter().flat_map(patterns).collect(),
        Value::String(text) => return vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => return vec![value.to_string()],
        Value::Object(map) => map,
    };
    let call = map.iter().next().filter(|_| map.len() == 1);
    match call.map(|(name, argument)| (name.as_str(), argument)) {
        Some(("Ref", Value::String(name))) => vec![format!("${{{name}}}")],
        Some(("Fn::Sub", Value::String(text))) => vec![text.clone()],
        Some(("Fn::GetAtt", Value::String(path))) => vec![format!("${{{path}}}")],
        Some(("Fn::GetAtt", Value::Array(parts))) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            vec![format!("${{{}}}", parts.join("."))]
        }
        // A list of one reference, written as one text.
        Some(("Fn::Join", Value::Array(parts)))
            if parts.len() == 2 && reference(&parts[1], "").is_some() =>
        {
            patterns(&parts[1])
        }
        Some(("Fn::If", Value::Array(parts))) => parts.iter().skip(1).flat_map(patterns).collect(),
        _ => vec!["*".to_owned()],
    }
}

/// The resource that a value is a reference to, with nothing around it: `""` for
/// `!Ref`, `.Arn` for `!GetAtt`.
fn reference(value: &Value, attribute: &str) -> Option<String> {
    let [pattern] = <[String; 1]>::try_from(patterns(value)).ok()?;
    let id = pattern.strip_prefix("${")?.strip_suffix('}')?;
    let id = id.strip_suffix(attribute)?;
    let plain = id.chars().all(|it| it.is_ascii_alphanumeric());
    plain.then(|| id.to_owned())
}

/// Whether a pattern with IAM's `*` and `?` fits a text.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..]))
        }
        (Some('?'), Some(_)) => matches(&pattern[1..], &text[1..]),
        (Some(a), Some(b)) if a == b => matches(&pattern[a.len_utf8()..], &text[b.len_utf8()..]),
        _ => false,
    }
}

/// What the ARNs of buckets begin with.
const BUCKETS: &str = "arn:${AWS::Partition}:s3:::";
/// The ARN of the pictures' bucket, by its name.
const IMAGES: &str =
    "arn:${AWS::Partition}:s3:::${AWS::StackName}-images-${AWS::AccountId}-${AWS::Region}";

/// Whether a pattern of a `Resource` can mean something of that resource.
fn may_be(pattern: &str, id: &str) -> bool {
    let named = pattern.contains(&format!("${{{id}}}")) || pattern.contains(&format!("${{{id}."));
    let anothers = pattern.starts_with("${") && !pattern.starts_with("${AWS::");
    // A bucket that is named, since it waits for who names it.
    let anothers = anothers || pattern.starts_with(BUCKETS) && !id.ends_with("Bucket");
    named || (has_star(pattern) && !anothers)
}

fn has_star(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// A text without its `${...}`.
fn literal(pattern: &str) -> String {
    let mut parts = pattern.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|it| it.split_once('}').map_or("", |(_, after)| after));
    rest.fold(first, |text, part| text + " " + part)
}

/// Whether a switch is on; CloudFormation takes the word as well.
fn is_true(value: &Value) -> bool {
    value == true || value == "true"
}

/// Calls the visitor with every key of every mapping, however deep, and its value.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                visit(key, inner);
                walk(inner, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The shop's own template keeps the rule.
#[track_caller]
fn holds(rule: impl Fn(&Template) -> Faults) {
    let faults = rule(&Template::own());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The rule finds in this template exactly one fault for each of these words, in
/// this order.
#[track_caller]
fn finds(rule: impl Fn(&Template) -> Faults, template: &str, words: &[&str]) {
    let faults = rule(&Template::parse(template));
    assert_eq!(faults.len(), words.len(), "{faults:#?}");
    for (fault, word) in faults.iter().zip(words) {
        assert!(fault.contains(word), "{word} is not in: {fault}");
    }
}

#[test]
fn the_template_is_read_whole() {
    let template = Template::own();
    let crates = BTreeSet::from_iter(names_in("functions"));
    let functions: BTreeSet<String> = template.functions().map(|it| it.name.to_owned()).collect();
    assert_eq!(functions, crates);
    for function in template.functions() {
        assert!(!template.allowed(function).is_empty(), "{}", function.name);
    }
    assert!(template.of_kind("AWS::DynamoDB::Table").count() >= 9);
    assert!(template.of_kind("AWS::CloudWatch::Alarm").count() >= 10);
}

#[test]
fn a_pattern_fits_as_in_iam() {
    for (pattern, text, fits) in [
        ("dynamodb:getitem", "dynamodb:getitem", true),
        ("dynamodb:*", "dynamodb:getitem", true),
        ("*", "dynamodb:getitem", true),
        ("dynamodb:*item", "dynamodb:getitem", true),
        ("dynamodb:get?tem", "dynamodb:getitem", true),
        ("dynamodb:get", "dynamodb:getitem", false),
        ("dynamodb:getitem", "dynamodb:get", false),
        ("s3:*", "dynamodb:getitem", false),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern}");
    }
}
