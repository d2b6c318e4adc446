//! SECURITY.md says what is true: the tests that it names exist, and what the code
//! writes down is named in it. Each rule has a twin with planted faults, since a rule
//! that looks at nothing holds as well.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is wrong, a sentence each.
type Faults = Vec<String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document() -> String {
    std::fs::read_to_string(root().join("SECURITY.md")).unwrap()
}

/// Every source file below a folder, with its module: the file's name, or the
/// folder's where the file is called `tests.rs`.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let named = match path.ends_with("tests.rs") {
                true => path.parent().unwrap(),
                false => path.as_path(),
            };
            let module = named.file_stem().unwrap().to_str().unwrap().to_owned();
            found.push((module, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn all_sources() -> Vec<(String, String)> {
    let folders = ["tests/src", "shared/src", "local"];
    let found = folders.map(|it| sources(&root().join(it)));
    found.into_iter().flatten().collect()
}

/// The tests of these sources, as `module::name`.
fn tests(sources: &[(String, String)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (module, source) in sources {
        let mut is_test = false;
        for line in source.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(name) = function(line) {
                if is_test {
                    names.insert(format!("{module}::{name}"));
                }
                is_test = false;
            }
        }
    }
    names
}

/// The function that a line begins, if it begins one.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line);
    let (name, _) = rest.strip_prefix("fn ")?.split_once('(')?;
    Some(name)
}

/// What stands between backticks in a text, its blocks of commands left out.
fn quoted(text: &str) -> BTreeSet<&str> {
    let blocks = text.split("\n```").step_by(2);
    blocks
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
        .collect()
}

/// Whether something between backticks is meant for a test: `module::name`.
fn is_claim(word: &str) -> bool {
    let plain = |it: &str| {
        let mut bytes = it.bytes();
        !it.is_empty()
            && bytes.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
    };
    word.split_once("::")
        .is_some_and(|(module, name)| plain(module) && plain(name))
}

fn claims(text: &str) -> BTreeSet<&str> {
    let words = quoted(text).into_iter();
    words.filter(|it| is_claim(it)).collect()
}

fn tests_that_do_not_exist(text: &str, tests: &BTreeSet<String>) -> Faults {
    let claims = claims(text).into_iter();
    let missing = claims.filter(|it| !tests.contains(*it));
    missing.map(|it| format!("{it} is no test")).collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let text = document();
    let tests = tests(&all_sources());
    assert!(tests.contains("security_md::every_test_that_is_named_exists"));
    let faults = tests_that_do_not_exist(&text, &tests);
    assert!(faults.is_empty(), "{faults:#?}");
    // Whatever has the sign of a path and isn't a test is a slip.
    for word in quoted(&text).into_iter().filter(|it| it.contains("::")) {
        assert!(is_claim(word), "{word}");
    }
    assert!(claims(&text).len() > 100, "{}", claims(&text).len());
}

#[test]
fn a_made_up_test_is_found() {
    let source = "
#[test]
fn a_plain_one() {}
#[tokio::test]
#[ignore]
async fn one_that_waits() {}
fn no_test() {}
";
    let known = tests(&[("walls".to_owned(), source.to_owned())]);
    let expected = ["walls::a_plain_one", "walls::one_that_waits"];
    assert_eq!(Vec::from_iter(&known), expected);
    let text = "Held by `walls::a_plain_one` `walls::one_that_waits`, not by `walls::no_test`.

```sh
echo `walls::in_a_command`
```

Nor by `doors::a_plain_one`, and `Walls::Type` or `walls` is no claim.
";
    let faults = tests_that_do_not_exist(text, &known);
    let expected = ["doors::a_plain_one is no test", "walls::no_test is no test"];
    assert_eq!(faults, expected);
}

/// The part of a source from a line that begins so to the end of what it begins.
fn item<'a>(source: &'a str, start: &str) -> &'a str {
    let found = source.lines().find(|it| it.trim_start().starts_with(start));
    let line = found.unwrap_or_else(|| panic!("{start} is not there"));
    let indent = &line[..line.len() - line.trim_start().len()];
    let (_, rest) = source.split_once(&format!("{line}\n")).unwrap();
    let end = rest.find(&format!("\n{indent}}}")).unwrap();
    &rest[..end]
}

/// The texts of a source between double quotes that are directly before this.
fn before<'a>(source: &'a str, sign: &str) -> Vec<&'a str> {
    let pieces: Vec<&str> = source.split('"').collect();
    let pairs = pieces.windows(2).skip(1).step_by(2);
    let pairs = pairs.filter(|pair| pair[1].trim_start().starts_with(sign));
    pairs.map(|pair| pair[0]).collect()
}

/// What a source passes to the log as the name of what failed.
fn warnings(source: &str) -> Vec<&str> {
    let calls = ["log::warn(", "log::failure("];
    let arguments = calls.iter().flat_map(|call| source.split(call).skip(1));
    arguments
        .map(|argument| {
            let argument = argument.trim_start();
            if let Some(text) = argument.strip_prefix('"') {
                return text.split('"').next().unwrap();
            }
            let (name, _) = argument.split_once(',').unwrap();
            let (_, value) = source
                .split_once(&format!("const {name}: &str = \""))
                .unwrap_or_else(|| panic!("{name} has no text in this file"));
            value.split('"').next().unwrap()
        })
        .collect()
}

/// Every word by which something that happened is found: the events' codes, why a
/// sign-in failed, the audit log's actions, the limits, the metrics.
fn codes(source: impl Fn(&str) -> String) -> BTreeSet<String> {
    let (audit, journal) = (source("audit.rs"), source("journal.rs"));
    let (limit, metrics) = (source("limit.rs"), source("metrics.rs"));
    let mut words = Vec::new();
    words.extend(before(item(&audit, "impl Word for Action"), ", Self::"));
    words.extend(before(
        item(&journal, "impl Word for SignInFailure"),
        ", Self::",
    ));
    words.extend(before(item(&journal, "fn code("), ","));
    words.extend(before(item(&metrics, "fn name_and_unit("), ","));
    for line in limit.lines() {
        if let Some((_, value)) = line.split_once("const SCOPE: &'static str = \"") {
            words.extend(value.split('"').next());
        }
    }
    words.into_iter().map(str::to_owned).collect()
}

fn codes_without_a_word(text: &str, codes: &BTreeSet<String>) -> Faults {
    let named = quoted(text);
    let missing = codes.iter().filter(|it| !named.contains(it.as_str()));
    missing.map(|it| format!("{it} is not named")).collect()
}

#[test]
fn everything_that_is_written_down_is_named() {
    let source = |name: &str| {
        let path = root().join("shared/src").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let mut codes = codes(source);
    for (_, source) in sources(&root().join("shared/src")) {
        codes.extend(warnings(&source).into_iter().map(str::to_owned));
    }
    for known in [
        "signed-in",
        "account-locked",
        "locked",
        "signing-key-rotated",
        "admin-login",
        "Latency",
        "event-failed",
        "label-not-set",
    ] {
        assert!(codes.contains(known), "{known} was not read: {codes:?}");
    }
    let faults = codes_without_a_word(&document(), &codes);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_code_that_nobody_named_is_found() {
    let source = |name: &str| {
        let text = match name {
            "audit.rs" => {
                "
impl Word for Action {
    const WORDS: &'static [(&'static str, Self)] = &[
        (\"door-opened\", Self::DoorOpened),
        (\"door-shut\", Self::DoorShut),
    ];
}
"
            }
            "journal.rs" => {
                "
impl Word for SignInFailure {
    const WORDS: &'static [(&'static str, Self)] = &[(\"no-key\", Self::NoKey)];
}
impl Event<'_> {
    fn code(&self) -> &'static str {
        match self {
            Self::Knocked(_) => \"knocked\",
            Self::Recorded(action, _) => action.as_str(),
        }
    }
    fn other(&self) -> &'static str { \"no code\" }
}
"
            }
            "limit.rs" => "    const SCOPE: &'static str = \"knocks\";\n",
            _ => {
                "
impl Metric {
    fn name_and_unit(self) -> (&'static str, &'static str) {
        match self {
            Self::Knocks => (\"Knocks\", \"Count\"),
        }
    }
}
"
            }
        };
        text.to_owned()
    };
    let codes = codes(source);
    let expected = [
        "Knocks",
        "door-opened",
        "door-shut",
        "knocked",
        "knocks",
        "no-key",
    ];
    assert_eq!(Vec::from_iter(&codes), expected);
    let text = "`door-opened`, `knocked` because of `no-key`; `Knocks`, but knocks in plain.";
    let faults = codes_without_a_word(text, &codes);
    assert_eq!(faults, ["door-shut is not named", "knocks is not named"]);

    let source = "const STUCK: &str = \"stuck\";
        log::warn(STUCK, &error); log::failure(\n\"broken\", &text);";
    assert_eq!(warnings(source), ["stuck", "broken"]);
}
