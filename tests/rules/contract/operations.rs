//! Operations are the routes of template.yaml and the rows of docs/endpoints.md.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use template::document;
use tests::contract::Contract;

use super::{own, planted};
use crate::Faults;
use crate::files::read;

/// The routes of a template: `get-product GET /api/products/{productId}`.
fn routes(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().unwrap().values();
    let functions = resources.filter(|it| it["Type"] == "AWS::Serverless::Function");
    let routes = functions.flat_map(|function| {
        let name = &function["Metadata"]["BuildProperties"]["Binary"];
        let events = function["Properties"]["Events"].as_object();
        let events = events.into_iter().flat_map(|it| it.values());
        events.filter_map(move |event| {
            let (method, path) = (&event["Properties"]["Method"], &event["Properties"]["Path"]);
            let words = [name.as_str()?, method.as_str()?, path.as_str()?];
            Some(words.join(" "))
        })
    });
    routes.collect()
}

/// The operations of a contract in the same form.
fn operations(contract: &Contract) -> BTreeSet<String> {
    let operations = contract.operations().iter();
    let operations = operations.filter(|it| !it.path.is_empty());
    let operations = operations.map(|it| format!("{} {} {}", it.id, it.method, it.path));
    operations.collect()
}

/// Who may call what, by the rows of docs/endpoints.md: `get-cart customer`. A row may say more
/// after a colon or a semicolon.
fn audiences(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|it| it.strip_prefix("| `"));
    let rows = rows.filter(|it| it.contains("/api/"));
    let audiences = rows.map(|row| {
        let (name, rest) = row.split_once('`').unwrap();
        let who = rest.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let who = who.split([':', ';']).next().unwrap();
        format!("{name} {who}")
    });
    audiences.collect()
}

/// Who may call what, by a contract.
fn x_audiences(contract: &Contract) -> BTreeSet<String> {
    let operations = contract.operations().iter();
    let operations = operations.filter(|it| !it.path.is_empty());
    let audiences = operations.map(|it| {
        let operation = contract.resolve(&it.pointer).value;
        format!(
            "{} {}",
            it.id,
            operation["x-audience"].as_str().unwrap_or_default()
        )
    });
    audiences.collect()
}

/// Operations that ask for another token than their audience has.
fn wrong_tokens(contract: &Contract) -> Faults {
    let mut faults = Faults::new();
    for it in contract
        .operations()
        .iter()
        .filter(|it| !it.path.is_empty())
    {
        let operation = contract.resolve(&it.pointer).value;
        let expected = match operation["x-audience"].as_str() {
            // One who is signed in may say so.
            Some("anyone") => {
                let optional = json!([{}, operation["security"][1]]);
                let none = operation["security"] == json!([]);
                if !none && operation["security"] != optional {
                    faults.push(format!("{} asks anyone for a token", it.id));
                }
                continue;
            }
            Some("customer") => json!([{ "customer": [] }]),
            Some("staff" | "admin" | "super-admin") => json!([{ "staff": [] }]),
            _ => Value::Null,
        };
        if operation["security"] != expected {
            faults.push(format!("{} asks for another token", it.id));
        }
    }
    faults
}

#[test]
fn the_operations_are_the_templates_routes() {
    let template = document(&read("template.yaml")).unwrap();
    let routes = routes(&template);
    assert!(routes.len() >= 24, "{routes:?}");
    assert_eq!(operations(own()), routes);
}

#[test]
fn the_page_of_endpoints_and_the_contract_say_the_same_of_who_may_call() {
    assert_eq!(x_audiences(own()), audiences(&read("docs/endpoints.md")));
}

#[test]
fn an_operation_asks_for_the_token_of_its_audience() {
    assert_eq!(wrong_tokens(own()), [""; 0]);
}

#[test]
fn planted_differences_are_found() {
    let contract = planted(
        "
paths:
  /a:
    get: {operationId: get-a, x-audience: anyone, security: [{customer: []}], responses: {}}
    put: {operationId: put-a, x-audience: staff, security: [{customer: []}], responses: {}}
  /b/{c}:
    delete: {operationId: delete-b, x-audience: customer, responses: {}}
    post: {operationId: post-b, x-audience: anyone, security: [{}, {staff: []}], responses: {}}
components: {schemas: {}, responses: {}}
",
    );
    assert_eq!(
        Vec::from_iter(operations(&contract)),
        [
            "delete-b DELETE /b/{c}",
            "get-a GET /a",
            "post-b POST /b/{c}",
            "put-a PUT /a"
        ]
    );
    assert_eq!(
        wrong_tokens(&contract),
        [
            "get-a asks anyone for a token",
            "put-a asks for another token",
            "delete-b asks for another token",
        ]
    );
    let page = "| function | route | who |\n| `get-a` | `GET /api/a?b=` | anyone; cacheable |\n\
                | `put-a` | `PUT /api/a` | staff: some |\n| `x` | everything else | anyone |";
    assert_eq!(
        Vec::from_iter(audiences(page)),
        ["get-a anyone", "put-a staff"]
    );
}
