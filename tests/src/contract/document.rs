//! Finding one's way in an OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The methods that a path may have.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`, which is its function's name.
    pub id: String,
    /// In capital letters; empty for what has no path.
    pub method: String,
    /// As template.yaml has it: `/api/products/{productId}`.
    pub path: String,
    /// Where it stands in the document.
    pub pointer: String,
}

/// What a place in the document holds once references are followed, and where that is.
pub struct Reference<'a> {
    pub pointer: String,
    pub value: &'a Value,
}

impl Operation {
    /// Returns whether a request is one of this operation's. A segment that stands for a
    /// parameter takes anything but nothing.
    pub(super) fn takes(&self, method: &str, path: &str) -> bool {
        let (own, given) = (self.path.split('/'), path.split('/'));
        let fits = |(own, given): (&str, &str)| match own.starts_with('{') {
            true => !given.is_empty(),
            false => own == given,
        };
        self.method == method
            && own.clone().count() == given.clone().count()
            && own.zip(given).all(fits)
    }
}

/// Returns the operations that have a path.
pub(super) fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for path in document["paths"].as_object().unwrap().keys() {
        for method in METHODS {
            let pointer = format!("/paths/{}/{method}", escaped(path));
            found.extend(operation(document, &pointer, &method.to_uppercase(), path));
        }
    }
    found
}

/// Returns the operation that stands at a place, if one does.
pub(super) fn operation(
    document: &Value,
    pointer: &str,
    method: &str,
    path: &str,
) -> Option<Operation> {
    let found = document.pointer(pointer)?;
    let id = found["operationId"].as_str();
    Some(Operation {
        id: id
            .unwrap_or_else(|| panic!("no operationId at {pointer}"))
            .to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        pointer: pointer.to_owned(),
    })
}

/// Follows references from a place until there is none.
pub(super) fn resolve<'a>(document: &'a Value, pointer: &str) -> Reference<'a> {
    let mut pointer = pointer.to_owned();
    loop {
        let value = document.pointer(&pointer);
        let value = value.unwrap_or_else(|| panic!("nothing at {pointer}"));
        // A schema with more than the reference is one of its own.
        let alone = value.as_object().is_some_and(|it| it.len() == 1);
        match value["$ref"].as_str() {
            Some(target) if alone => target.strip_prefix('#').unwrap().clone_into(&mut pointer),
            _ => return Reference { pointer, value },
        }
    }
}

/// Returns where every schema stands, those inside of others included.
pub(super) fn schemas(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let pointer = format!("/components/schemas/{name}");
        add_schemas(document, &pointer, &mut found);
    }
    add_named_schemas(document, document, "", &mut found);
    found
}

/// Adds the schemas that stand under the name `schema`: those of contents, headers and
/// parameters.
fn add_named_schemas(document: &Value, node: &Value, pointer: &str, found: &mut Vec<String>) {
    let Some(members) = node.as_object() else {
        let items = node.as_array().into_iter().flatten().enumerate();
        for (at, item) in items {
            add_named_schemas(document, item, &format!("{pointer}/{at}"), found);
        }
        return;
    };
    for (name, member) in members {
        let at = format!("{pointer}/{}", escaped(name));
        if name == "schema" {
            add_schemas(document, &at, found);
        } else if at != "/components/schemas" {
            add_named_schemas(document, member, &at, found);
        }
    }
}

/// Adds a schema and those inside of it.
fn add_schemas(document: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    let schema = document.pointer(pointer).unwrap();
    let properties = schema["properties"].as_object();
    for name in properties.into_iter().flat_map(Map::keys) {
        add_schemas(
            document,
            &format!("{pointer}/properties/{}", escaped(name)),
            found,
        );
    }
    if schema["items"].is_object() {
        add_schemas(document, &format!("{pointer}/items"), found);
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        for at in 0..schema[list].as_array().map_or(0, Vec::len) {
            add_schemas(document, &format!("{pointer}/{list}/{at}"), found);
        }
    }
}

/// Returns the names of all headers of answers, in lower case, but for `Vary`, which the
/// gateway adds where it likes.
pub(super) fn header_names(document: &Value) -> BTreeSet<String> {
    let responses = document["components"]["responses"].as_object().unwrap();
    let operations = operations(document);
    let operations = operations.iter().flat_map(|it| {
        let responses = document.pointer(&format!("{}/responses", it.pointer));
        responses.unwrap().as_object().unwrap().values()
    });
    let headers = operations.chain(responses.values());
    let headers = headers.filter_map(|it| it["headers"].as_object());
    let names = headers.flat_map(|it| it.keys().map(|name| name.to_lowercase()));
    names.filter(|it| it != "vary").collect()
}

/// Returns a pointer as the fragment of an address.
pub(super) fn fragment(pointer: &str) -> String {
    pointer
        .replace('%', "%25")
        .replace('{', "%7B")
        .replace('}', "%7D")
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
