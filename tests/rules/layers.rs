//! Who may import whom within `shared`: a layer itself and those below it, an area every layer
//! and the areas that ARCHITECTURE.md lists for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Faults;
use crate::files::read;
use crate::imports::Crate;

/// The layers of `shared`, the lowest first. Whatever else stands beside them is an area.
const LAYERS: [&str; 9] = [
    "values",
    "input",
    "aws",
    "dynamodb",
    "telemetry",
    "http",
    "identity",
    "limits",
    "audit",
];

/// The heading under which ARCHITECTURE.md lists which area may import which.
const HEADING: &str = "Which area may import which";

/// An area, and another that it may import or imports.
type Arrows = BTreeSet<(String, String)>;

/// Reads lines such as "- `orders` → `catalogue`, `accounts`".
fn listed(document: &str) -> Arrows {
    let is_heading = |line: &str| line.starts_with('#');
    let mut lines = document.lines();
    let found =
        lines.any(|line| is_heading(line) && line.trim_start_matches(['#', ' ']) == HEADING);
    assert!(found, "no heading says: {HEADING}");
    let list = lines.take_while(|line| !is_heading(line));
    let sides = list.filter_map(|line| line.split_once('→'));
    sides
        .flat_map(|(from, to)| {
            let from = quoted(from).last().unwrap();
            quoted(to).map(move |to| (from.to_owned(), to.to_owned()))
        })
        .collect()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What is wrong with the imports of `shared`, given what the document lists.
fn wrong_imports(shared: &Crate, listed: &Arrows) -> Faults {
    let mut faults = Faults::new();
    let mut used = Arrows::new();
    let layer = |name: &str| LAYERS.iter().position(|it| *it == name);
    for import in shared.imports() {
        // The root only declares.
        let Some(from) = import.from.first() else {
            continue;
        };
        let (from_file, to_file) = (&import.from_file, &import.to_file);
        let Some(to) = import.to.first() else {
            faults.push(format!("{from_file} imports from {to_file}"));
            continue;
        };
        match (layer(from), layer(to)) {
            (Some(from), Some(to)) if to > from => {
                faults.push(format!("{from_file} imports upwards from {to_file}"));
            }
            (Some(_), None) => faults.push(format!("{from_file} imports an area: {to_file}")),
            (None, None) if from != to => {
                let arrow = (from.clone(), to.clone());
                if !listed.contains(&arrow) {
                    faults.push(format!("{from_file} imports another area: {to_file}"));
                }
                used.insert(arrow);
            }
            _ => {}
        }
    }
    let unused = listed.difference(&used);
    faults.extend(unused.map(|(from, to)| format!("{from} → {to} is listed and not so")));
    faults
}

#[test]
fn every_file_of_shared_imports_from_its_own_layer_and_lower_ones() {
    let shared = Crate::of_workspace("shared/src", "lib.rs");
    let layers: BTreeSet<String> = shared
        .imports()
        .into_iter()
        .filter_map(|it| it.from.into_iter().next())
        .collect();
    for layer in LAYERS.iter().skip(1) {
        assert!(layers.contains(*layer), "{layer} was not read");
    }
    let faults = wrong_imports(&shared, &listed(&read("ARCHITECTURE.md")));
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_import_upwards_and_an_arrow_that_is_not_listed_are_found() {
    let document = "# Map
`values` → `http`

## Which area may import which
An area imports only these:

- `orders` → `catalogue`, `accounts`
- `accounts` → `staff`

## More
`staff` → `orders`
";
    let listed = listed(document);
    let expected = [
        ("accounts", "staff"),
        ("orders", "accounts"),
        ("orders", "catalogue"),
    ];
    let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(listed, BTreeSet::from(expected));

    let files = BTreeMap::from([
        (
            "lib.rs",
            "pub mod values; mod dynamodb; mod http; mod orders; mod catalogue; mod accounts; \
             mod staff; fn f() { values::v() }",
        ),
        ("values.rs", "use crate::http::Problem;"),
        (
            "dynamodb.rs",
            "use crate::{orders, values::Money}; fn d() { super::f() }",
        ),
        (
            "http.rs",
            "pub struct Problem; fn h() { crate::dynamodb::d() }",
        ),
        (
            "orders.rs",
            "use super::http::Problem; use crate::catalogue::C;",
        ),
        (
            "catalogue.rs",
            "use crate::orders::O; pub use crate::accounts::A;",
        ),
        ("accounts.rs", "pub struct A; fn a() { crate::staff::s() }"),
        (
            "staff.rs",
            "fn s() { crate::dynamodb::d(); crate::values::v() }",
        ),
    ]);
    let files = Vec::from_iter(files);
    let faults = wrong_imports(&Crate::of(&files, "lib.rs"), &listed);
    let expected = [
        "catalogue.rs imports another area: accounts.rs",
        "catalogue.rs imports another area: orders.rs",
        "dynamodb.rs imports from lib.rs",
        "dynamodb.rs imports an area: orders.rs",
        "values.rs imports upwards from http.rs",
        "orders → accounts is listed and not so",
    ];
    assert_eq!(faults, expected);
}
