//! SECURITY.md says what is true: the tests that it names exist, and what the code
//! writes down is named in it. Each rule has a twin with planted faults, since a rule
//! that looks at nothing holds as well.

use std::collections::BTreeSet;

use crate::Faults;
use crate::files::{read, rust_files};

fn document() -> String {
    read("SECURITY.md")
}

/// Every source file below a folder, with its module: the file's name, or the
/// folder's where the file is called `tests.rs` or `mod.rs`.
fn sources(folder: &str) -> Vec<(String, String)> {
    let files = rust_files(folder).into_iter();
    files
        .map(|(path, source)| {
            let whole = format!("{folder}/{path}");
            let named = match whole.rsplit_once('/').unwrap() {
                (folder, "tests.rs" | "mod.rs") => folder,
                _ => whole.trim_end_matches(".rs"),
            };
            (named.rsplit('/').next().unwrap().to_owned(), source)
        })
        .collect()
}

fn all_sources() -> Vec<(String, String)> {
    let folders = ["tests", "shared", "pictures", "local"];
    folders.into_iter().flat_map(sources).collect()
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

/// The variants of an enumeration without data.
fn variants<'a>(source: &'a str, start: &str) -> Vec<&'a str> {
    let lines = item(source, start).lines().map(str::trim);
    lines.filter_map(|line| line.strip_suffix(',')).collect()
}

/// As `strum` spells a variant in kebab case.
fn kebab(variant: &str) -> String {
    let mut word = String::new();
    for (place, letter) in variant.char_indices() {
        if letter.is_uppercase() && place > 0 {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// What a source passes to the log as the name of what failed.
fn warnings(source: &str) -> Vec<&str> {
    let calls = [" warn(", " failure("];
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
    let (records, events) = (source("audit/record.rs"), source("telemetry/security.rs"));
    let (limits, metrics) = (
        source("limits/rate_limit.rs"),
        source("telemetry/metrics.rs"),
    );
    let kebab = |it: Vec<&str>| Vec::from_iter(it.into_iter().map(kebab));
    let mut words = kebab(variants(&records, "pub(crate) enum Action"));
    words.extend(kebab(variants(&events, "pub(crate) enum SignInFailure")));
    let mut plain = before(item(&events, "fn code("), ",");
    plain.extend(variants(&metrics, "pub(crate) enum Metric"));
    for line in limits.lines() {
        if let Some((_, value)) = line.split_once("const NAME: &'static str = \"") {
            plain.extend(value.split('"').next());
        }
    }
    words.extend(plain.into_iter().map(str::to_owned));
    words.into_iter().collect()
}

fn codes_without_a_word(text: &str, codes: &BTreeSet<String>) -> Faults {
    let named = quoted(text);
    let missing = codes.iter().filter(|it| !named.contains(it.as_str()));
    missing.map(|it| format!("{it} is not named")).collect()
}

#[test]
fn everything_that_is_written_down_is_named() {
    let source = |name: &str| read(&format!("shared/src/{name}"));
    let mut codes = codes(source);
    let files = rust_files("shared/src").into_iter();
    // All but those that define the calls.
    for (_, source) in files.filter(|(path, _)| !path.starts_with("telemetry/")) {
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
            "audit/record.rs" => {
                "
pub(crate) enum Action {
    /// Said of a door.
    DoorOpened,
    DoorShut,
}
"
            }
            "telemetry/security.rs" => {
                "
pub(crate) enum SignInFailure {
    NoKey,
}
impl SecurityEvent<'_> {
    fn code(&self) -> &'static str {
        match self {
            Self::Knocked(_) => \"knocked\",
            Self::Recorded { code, .. } => code,
        }
    }
    fn other(&self) -> &'static str { \"no code\" }
}
"
            }
            "limits/rate_limit.rs" => "    const NAME: &'static str = \"knocks\";\n",
            _ => "pub(crate) enum Metric {\n    /// How often.\n    Knocks,\n}\n",
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
        Err(error) => warn(STUCK, &error), }
        failure(\n\"broken\", &text);";
    assert_eq!(warnings(source), ["stuck", "broken"]);
}
