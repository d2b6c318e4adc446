//! The files of the workspace.

use std::path::{Path, PathBuf};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file by its path in the workspace.
pub(crate) fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of what a folder of the workspace holds, in order.
pub(crate) fn names_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Every Rust file below a folder of the workspace: its path from that folder,
/// and its text.
pub(crate) fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            let below = rust_files(&path).into_iter();
            found.extend(below.map(|(inner, text)| (format!("{name}/{inner}"), text)));
        } else if Path::new(&name).extension().is_some_and(|it| it == "rs") {
            found.push((name, read(&path)));
        }
    }
    found
}
