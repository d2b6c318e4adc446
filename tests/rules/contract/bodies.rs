//! A body that the contract allows is one that the code reads, and the other way round: good
//! bodies with every place put to many values, judged by both.

use serde_json::{Map, Value, json};
use shared::accounts::{
    PasswordChange, RefreshRequest, Registration, SignInRequest, SignOutRequest,
};
use shared::carts::SetQuantity;
use shared::catalogue::{CategoryContent, NewProduct, ProductChange, StockChange};
use shared::customers::CustomerSearch;
use shared::http::{Json, Problem};
use shared::identity::{CustomerRealm, StaffRealm};
use shared::orders::{OrderDraft, OrderUpdate};
use shared::pictures::UploadRequest;
use shared::staff::{Acceptance, Invitation, UserChange};
use tests::contract::Contract;

use super::{json as file_of_json, own};
use crate::Faults;

/// Reads a body as a function does.
type Read = fn(&[u8]) -> Result<(), Problem>;

macro_rules! readers {
    ($($operation:literal: $Type:ty,)*) => {
        [$(($operation, |body| Json::<$Type>::read(body).map(|_| ()))),*]
    };
}

/// What reads the body of each operation: the type in the signature of its handler.
const READERS: [(&str, Read); 21] = readers! {
    "register": Registration,
    "login": SignInRequest,
    "admin-login": SignInRequest,
    "refresh": RefreshRequest,
    "admin-refresh": RefreshRequest,
    "logout": SignOutRequest,
    "admin-logout": SignOutRequest,
    "change-password": PasswordChange<CustomerRealm>,
    "admin-change-password": PasswordChange<StaffRealm>,
    "set-cart-item": SetQuantity,
    "checkout": OrderDraft,
    "admin-update-order": OrderUpdate,
    "admin-search-customers": CustomerSearch,
    "admin-create-product": NewProduct,
    "admin-save-category": CategoryContent,
    "admin-set-stock": StockChange,
    "admin-update-product": ProductChange,
    "admin-upload": UploadRequest,
    "admin-create-user": Invitation,
    "admin-update-user": UserChange,
    "accept-invite": Acceptance,
};

/// Where a name is left out.
const ABSENT: &str = "absent";

/// Lengths around those that any field's limits are.
const LENGTHS: [usize; 24] = [
    0, 1, 2, 3, 7, 8, 14, 15, 20, 21, 64, 65, 100, 101, 128, 129, 200, 201, 254, 255, 1000, 1001,
    10_000, 10_001,
];

/// Numbers around those that any field's limits are.
const NUMBERS: [i64; 16] = [
    -1,
    0,
    1,
    2,
    99,
    100,
    1_000_000,
    1_000_001,
    5 * 1024 * 1024,
    5 * 1024 * 1024 + 1,
    1_000_000_000,
    1_000_000_001,
    (1 << 53) - 1,
    1 << 53,
    i64::MAX,
    i64::MIN,
];

/// A text of so many letters that no password is refused for.
fn text(length: usize) -> String {
    let mut state: u32 = 7;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from((state >> 16) % 26).unwrap())
    };
    (0..length).map(|_| letter()).collect()
}

/// All words and examples of a contract's schemas.
fn add_words(node: &Value, found: &mut Vec<Value>) {
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("enum" | "examples", Value::Array(words)) => {
                        found.extend(words.iter().filter(|it| it.is_string()).cloned());
                    }
                    _ => add_words(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| add_words(it, found)),
        _ => {}
    }
}

/// What every place of a body is put to.
fn candidates(contract: &Contract) -> Vec<Value> {
    let mut found = vec![
        json!(ABSENT),
        Value::Null,
        json!(true),
        json!(false),
        json!(1.5),
        json!([]),
        json!({}),
        json!({ "amount": 1, "currency": "EUR" }),
        json!("eur"),
        json!("DEU"),
        json!("D1"),
        json!("+49 (30) 123-45.67"),
        json!("+0123456789"),
        json!("+123456"),
        json!("+1234567890123456"),
        json!("a@b"),
        json!("a@b@example.com"),
        json!("a b@example.com"),
        json!("a@example.123"),
        json!("a@example.1-2"),
        json!("a@example.1a"),
        json!("a.@example.com"),
        json!("a@-example.com"),
        json!("Ann.O+1@Example.co.uk"),
        json!("prod_01arz3ndektsv4rrffq69g5fau"),
        json!("prod_81arz3ndektsv4rrffq69g5fav"),
        json!("Coffee"),
        json!("coffee--mugs"),
        json!("-coffee"),
        json!("coffee-mugs-2"),
        json!(" "),
        json!("\u{e4}\u{f6}\u{fc}\u{df}"),
        json!(" a lamp of brass \n"),
        json!("\u{85}a lamp of brass\u{a0}"),
        json!("a lamp\nof\tbrass and glass"),
        json!("a lamp of \u{0}brass"),
        json!("a lamp of \u{9b}brass"),
        json!("  a "),
        json!(" ab"),
        json!(" a b "),
        json!(format!("{}@example.com", "a".repeat(64))),
        json!(format!("{}@example.com", "a".repeat(65))),
        json!("ann@127.0.0.1"),
        json!("ann@example.1a"),
        json!("Ann wrote: ann@example.com"),
    ];
    found.extend(LENGTHS.map(|it| json!(text(it))));
    found.extend(NUMBERS.map(|it| json!(it)));
    add_words(&contract.document()["components"]["schemas"], &mut found);
    found
}

/// Every place in a body: members of objects, at any depth.
fn places(body: &Map<String, Value>, at: &[String], found: &mut Vec<Vec<String>>) {
    for (name, member) in body {
        let place = [at, std::slice::from_ref(name)].concat();
        if let Value::Object(inner) = member {
            places(inner, &place, found);
        }
        found.push(place);
    }
}

/// A body with something else at a place.
fn with(body: &Value, place: &[String], value: &Value) -> Value {
    let mut body = body.clone();
    let (name, path) = place.split_last().unwrap();
    let mut object = &mut body;
    for step in path {
        object = &mut object[step];
    }
    let object = object.as_object_mut().unwrap();
    if *value == json!(ABSENT) {
        object.remove(name);
    } else {
        object.insert(name.clone(), value.clone());
    }
    body
}

/// Whether a body is refused for nothing but a password that is easily guessed, which no schema
/// can say.
fn is_guessed(read: &Result<(), Problem>) -> bool {
    let Err(Problem::Invalid(fields)) = read else {
        return false;
    };
    let reasons = ["guessed first", "everybody knows of you"];
    let mut details = fields.iter().map(|it| &it.detail);
    details.all(|detail| reasons.iter().any(|it| detail.contains(it)))
}

/// Bodies of which contract and code don't think the same.
fn differences(contract: &Contract, operation: &str, bodies: &[Value], reads: Read) -> Faults {
    let place = contract.operation(operation);
    let schema = "requestBody/content/application~1json/schema";
    let schema = contract
        .resolve(&format!("{}/{schema}", place.pointer))
        .pointer;
    let candidates = candidates(contract);
    let mut faults = Faults::new();
    let mut judge = |body: &Value| {
        let allowed = contract.check(&schema, body).is_ok();
        let read = reads(body.to_string().as_bytes());
        if allowed != (read.is_ok() || is_guessed(&read)) {
            faults.push(format!(
                "{operation}: allowed {allowed}, {read:?}: {body:.300}"
            ));
        }
    };
    for body in bodies {
        judge(body);
        let mut found = Vec::new();
        places(body.as_object().unwrap(), &[], &mut found);
        found.push(vec!["surprise".to_owned()]);
        for place in found {
            for candidate in &candidates {
                judge(&with(body, &place, candidate));
            }
        }
    }
    faults
}

/// Good bodies of an operation that together have every field: its event's, with what may be
/// left out.
fn good_bodies(operation: &str) -> Vec<Value> {
    let event = file_of_json(&format!("events/{operation}.json"));
    let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let more = match operation {
        "checkout" => {
            body["shippingAddress"]["line2"] = json!("Back yard");
            body["shippingAddress"]["phone"] = json!("+4930123456");
            json!({})
        }
        "logout" | "admin-logout" => json!({ "everywhere": false }),
        "admin-login" => json!({ "device": "The office" }),
        "admin-create-user" => json!({ "phone": "+4930123456" }),
        "admin-create-product" => json!({ "sku": "POT-7" }),
        "admin-update-product" => json!({
            "name": "Blue Pot", "description": "Blue.", "category": "teapots",
            "status": "draft", "version": 3,
        }),
        "admin-search-customers" => json!({ "orderId": null }),
        "admin-update-order" => json!({ "paid": true, "version": 3 }),
        "admin-save-category" => json!({ "version": 3 }),
        "admin-update-user" => json!({ "status": "disabled", "version": 3 }),
        _ => json!({}),
    };
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    if operation == "admin-search-customers" {
        let mut by_order = body.clone();
        by_order["email"] = Value::Null;
        by_order["orderId"] = json!("ord_01arz3ndektsv4rrffq69g5fav");
        return vec![body, by_order];
    }
    vec![body]
}

/// Every field that a schema of an operation's body names is in one of the good bodies.
fn all_fields_are_there(contract: &Contract, pointer: &str, bodies: &[&Value]) -> Faults {
    let schema = contract.resolve(pointer);
    let mut faults = Faults::new();
    for choice in 0..schema.value["anyOf"].as_array().map_or(0, Vec::len) {
        let pointer = format!("{}/anyOf/{choice}", schema.pointer);
        faults.extend(all_fields_are_there(contract, &pointer, bodies));
    }
    for name in schema.value["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
    {
        let inner: Vec<&Value> = bodies.iter().filter_map(|it| it.get(name)).collect();
        if inner.is_empty() {
            faults.push(format!("{}: no good body has {name}", schema.pointer));
        }
        let pointer = format!("{}/properties/{name}", schema.pointer);
        let target = schema.value["properties"][name]["$ref"].as_str();
        let pointer = target.map_or(pointer, |it| it.trim_start_matches('#').to_owned());
        faults.extend(all_fields_are_there(contract, &pointer, &inner));
    }
    faults
}

#[test]
fn contract_and_code_take_the_same_bodies() {
    let contract = own();
    let with_body = contract.operations().iter();
    let with_body =
        with_body.filter(|it| contract.resolve(&it.pointer).value["requestBody"].is_object());
    let mut faults = Faults::new();
    for operation in with_body.map(|it| it.id.as_str()) {
        let bodies = good_bodies(operation);
        let schema = "requestBody/content/application~1json/schema";
        let schema = format!("{}/{schema}", contract.operation(operation).pointer);
        let judged: Vec<&Value> = bodies.iter().collect();
        faults.extend(all_fields_are_there(contract, &schema, &judged));
        let reader = READERS.iter().find(|(name, _)| *name == operation);
        let (_, reads) = reader.unwrap_or_else(|| panic!("no reader of {operation}"));
        faults.extend(differences(contract, operation, &bodies, *reads));
    }
    assert!(faults.is_empty(), "{} faults: {faults:#?}", faults.len());
}

#[test]
fn a_limit_that_differs_is_found() {
    let mut document = own().document().clone();
    let schemas = &mut document["components"]["schemas"];
    schemas["Quantity"]["maximum"] = json!(100);
    schemas["NewPassword"]["minLength"] = json!(7);
    schemas["SignInRequest"]["properties"]["device"]["type"] = json!("string");
    schemas["NewProduct"]["required"] = json!([]);
    schemas["UploadRequest"]["additionalProperties"] = json!(true);
    let contract = Contract::read(document);
    for operation in [
        "set-cart-item",
        "register",
        "login",
        "admin-create-product",
        "admin-upload",
    ] {
        let (_, reads) = READERS.iter().find(|(name, _)| *name == operation).unwrap();
        let faults = differences(&contract, operation, &good_bodies(operation), *reads);
        assert!(!faults.is_empty(), "{operation}");
        let faults = differences(own(), operation, &good_bodies(operation), *reads);
        assert_eq!(faults, [""; 0], "{operation}");
    }
    let absent = json!({ "email": "ann@example.com", "password": "tall grass 77" });
    let login = "/components/schemas/SignInRequest";
    assert_eq!(all_fields_are_there(own(), login, &[&absent]).len(), 1);
}
