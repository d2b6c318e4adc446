//! What cargo resolves, from what is downloaded already.

use std::process::Command;

use crate::files::root;

/// The crates of a build with these options of `cargo tree`, a line each: name, version, path,
/// and in brackets the features.
pub(crate) fn resolved(options: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--format", "{p} [{f}]"])
        .args(options)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{options:?}: {errors}");
    String::from_utf8(tree.stdout).unwrap()
}
