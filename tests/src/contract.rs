//! openapi.yaml: the contract that every answer of every test is held to.

mod document;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use serde_json::Value;

use crate::TestResponse;
use document::{Operation, Reference};

/// Under which address the document is known to the validator; nothing is fetched.
const ADDRESS: &str = "http://contract/openapi.json";

/// What answers in place of an operation: routes that don't exist, and the gateway itself.
const OTHERS: [&str; 2] = ["/x-not-found", "/x-gateway"];

/// The contract, with its schemas compiled.
pub struct Contract {
    document: Value,
    operations: Vec<Operation>,
    schemas: Schemas,
    compiled: HashMap<String, SchemaIndex>,
    /// In lower case, the headers that say something wherever they stand.
    headers: BTreeSet<String>,
}

/// Returns the contract, read once.
pub fn contract() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
        let text = std::fs::read_to_string(path).expect("openapi.yaml is there");
        Contract::read(template::document(&text).expect("openapi.yaml is YAML"))
    });
    &CONTRACT
}

impl Contract {
    /// Reads a contract and compiles every schema in it.
    pub fn read(document: Value) -> Self {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(ADDRESS, document.clone()).unwrap();
        let mut schemas = Schemas::new();
        let mut compiled = HashMap::new();
        for pointer in document::schemas(&document) {
            let at = format!("{ADDRESS}#{}", document::fragment(&pointer));
            let index = compiler.compile(&at, &mut schemas);
            compiled.insert(pointer, index.unwrap_or_else(|error| panic!("{error:#}")));
        }
        let mut operations = document::operations(&document);
        for pointer in OTHERS {
            operations.extend(document::operation(&document, pointer, "", ""));
        }
        let headers = document::header_names(&document);
        Self {
            document,
            operations,
            schemas,
            compiled,
            headers,
        }
    }

    /// Returns the document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Returns the operations: those with a path, and two without, which are
    /// `not-found` and `gateway`.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Returns the operation of that id.
    pub fn operation(&self, id: &str) -> &Operation {
        let mut found = self.operations.iter().filter(|it| it.id == id);
        found.next().expect("an operation of the contract")
    }

    /// Returns the operation that a request is one of.
    pub fn find(&self, method: &str, path: &str) -> &Operation {
        let mut found = self.operations.iter().filter(|it| it.takes(method, path));
        found.next().unwrap_or_else(|| self.operation("not-found"))
    }

    /// Follows a reference to what it stands for.
    pub fn resolve(&self, pointer: &str) -> Reference<'_> {
        document::resolve(&self.document, pointer)
    }

    /// Returns what is wrong with a value by the schema at that place.
    pub fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        let index = self.compiled.get(pointer);
        let index = index.unwrap_or_else(|| panic!("no schema at {pointer}"));
        let judged = self.schemas.validate(value, *index);
        judged.map_err(|error| error.to_string())
    }

    /// Holds an answer to the contract of its operation, or of the gateway where that
    /// answered, and keeps in mind that it was seen.
    #[track_caller]
    pub(crate) fn judge(&self, operation: &Operation, with_body: bool, answer: &TestResponse) {
        // Its sentences are its own.
        let gateway = self.operation("gateway");
        if with_body && self.fault(gateway, with_body, answer).is_none() {
            return seen::record(gateway, answer);
        }
        if let Some(fault) = self.fault(operation, with_body, answer) {
            panic!(
                "not what openapi.yaml says of {}: {fault}\n{answer:#?}",
                operation.id
            );
        }
        seen::record(operation, answer);
    }

    /// Returns what of an answer its operation doesn't say.
    fn fault(
        &self,
        operation: &Operation,
        with_body: bool,
        answer: &TestResponse,
    ) -> Option<String> {
        let status = answer.status;
        let pointer = format!("{}/responses/{status}", operation.pointer);
        if self.document.pointer(&pointer).is_none() {
            return Some(format!("the status {status} is not documented"));
        }
        let response = self.resolve(&pointer);
        self.header_fault(&response, &answer.headers)
            .or_else(|| self.body_fault(&response, with_body, answer))
    }

    fn header_fault(&self, response: &Reference<'_>, sent: &HeaderMap) -> Option<String> {
        let empty = serde_json::Map::new();
        let documented = response.value["headers"].as_object().unwrap_or(&empty);
        for name in documented.keys() {
            let header = self.resolve(&format!("{}/headers/{name}", response.pointer));
            let Some(value) = sent.get(name) else {
                if header.value["required"] == true {
                    return Some(format!("the header {name} is missing"));
                }
                continue;
            };
            let text = value.to_str().unwrap_or_default();
            let schema = self.resolve(&format!("{}/schema", header.pointer));
            let value = match schema.value["type"].as_str() {
                Some("integer") => text.parse::<i64>().map_or(text.into(), Value::from),
                _ => text.into(),
            };
            if let Err(fault) = self.check(&schema.pointer, &value) {
                return Some(format!("the header {name}: {fault}"));
            }
        }
        let documented: BTreeSet<String> = documented.keys().map(|it| it.to_lowercase()).collect();
        let mut names = sent.keys().map(HeaderName::as_str);
        let surplus =
            names.find(|name| self.headers.contains(*name) && !documented.contains(*name))?;
        Some(format!("the header {surplus} is not documented there"))
    }

    fn body_fault(
        &self,
        response: &Reference<'_>,
        with_body: bool,
        answer: &TestResponse,
    ) -> Option<String> {
        let Some(content) = response.value["content"].as_object() else {
            // The gateway gives a type to what has none, a body or not.
            return (!answer.text.is_empty()).then(|| "it has a body".to_owned());
        };
        let media = answer.headers.get(CONTENT_TYPE);
        let media = media.map_or("none", |it| it.to_str().unwrap_or_default());
        if !content.contains_key(media) {
            return Some(format!("the media type {media} is not documented"));
        }
        if !with_body {
            return None;
        }
        let media = media.replace('/', "~1");
        let schema = self.resolve(&format!("{}/content/{media}/schema", response.pointer));
        self.check(&schema.pointer, &answer.body).err()
    }

    /// Returns what the contract says may be answered and no test of this process has
    /// seen: operation, status and, of a problem, its code.
    pub fn unseen(&self) -> Vec<String> {
        let expected = self.operations.iter().flat_map(|it| self.answers(it));
        let seen = seen::all();
        expected.filter(|it| !seen.contains(it)).collect()
    }

    /// Returns the answers of an operation, one for each code that a problem may have.
    fn answers(&self, operation: &Operation) -> Vec<String> {
        let responses = format!("{}/responses", operation.pointer);
        let responses = self.document.pointer(&responses).unwrap();
        let statuses = responses.as_object().unwrap().keys();
        let answers = statuses.flat_map(|status| {
            let codes = self.codes(operation, status);
            let codes = match codes.is_empty() {
                true => vec![String::new()],
                false => codes,
            };
            let id = &operation.id;
            codes
                .into_iter()
                .map(move |code| seen::line(id, status, &code))
        });
        answers.collect()
    }

    /// Returns the codes of the problems that an operation answers with a status.
    fn codes(&self, operation: &Operation, status: &str) -> Vec<String> {
        let response = self.resolve(&format!("{}/responses/{status}", operation.pointer));
        let schema = "content/application~1problem+json/schema";
        let schema = format!("{}/{schema}", response.pointer);
        match self.document.pointer(&schema) {
            None => Vec::new(),
            Some(_) => self.codes_of(&schema),
        }
    }

    /// Returns the one code of a problem's schema, or that of each of its choices; none of the
    /// gateway's, whose problems differ by status alone.
    fn codes_of(&self, schema: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = schema.value["oneOf"].as_array() {
            let choices = (0..choices.len()).map(|at| format!("{}/oneOf/{at}", schema.pointer));
            return choices.flat_map(|it| self.codes_of(&it)).collect();
        }
        let code = schema.value["properties"]["code"]["const"].as_str();
        code.map(str::to_owned).into_iter().collect()
    }
}
