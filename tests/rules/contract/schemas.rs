//! Schemas: objects take no other members, examples are valid, nothing is there for nobody.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::contract::Contract;

use super::{json as file_of_json, own, planted};
use crate::Faults;
use crate::files::names_in;

/// Calls `visit` with everything in a document, and where it stands.
fn walk(node: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, node);
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{pointer}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{at}"), visit);
            }
        }
        _ => {}
    }
}

/// Objects that take members which they don't name.
fn open_objects(document: &Value) -> Faults {
    let mut faults = Faults::new();
    walk(document, "", &mut |pointer, node| {
        let type_of = &node["type"];
        let types = type_of
            .as_array()
            .map_or(std::slice::from_ref(type_of), Vec::as_slice);
        let is_object = types.iter().any(|it| it == "object") || node["properties"].is_object();
        if is_object && node["additionalProperties"] != false {
            faults.push(pointer.to_owned());
        }
    });
    faults
}

/// Examples that are not what they are examples of.
fn bad_examples(contract: &Contract) -> Faults {
    let mut faults = Faults::new();
    let mut seen = 0;
    walk(contract.document(), "", &mut |pointer, node| {
        // A schema's own examples, or that of a parameter, a header or a content.
        let (schema, examples) = match (&node["examples"], &node["example"]) {
            (Value::Array(examples), _) => (pointer.to_owned(), examples.clone()),
            (_, Value::Null) => return,
            (_, example) => (format!("{pointer}/schema"), vec![example.clone()]),
        };
        for example in examples {
            seen += 1;
            if let Err(fault) = contract.check(&schema, &example) {
                faults.push(format!("{pointer}: {fault}"));
            }
        }
    });
    if seen == 0 {
        faults.push("there is no example".to_owned());
    }
    faults
}

/// Components that nothing refers to, and references to nothing.
fn unused_and_missing(document: &Value) -> Faults {
    let mut targets = BTreeSet::new();
    walk(document, "", &mut |pointer, node| {
        if let Some(target) = node.as_str()
            && pointer.ends_with("/$ref")
        {
            targets.insert(target.trim_start_matches('#').to_owned());
        }
    });
    let missing = targets.iter().filter(|it| document.pointer(it).is_none());
    let mut faults: Faults = missing.map(|it| format!("{it} is missing")).collect();
    for (kind, components) in document["components"].as_object().unwrap() {
        // These are named, not referred to.
        if kind == "securitySchemes" {
            continue;
        }
        for name in components.as_object().unwrap().keys() {
            let pointer = format!("/components/{kind}/{name}");
            // All problems in one, for clients.
            if !targets.contains(&pointer) && name != "Problem" {
                faults.push(format!("{pointer} is used by nothing"));
            }
        }
    }
    faults
}

/// Events whose body is not one of their operation's.
fn bad_events(contract: &Contract, events: &[(String, Value)]) -> Faults {
    let mut faults = Faults::new();
    for (name, event) in events {
        let Some(body) = event["body"].as_str() else {
            continue;
        };
        let operation = contract.operation(name);
        let body: Value = serde_json::from_str(body).unwrap();
        let schema = "requestBody/content/application~1json/schema";
        let schema = contract.resolve(&format!("{}/{schema}", operation.pointer));
        if let Err(fault) = contract.check(&schema.pointer, &body) {
            faults.push(format!("{name}: {fault}"));
        }
    }
    faults
}

#[test]
fn an_object_takes_no_other_members() {
    assert_eq!(open_objects(own().document()), [""; 0]);
}

#[test]
fn every_example_is_valid() {
    assert_eq!(bad_examples(own()), [""; 0]);
}

#[test]
fn every_component_is_used_and_every_reference_leads_somewhere() {
    assert_eq!(unused_and_missing(own().document()), [""; 0]);
}

#[test]
fn every_events_body_is_one_of_its_operation() {
    let names = names_in("events");
    let events = names.iter().map(|file| {
        let name = file.trim_end_matches(".json").to_owned();
        (name, file_of_json(&format!("events/{file}")))
    });
    let events: Vec<(String, Value)> = events.collect();
    let bodies = events.iter().filter(|(_, it)| it["body"].is_string());
    assert!(bodies.count() >= 13);
    assert_eq!(bad_events(own(), &events), [""; 0]);
}

#[test]
fn planted_faults_of_schemas_are_found() {
    let contract = planted(
        "
paths:
  /a:
    put:
      operationId: put-a
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Open'}}}}
      responses: {}
components:
  responses: {}
  schemas:
    Open:
      type: object
      properties:
        id: {type: string, maxLength: 2, examples: [ok, long]}
        more: {type: [object, 'null']}
    Closed: {type: object, additionalProperties: false, examples: [{}]}
",
    );
    assert_eq!(
        open_objects(contract.document()),
        [
            "/components/schemas/Open",
            "/components/schemas/Open/properties/more"
        ]
    );
    assert_eq!(bad_examples(&contract).len(), 1);
    assert_eq!(
        unused_and_missing(contract.document()),
        ["/components/schemas/Closed is used by nothing"]
    );
    let event = |body: &str| ("put-a".to_owned(), json!({ "body": body }));
    let events = [event(r#"{"id":"ok"}"#), event(r#"{"id":7}"#), event("[]")];
    assert_eq!(bad_events(&contract, &events).len(), 2);
}
