//! Nothing is exported by `shared` that no other crate of the workspace names.

use std::collections::BTreeSet;

use crate::Faults;
use crate::files::rust_files;
use crate::imports::{Crate, paths_into};

/// The exports that none of these paths names.
fn unused(exports: &BTreeSet<Vec<String>>, named: &BTreeSet<Vec<String>>) -> Faults {
    let is_named = |export: &[String]| named.iter().any(|path| path.starts_with(export));
    let unused = exports.iter().filter(|it| !is_named(it));
    unused.map(|it| it.join("::")).collect()
}

/// The examples in a source's documentation.
fn examples(source: &str) -> String {
    let lines = source.lines().map(str::trim_start);
    let comments = lines.filter_map(|it| it.strip_prefix("///").or_else(|| it.strip_prefix("//!")));
    let mut is_example = false;
    let mut examples = String::new();
    for line in comments {
        if line.trim_start().starts_with("```") {
            is_example = !is_example;
        } else if is_example {
            // A line that is compiled and not shown.
            let line = line.trim_start();
            examples.push_str(line.strip_prefix("# ").unwrap_or(line));
            examples.push('\n');
        }
    }
    examples
}

#[test]
fn everything_that_shared_exports_is_named_by_another_crate() {
    let exports = Crate::of_workspace("shared/src", "lib.rs").exports();
    assert!(exports.len() > 50, "{exports:?}");
    let users = ["functions", "local", "tests"]
        .into_iter()
        .flat_map(rust_files);
    let mut named: BTreeSet<Vec<String>> = users
        .flat_map(|(_, source)| paths_into("shared", &source))
        .collect();
    for (_, source) in rust_files("shared/src") {
        named.extend(paths_into("shared", &examples(&source)));
    }
    let faults = unused(&exports, &named);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_export_that_nobody_names_is_found() {
    let files = [
        (
            "lib.rs",
            "pub mod orders; mod inner; pub use inner::{Deep, Unused as Other}; pub(crate) struct P;
             pub use inner::*; pub async fn serve() {} mod serve { pub fn hidden() {} } #[cfg(test)] pub mod tests;",
        ),
        ("inner.rs", "pub struct Deep; pub struct Unused;"),
        (
            "orders.rs",
            "pub struct Order { pub id: u8 } impl Order { pub fn new() {} } pub const fn none() {}
             pub trait Listed {} pub enum Status {} pub(super) type Id = u8; struct Own;",
        ),
    ];
    let exports = Crate::of(&files, "lib.rs").exports();
    let user = "use shared::{orders, Deep}; // shared::Other
        fn f() { orders::Order::new(); shared::serve() }
        #[cfg(test)] mod tests { use shared::orders::{Listed as _, other}; }";
    let documented = "
        /// ```
        /// # use shared::orders::Status;
        /// ```
        /// Not `shared::Other`.
        fn f() {}";
    let mut named = paths_into("shared", user);
    named.extend(paths_into("shared", &examples(documented)));
    assert_eq!(unused(&exports, &named), ["*", "Other", "orders::none"]);
}
