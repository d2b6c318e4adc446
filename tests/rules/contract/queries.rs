//! A query parameter that the contract allows is one that the code reads, and the other way
//! round; likewise idempotency keys.

use serde_json::{Value, json};
use shared::audit::AuditFilter;
use shared::catalogue::{ProductFilter, StaffFilter};
use shared::http::{IdempotencyKey, PageRequest, Query};
use shared::orders::OrderFilter;
use shared::staff::UserFilter;
use tests::contract::Contract;

use super::own;
use crate::Faults;

/// Whether an operation reads a query of one parameter.
type Reads = fn(&str, &str) -> bool;

macro_rules! readers {
    ($($operation:literal: $($Type:ty),+;)*) => {
        [$(($operation, |name, value| {
            [$(Query::<$Type>::read([(name, value)]).is_ok()),+].iter().all(|it| *it)
        })),*]
    };
}

/// What reads the query of each operation: the types in the signature of its handler.
const READERS: [(&str, Reads); 6] = readers! {
    "list-products": ProductFilter, PageRequest;
    "get-orders": OrderFilter, PageRequest;
    "admin-list-orders": OrderFilter, PageRequest;
    "admin-list-products": StaffFilter, PageRequest;
    "admin-list-users": UserFilter;
    "admin-list-audit": AuditFilter;
};

/// What every parameter is put to. An empty one counts as absent.
const CANDIDATES: [&str; 44] = [
    "draft",
    "published",
    "true",
    "false",
    "True",
    "teapots",
    "0",
    "1",
    "24",
    "100",
    "101",
    "-1",
    "1.5",
    "+1",
    "1e1",
    "x",
    " ",
    "newest",
    "price",
    "-price",
    "name",
    "-name",
    "Price",
    "customer",
    "staff",
    "admin",
    "super-admin",
    "root",
    "active",
    "disabled",
    "invited",
    "pending-payment",
    "placed",
    "processing",
    "shipped",
    "delivered",
    "cancelled",
    "expired",
    "refunded",
    "paid",
    "2026-11-21",
    "2026-11-31",
    "1969-12-31",
    "usr_01arz3ndektsv4rrffq69g5fav",
];

/// The parameters of an operation that stand somewhere, with the place of their schemas.
fn parameters(contract: &Contract, operation: &str, place: &str) -> Vec<(String, String)> {
    let pointer = format!("{}/parameters", contract.operation(operation).pointer);
    let list = contract
        .document()
        .pointer(&pointer)
        .and_then(Value::as_array);
    let all = (0..list.map_or(0, Vec::len)).map(|at| contract.resolve(&format!("{pointer}/{at}")));
    let there = all.filter(|it| it.value["in"] == place);
    let named = there.map(|it| {
        let schema = contract.resolve(&format!("{}/schema", it.pointer));
        (
            it.value["name"].as_str().unwrap().to_owned(),
            schema.pointer,
        )
    });
    named.collect()
}

/// Whether the contract allows a text: a number is what a schema of numbers takes it for, and
/// `true` what one of truth values does.
fn allows(contract: &Contract, schema: &str, text: &str) -> bool {
    let kind = &contract.resolve(schema).value["type"];
    let is_integer = kind == "integer";
    if let (true, Ok(truth)) = (kind == "boolean", text.parse::<bool>()) {
        return contract.check(schema, &json!(truth)).is_ok();
    }
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    let value = match text.parse::<i64>() {
        Ok(number) if is_integer && digits => json!(number),
        _ => json!(text),
    };
    contract.check(schema, &value).is_ok()
}

/// Parameters of which contract and code don't think the same.
fn differences(contract: &Contract, operation: &str, reads: Reads) -> Faults {
    let long = [
        "a".repeat(64),
        "a".repeat(65),
        "a".repeat(2048),
        "a".repeat(2049),
    ];
    let long = long.iter().map(String::as_str);
    let candidates: Vec<&str> = CANDIDATES.into_iter().chain(long).collect();
    let mut faults = Faults::new();
    for (name, schema) in parameters(contract, operation, "query") {
        // What is no cursor at all is refused when it is opened.
        let candidates = candidates
            .iter()
            .filter(|it| name != "cursor" || it.len() > 2000);
        for candidate in candidates {
            let allowed = allows(contract, &schema, candidate);
            if allowed != reads(&name, candidate) {
                faults.push(format!(
                    "{operation}: {name}={candidate:.80}: allowed {allowed}"
                ));
            }
        }
    }
    faults
}

#[test]
fn contract_and_code_take_the_same_queries() {
    let contract = own();
    for operation in contract.operations().iter().map(|it| it.id.as_str()) {
        let reader = READERS.iter().find(|(name, _)| *name == operation);
        match reader {
            None => assert_eq!(parameters(contract, operation, "query"), [], "{operation}"),
            Some((_, reads)) => assert_eq!(differences(contract, operation, *reads), [""; 0]),
        }
    }
}

#[test]
fn an_empty_parameter_is_one_that_is_absent() {
    let mut found = 0;
    for (operation, reads) in READERS {
        let pointer = format!("{}/parameters", own().operation(operation).pointer);
        let all = own().document().pointer(&pointer).unwrap();
        for at in 0..all.as_array().unwrap().len() {
            let parameter = own().resolve(&format!("{pointer}/{at}")).value;
            if parameter["in"] == "query" {
                found += 1;
                let name = parameter["name"].as_str().unwrap();
                assert_eq!(parameter["allowEmptyValue"], true, "{operation} {name}");
                assert!(reads(name, ""), "{operation} {name}");
            }
        }
    }
    assert_eq!(found, 24);
}

#[test]
fn contract_and_code_take_the_same_idempotency_keys() {
    let long = ["k".repeat(255), "k".repeat(256)];
    let keys = [
        "", "a", "a,b", "a b", "~!+-", "\u{e4}", "\u{7f}", &long[0], &long[1],
    ];
    let mut operations = 0;
    for operation in own().operations().iter().map(|it| it.id.as_str()) {
        for (name, schema) in parameters(own(), operation, "header") {
            if name == "Idempotency-Key" {
                operations += 1;
                for key in keys {
                    let reads = IdempotencyKey::parse(key).is_some();
                    assert_eq!(allows(own(), &schema, key), reads, "{operation} {key}");
                }
            }
        }
    }
    assert_eq!(operations, 5);
}

#[test]
fn a_parameter_that_differs_is_found() {
    let mut document = own().document().clone();
    document["components"]["parameters"]["Limit"]["schema"]["maximum"] = json!(101);
    document["components"]["schemas"]["OrderStatus"]["enum"] = json!(["placed", "paid"]);
    let contract = Contract::read(document);
    let (operation, reads) = READERS[1];
    let faults = differences(&contract, operation, reads);
    assert!(faults.contains(&"get-orders: limit=101: allowed true".to_owned()));
    assert!(faults.contains(&"get-orders: status=paid: allowed true".to_owned()));
    assert!(faults.contains(&"get-orders: status=shipped: allowed false".to_owned()));
}
