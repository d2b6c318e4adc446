//! The words of the contract's enums and the codes of its problems are the code's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::own;
use crate::files::read;

/// The enums that answers and requests have in common with the code.
const ENUMS: [(&str, &str, &str); 10] = [
    ("Availability", "catalogue/product.rs", "Availability"),
    ("ProductStatus", "catalogue/product.rs", "ProductStatus"),
    ("OrderStatus", "orders/order.rs", "OrderStatus"),
    ("PaymentMethod", "orders/order.rs", "PaymentMethod"),
    ("PaymentStatus", "orders/order.rs", "PaymentStatus"),
    ("PictureType", "pictures/upload.rs", "PictureType"),
    ("Role", "identity/user.rs", "Role"),
    ("UserStatus", "identity/user.rs", "UserStatus"),
    ("AuditAction", "audit/record.rs", "Action"),
    ("UploadStatus", "pictures/upload.rs", "UploadStatus"),
];

/// The words of an enum without data: what `strum` is told, else its variants in kebab case.
fn words(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("enum {name} {{")).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let lines: Vec<&str> = body.lines().map(str::trim).collect();
    let told = lines
        .iter()
        .filter_map(|it| it.strip_prefix("#[strum(serialize = \""));
    let told: BTreeSet<String> = told
        .map(|it| it.trim_end_matches("\")]").to_owned())
        .collect();
    if !told.is_empty() {
        return told;
    }
    let variants = lines.iter().filter_map(|it| it.strip_suffix(','));
    let variants = variants.filter(|it| it.chars().all(char::is_alphanumeric));
    variants.map(kebab).collect()
}

fn kebab(variant: &str) -> String {
    let mut word = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// The words that a schema allows.
fn allowed(schema: &Value) -> BTreeSet<String> {
    let words = schema["enum"].as_array().map(Vec::as_slice);
    let words = words.unwrap_or(std::slice::from_ref(&schema["const"]));
    let words = words.iter().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

/// The statuses and codes that a source of problems writes: `409 out-of-stock`.
fn problems(source: &str) -> BTreeSet<String> {
    let mut words = source
        .split([',', '(', '\n'])
        .map(str::trim)
        .filter(|it| !it.is_empty());
    let mut found = BTreeSet::new();
    while let Some(word) = words.next() {
        if word.len() == 3 && word.bytes().all(|it| it.is_ascii_digit()) {
            let code = words.next().unwrap_or_default();
            found.insert(format!("{word} {}", code.trim_matches('"')));
        }
    }
    found
}

#[test]
fn the_words_of_enums_are_the_codes() {
    let schemas = &own().document()["components"]["schemas"];
    for (schema, file, name) in ENUMS {
        let mut expected = words(&read(&format!("shared/src/{file}")), name);
        // What is being judged is pending for whoever asks.
        expected.remove("judging");
        let found = match schema {
            // One form for each kind of status.
            "UploadStatus" => {
                let status = |name: &str| allowed(&schemas[name]["properties"]["status"]);
                let form = status("PendingUpload");
                let forms: BTreeSet<_> = form.union(&status("FinishedUpload")).cloned().collect();
                let states = ["OpenUpload", "ReadyUpload", "RejectedUpload"];
                let states: BTreeSet<_> = states.into_iter().flat_map(status).collect();
                assert_eq!(forms, states);
                forms
            }
            schema => allowed(&schemas[schema]),
        };
        assert!(!expected.is_empty(), "{name}");
        assert_eq!(found, expected, "{schema}");
    }
    let staff = allowed(&schemas["StaffRole"]);
    let mut roles = allowed(&schemas["Role"]);
    assert!(roles.remove("customer"));
    assert_eq!(staff, roles);
}

#[test]
fn the_codes_of_problems_are_those_of_the_one_mapping() {
    let source = read("shared/src/http/problem.rs");
    let (_, mapping) = source.split_once("fn document(self)").unwrap();
    let (mapping, _) = mapping.split_once("\n    }\n").unwrap();
    let expected = problems(mapping);
    let schemas = &own().document()["components"]["schemas"];
    let choices = schemas["Problem"]["oneOf"].as_array().unwrap();
    let found = choices.iter().map(|choice| {
        let name = choice["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let properties = &schemas[name]["properties"];
        let code = properties["code"]["const"].as_str().unwrap();
        let kind = format!("/problems/{code}");
        assert_eq!(properties["type"]["const"], kind, "{name}");
        format!("{} {code}", properties["status"]["const"])
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() >= 16, "{expected:?}");
}

#[test]
fn words_and_problems_are_read_from_sources() {
    let source = "pub enum Other {\n    No,\n}\n\npub enum Kind {\n    /// One, two.\n    \
                  OneWord,\n    Two,\n}\npub enum Named {\n    #[strum(serialize = \"a/b\")]\n    A,\n}";
    assert_eq!(Vec::from_iter(words(source, "Kind")), ["one-word", "two"]);
    assert_eq!(Vec::from_iter(words(source, "Named")), ["a/b"]);
    let source = "A => (404, \"not-found\", \"Not Found\"),\n B => (\n 409,\n \"gone\",\n";
    assert_eq!(
        Vec::from_iter(problems(source)),
        ["404 not-found", "409 gone"]
    );
}
