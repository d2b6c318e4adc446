//! The planted mistakes of `tests/mutants/` fit the code as it is, so that whoever changes checkout
//! keeps them alive: each still applies, changes the product alone, and says what it breaks.

use std::collections::BTreeMap;

use crate::Faults;
use crate::files::{names_in, read};

/// What a patch says in its first lines.
const HEADINGS: [&str; 3] = ["Plants: ", "Breaks: ", "Reported as: "];

/// How many there are.
const COUNT: usize = 26;

/// Returns what is wrong with a patch. `read` returns the text of a file of the workspace, or `None`
/// if there is none.
fn faults(patch: &str, read: impl Fn(&str) -> Option<String>) -> Faults {
    let mut faults = Faults::new();
    let (header, files) = patch.split_once("\ndiff --git ").unwrap_or((patch, ""));
    for heading in HEADINGS {
        if !header.lines().any(|line| line.starts_with(heading)) {
            faults.push(format!("it does not say `{heading}…`"));
        }
    }
    if files.is_empty() {
        faults.push("it changes nothing".to_owned());
        return faults;
    }
    for file in files.split("\ndiff --git ") {
        let path = file.lines().find_map(|line| line.strip_prefix("--- a/"));
        let path = path.unwrap_or_default();
        if !path.starts_with("shared/src/") {
            faults.push(format!("`{path}` is not the product's code"));
        }
        let Some(text) = read(path) else {
            faults.push(format!("there is no `{path}`"));
            continue;
        };
        let mut rest = text.as_str();
        for hunk in file.split("\n@@ ").skip(1) {
            let old = before(hunk);
            // Each hunk applies behind the one before it.
            match rest.find(&old).filter(|_| !old.is_empty()) {
                Some(at) => rest = &rest[at + old.len()..],
                None => faults.push(format!("`{path}` has nowhere:\n{old}")),
            }
        }
    }
    faults
}

/// Returns the lines that a hunk expects in the file: those that it keeps and those that it removes.
fn before(hunk: &str) -> String {
    let lines = hunk.lines().skip(1);
    let old = lines.filter_map(|line| line.strip_prefix([' ', '-']));
    old.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn every_planted_mistake_fits_the_code() {
    let names = names_in("tests/mutants");
    let patches = names.iter().filter(|name| name.ends_with(".patch"));
    let patches: BTreeMap<_, _> = patches
        .map(|name| (name, read(&format!("tests/mutants/{name}"))))
        .collect();
    // As many as there are: whoever takes one away says so here.
    assert_eq!(patches.len(), COUNT, "{:?}", patches.keys());
    for (name, patch) in patches {
        let found = faults(&patch, |path| {
            path.starts_with("shared/").then(|| read(path))
        });
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

const PATCH: &str = "\
Plants: one.
Breaks: two.
Reported as: I1

diff --git a/shared/src/a.rs b/shared/src/a.rs
--- a/shared/src/a.rs
+++ b/shared/src/a.rs
@@ -1,3 +1,3 @@ fn a()
 one
-two
+zwei
 three
@@ -5,2 +5,3 @@
 five
+fünfeinhalb
 six
";

#[test]
fn a_patch_that_does_not_fit_is_found() {
    let text = "one\ntwo\nthree\nfour\nfive\nsix\n";
    let found = |patch: &str, text: Option<&str>| faults(patch, |_| text.map(str::to_owned));
    assert_eq!(found(PATCH, Some(text)), Faults::new());
    for (changed, fault) in [
        ("one\n2\nthree\nfour\nfive\nsix\n", "has nowhere:\none\ntwo"),
        (
            "one\ntwo\nthree\nfour\nfive\n\nsix\n",
            "has nowhere:\nfive\nsix",
        ),
        ("five\nsix\none\ntwo\nthree\n", "has nowhere:\nfive\nsix"),
    ] {
        let found = found(PATCH, Some(changed));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(fault), "{found:?}");
    }
    assert_eq!(found(PATCH, None), ["there is no `shared/src/a.rs`"]);
    for (part, by, fault) in [
        (
            "Reported as: ",
            "Reported: ",
            "does not say `Reported as: …`",
        ),
        ("a/shared/", "a/tests/", "is not the product's code"),
        ("\ndiff --git", "\ndiff", "it changes nothing"),
    ] {
        let found = found(&PATCH.replace(part, by), Some(text));
        assert!(found.iter().any(|it| it.contains(fault)), "{found:?}");
    }
}
