//! The simulator's seam: nothing that is deployed has it, and nothing goes around it.

use crate::Faults;
use crate::cargo::resolved;
use crate::files::{names_in, read, rust_files};
use crate::imports::tokens;

/// What only a simulation may turn on: a crate, and one of its features.
const SEAM: [(&str, &str); 2] = [("shared", "simulation"), ("tokio", "test-util")];

/// What of the seam is turned on, of crates that are there at all.
fn seam_in(tree: &str) -> Faults {
    let mut faults = Faults::new();
    for (name, feature) in SEAM {
        let start = format!("{name} v");
        let mut lines = tree
            .lines()
            .filter(|line| line.starts_with(&start))
            .peekable();
        assert!(lines.peek().is_some(), "{name} was not read");
        let features = lines.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0));
        if features
            .flat_map(|it| it.split(','))
            .any(|it| it == feature)
        {
            faults.push(format!("{name} has {feature}"));
        }
    }
    faults
}

#[test]
fn no_build_of_a_function_resolves_the_simulators_features() {
    // `cargo run`, and what it builds then; the tests; and each function by itself, as SAM does.
    let functions = names_in("functions");
    let together: Vec<&str> = functions.iter().flat_map(|it| ["-p", it]).collect();
    let mut builds = vec![
        vec!["-p", "local"],
        [vec!["-p", "local"], together].concat(),
    ];
    builds.extend(functions.iter().map(|it| vec!["-p", it]));
    for build in &mut builds {
        build.extend(["--edges", "normal,build"]);
    }
    builds.push(vec!["--workspace"]);
    for build in builds {
        assert_eq!(seam_in(&resolved(&build)), [""; 0], "{build:?}");
    }
    let simulator = resolved(&["-p", "tests", "--features", "simulation"]);
    let on = ["shared has simulation", "tokio has test-util"];
    assert_eq!(seam_in(&simulator), on);
    assert!(!read("template.yaml").contains("--features"));
}

/// What reads a clock of the process itself, of the standard library or of a crate.
const CLOCKS: [[&str; 3]; 6] = [
    ["Instant", "::", "now"],
    ["SystemTime", "::", "now"],
    ["OffsetDateTime", "::", "now_utc"],
    ["OffsetDateTime", "::", "now_local"],
    ["UtcDateTime", "::", "now"],
    ["Utc", "::", "now"],
];

/// What is asked for random bytes, or draws them by itself.
const RANDOM: [&str; 12] = [
    "OsRng",
    "RandomState",
    "SysRng",
    "SystemRandom",
    "Uuid",
    "fastrand",
    "from_entropy",
    "from_os_rng",
    "getrandom",
    // The salt of a password.
    "hash_password",
    "rand_core",
    "thread_rng",
];

/// Where the code goes around the seam: reads a clock, or asks the system for random bytes.
fn around_the_seam(path: &str, source: &str) -> Faults {
    let tests = source.find("\n#[cfg(test)]\nmod ");
    let words = tokens(&source[..tests.unwrap_or(source.len())]);
    let mut faults = Faults::new();
    for clock in CLOCKS {
        if words.windows(clock.len()).any(|it| it == clock) {
            faults.push(format!("{path} reads {}", clock.concat()));
        }
        // By another name it would be found nowhere.
        if words.windows(2).any(|it| it == [clock[0], "as"]) {
            faults.push(format!("{path} renames {}", clock[0]));
        }
    }
    if words.iter().any(|it| it == "get_current_timestamp") {
        faults.push(format!("{path} reads jsonwebtoken's clock"));
    }
    // Of an instant, as of a time, it asks the clock.
    if words.windows(3).any(|it| it == [".", "elapsed", "("]) {
        faults.push(format!("{path} asks what has elapsed"));
    }
    // Those of aws-lc, and those of the crate of this name.
    if words
        .windows(2)
        .any(|it| it == ["rand", "::"] || it == ["rand", "as"])
    {
        faults.push(format!("{path} asks rand for random bytes"));
    }
    // A pair is made of a seed, and a hash with a salt, that the seam gave.
    if words.windows(3).any(|it| {
        it[1] == "::" && it[0].ends_with("KeyPair") && it[2].starts_with("generate")
            || it == ["bcrypt", "::", "hash"]
    }) {
        faults.push(format!("{path} has a crate draw random bytes"));
    }
    for name in RANDOM {
        if words.iter().any(|it| it == name) {
            faults.push(format!("{path} asks {name} for random bytes"));
        }
    }
    faults
}

#[test]
fn clocks_and_random_bytes_are_asked_for_in_the_seam_alone() {
    let seam = ["values/clock.rs", "values/simulated.rs", "values/random.rs"];
    let mut faults = Faults::new();
    for (path, source) in rust_files("shared/src") {
        let own = around_the_seam(&path, &source);
        if seam.contains(&path.as_str()) {
            assert!(!own.is_empty(), "{path} is no part of the seam");
        } else if !path.ends_with("tests.rs") {
            faults.extend(own);
        }
    }
    let functions = rust_files("functions");
    assert!(functions.len() >= names_in("functions").len());
    for (path, source) in functions {
        faults.extend(around_the_seam(&format!("functions/{path}"), &source));
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn who_goes_around_the_seam_is_found() {
    let source = "use std::time::Instant;
        fn f() { Instant::now(); rand::fill(&mut b); x.elapsed(); } // SystemTime::now()
#[cfg(test)]
mod tests { fn g() { SystemTime::now() } }";
    assert_eq!(
        around_the_seam("x.rs", source),
        [
            "x.rs reads Instant::now",
            "x.rs asks what has elapsed",
            "x.rs asks rand for random bytes"
        ]
    );
    for (source, fault) in [
        ("use std::time::SystemTime as Clock;", "renames SystemTime"),
        (
            "fn f() { time::UtcDateTime::now(); }",
            "reads UtcDateTime::now",
        ),
        (
            "fn f() -> u64 { jsonwebtoken::get_current_timestamp() }",
            "reads jsonwebtoken's clock",
        ),
        ("use aws_lc_rs::rand::{SecureRandom, fill};", "asks rand"),
        ("use aws_lc_rs::rand as bytes;", "asks rand"),
        ("fn f(it: &SystemRandom) {}", "asks SystemRandom"),
        ("fn f() { getrandom::fill(&mut b); }", "asks getrandom"),
        ("fn f() { fastrand::u64(..); }", "asks fastrand"),
        ("fn f() { bcrypt::hash(it, 10); }", "has a crate draw"),
        ("fn f() { Ed25519KeyPair::generate(); }", "has a crate draw"),
    ] {
        let found = around_the_seam("x.rs", source);
        assert!(
            found.iter().any(|it| it.contains(fault)),
            "{source}: {found:?}"
        );
    }
    for source in [
        "use std::time::Instant; fn f(it: Instant) -> Result<(), Elapsed> {}",
        "fn f() { clock::now(); random_bytes(); super::random::bytes(); } // fastrand",
        "fn f() { OrderId::generate(); Ed25519KeyPair::from_seed_unchecked(&seed); }",
    ] {
        assert_eq!(around_the_seam("x.rs", source), [""; 0], "{source}");
    }
    let tree = "shared v0.1.0 (/x) [simulation]\ntokio v1.5.0 [macros,rt,test-util] (*)\n";
    assert_eq!(
        seam_in(tree),
        ["shared has simulation", "tokio has test-util"]
    );
    let tree = "shared v0.1.0 (/x) []\ntokio v1.5.0 [rt]\nmock v1.0.0 [test-util]\n";
    assert_eq!(seam_in(tree), [""; 0]);
}
