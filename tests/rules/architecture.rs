//! Rules of ARCHITECTURE.md and SECURITY.md about the code that no linter knows;
//! those about template.yaml are in `template.rs`.

use std::collections::BTreeSet;

use der::asn1::{AnyRef, UtcTime};
use der::{Decode, Reader, SliceReader};

use crate::Faults;
use crate::files::{names_in, read, rust_files};
use crate::imports::{Crate, tokens};

/// The functions that work with a crate of their own beside `shared`.
const OWN_CRATES: [(&str, &str); 1] = [("process-image", "pictures")];

/// The functions that read and write files, for which `shared` has AWS's client for S3.
const OF_FILES: [&str; 3] = ["attach-image", "process-image", "sync-images"];

#[test]
fn a_function_crate_depends_on_shared_alone_and_names_nothing_else() {
    let functions = names_in("functions");
    assert!(functions.len() >= 17);
    for name in functions {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
        let (dependencies, _) = dependencies.split_once("\n[").unwrap();
        let own = OWN_CRATES.iter().find(|(function, _)| *function == name);
        let own = own.map(|(_, own)| *own);
        let features = if OF_FILES.contains(&name.as_str()) {
            ", features = [\"files\"]"
        } else {
            ""
        };
        let own_crate = own.map(|it| format!("{it} = {{ workspace = true }}\n"));
        let wanted = own_crate.unwrap_or_default();
        let wanted = format!("{wanted}shared = {{ workspace = true{features} }}");
        assert_eq!(dependencies.trim(), wanted, "{name}");
        // The handler stands in a library of its own where a simulation drives it.
        let files = rust_files(&format!("functions/{name}/src"));
        let source: String = files.into_iter().map(|(_, source)| source).collect();
        for line in source.lines().filter(|line| line.starts_with("use ")) {
            let is_own = own.is_some_and(|own| line.starts_with(&format!("use {own}::")));
            assert!(is_own || line.starts_with("use shared::"), "{name}: {line}");
        }
        // Doors for the demo shop and the tools of an operator.
        for door in [".insert(", "trusted("] {
            assert!(!source.contains(door), "{name} uses {door}");
        }
        assert!(
            source.lines().count() <= 40,
            "{name} is too long to read in a breath"
        );
    }
}

/// The folders of `shared` that know DynamoDB, and the files that read and write one table.
const KNOW_DYNAMODB: [&str; 5] = [
    "accounts/sessions.rs",
    "aws/",
    "carts/table.rs",
    "dynamodb/",
    "limits/counters.rs",
];

#[test]
fn only_the_dynamodb_layer_and_the_files_of_tables_know_dynamodb() {
    let mut unused = BTreeSet::from(KNOW_DYNAMODB);
    for (path, source) in rust_files("shared/src") {
        if source.contains("aws_sdk_dynamodb") || source.contains("use aws_smithy_") {
            let place = KNOW_DYNAMODB.iter().find(|it| path.starts_with(**it));
            unused.remove(place.unwrap_or_else(|| panic!("{path} knows DynamoDB")));
        }
    }
    assert!(unused.is_empty(), "{unused:?} don't know DynamoDB");
}

#[test]
fn only_the_client_and_the_bucket_know_s3() {
    let files = rust_files("shared/src").into_iter();
    let know = files.filter(|(_, source)| source.contains("aws_sdk_s3"));
    let know = Vec::from_iter(know.map(|(path, _)| path));
    assert_eq!(know, ["aws/clients.rs", "aws/s3.rs"]);
}

/// Where a call is sent as it is: to another service than DynamoDB.
const SEND: [&str; 3] = [
    "aws/s3.rs",
    "identity/signing_key.rs",
    "key_rotation/rotate.rs",
];

#[test]
fn only_the_dynamodb_layer_sends_calls_of_dynamodb() {
    // Elsewhere a write is committed: it is sent again while it meets a transaction.
    let mut unused = BTreeSet::from(SEND);
    for (path, source) in rust_files("shared/src") {
        let tests = source.find("\n#[cfg(test)]\nmod tests {");
        let source = &source[..tests.unwrap_or(source.len())];
        let of_tests = path == "testing.rs" || path.ends_with("tests.rs");
        if of_tests || path.starts_with("dynamodb/") || !source.contains(".send()") {
            continue;
        }
        assert!(unused.remove(path.as_str()), "{path} sends a call itself");
    }
    assert!(unused.is_empty(), "{unused:?} send nothing");
}

/// Where the monotonic clock may be read: for what ends with its request. What
/// outlives one has an age by both clocks (`values/moment.rs`).
const READ_THE_MONOTONIC_CLOCK: [&str; 5] = [
    "dynamodb/",
    "http/",
    "values/clock.rs",
    "values/moment.rs",
    "values/simulated.rs",
];

#[test]
fn nothing_that_outlives_a_request_is_dated_by_the_monotonic_clock_alone() {
    for (path, source) in rust_files("shared/src") {
        if !path.ends_with("tests.rs") && tokens(&source).iter().any(|word| word == "Instant") {
            let allowed = READ_THE_MONOTONIC_CLOCK;
            let known = allowed.iter().any(|it| path.starts_with(it));
            assert!(known, "{path} reads the monotonic clock");
        }
    }
}

/// Reads the end of a certificate's validity (RFC 5280, section 4.1).
fn not_after(certificate: &[u8]) -> der::Result<UtcTime> {
    let certificate = AnyRef::from_der(certificate)?;
    let to_be_signed: AnyRef<'_> = SliceReader::new(certificate.value())?.decode()?;
    let mut fields = SliceReader::new(to_be_signed.value())?;
    for _before in ["version", "serialNumber", "signature", "issuer"] {
        fields.decode::<AnyRef<'_>>()?;
    }
    let validity: AnyRef<'_> = fields.decode()?;
    let mut times = SliceReader::new(validity.value())?;
    times.decode::<AnyRef<'_>>()?;
    times.decode()
}

#[test]
fn the_roots_that_aws_hangs_under_are_valid_for_years() {
    let pem = read("shared/src/aws/roots.pem");
    let mut count = 0;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    for certificate in pem.split_inclusive("-----END CERTIFICATE-----\n") {
        let (_, der) = der::pem::decode_vec(certificate.trim().as_bytes()).unwrap();
        let end = not_after(&der).unwrap().to_unix_duration();
        let days = end.saturating_sub(now).as_secs() / 86_400;
        assert!(days > 2 * 365, "root {count} ends in {days} days");
        count += 1;
    }
    assert_eq!(count, 5);
}

/// The one file of what is deployed that writes to standard output.
const WRITER: &str = "shared/src/telemetry/layer.rs";

/// What these files, by path and text, print past the log.
fn prints(files: &[(String, String)]) -> Faults {
    let mut faults = Faults::new();
    for (path, source) in files {
        let words = tokens(source);
        for pair in words.windows(2) {
            let prints = match (pair[0].as_str(), pair[1].as_str()) {
                ("print" | "println" | "eprint" | "eprintln" | "dbg", "!") => true,
                ("stdout", _) => path != WRITER,
                ("stderr", _) => true,
                _ => false,
            };
            if prints {
                faults.push(format!("{path} prints: {}", pair.concat()));
            }
        }
    }
    faults
}

#[test]
fn only_the_layer_of_telemetry_writes_to_standard_output() {
    let files = ["shared/src", "functions"].into_iter().flat_map(|folder| {
        let files = rust_files(folder).into_iter();
        files.map(move |(path, source)| (format!("{folder}/{path}"), source))
    });
    let files = Vec::from_iter(files);
    let writer = files.iter().find(|(path, _)| path == WRITER).unwrap();
    assert!(tokens(&writer.1).contains(&"stdout".to_owned()));
    assert!(files.len() > 60, "{}", files.len());
    let faults = prints(&files);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_print_past_the_log_is_found() {
    let source = "// println!
        fn f() { println!(\"eprintln!\"); let printed = 1; std::io::stderr().lock(); }";
    let writer = "fn w() { io::stdout().lock(); }";
    let files = [("a.rs", source), (WRITER, writer), ("b.rs", writer)];
    let files = files.map(|(path, source)| (path.to_owned(), source.to_owned()));
    let expected = [
        "a.rs prints: println!",
        "a.rs prints: stderr(",
        "b.rs prints: stdout(",
    ];
    assert_eq!(prints(&files), expected);
}

/// The types whose answers a cache may keep.
const PUBLIC_BODIES: [&str; 3] = ["CategoryList", "ProductDetail", "ProductPage"];

/// The types of these sources that implement a trait.
fn implementors(name: &str, sources: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // A type of the tests is deployed nowhere.
    let of_tests: BTreeSet<&str> = sources
        .iter()
        .flat_map(|(_, source)| source.split("#[cfg(test)]\n").skip(1))
        .filter_map(|rest| {
            let mut lines = rest.lines().filter(|line| !line.starts_with("#["));
            lines.next()?.strip_prefix("mod ")?.strip_suffix(';')
        })
        .collect();
    for (path, source) in sources {
        let name_of_file = path.rsplit('/').next().unwrap_or_default();
        if of_tests.contains(name_of_file.trim_end_matches(".rs")) {
            continue;
        }
        let deployed = source.split("#[cfg(test)]\nmod tests {").next();
        let words = tokens(deployed.unwrap_or_default());
        for (at, word) in words.iter().enumerate() {
            if word == name && words.get(at + 1).is_some_and(|it| it == "for") {
                let path = words[at + 2..]
                    .iter()
                    .take_while(|it| *it != "{" && *it != "where");
                let path: Vec<&str> = path.map(String::as_str).collect();
                // The type without the path to it.
                let start = path
                    .iter()
                    .rposition(|it| *it == "::")
                    .map_or(0, |at| at + 1);
                found.insert(path[start..].concat());
            }
        }
    }
    found
}

#[test]
fn the_catalogues_three_answers_are_the_only_public_ones() {
    let found = implementors("PublicBody", &rust_files("shared/src"));
    assert_eq!(found, PUBLIC_BODIES.map(str::to_owned).into());
}

#[test]
fn another_public_answer_is_found() {
    let source = "
        // impl PublicBody for Comment {}
        impl crate::http::PublicBody for super::Order {}
        impl<T> PublicBody for Vec<T> where T: PublicBody {}
        impl<T: PublicBody> Reply for Public<T> {}
    ";
    let found = implementors("PublicBody", &[("orders.rs".to_owned(), source.to_owned())]);
    assert_eq!(Vec::from_iter(found), ["Order", "Vec<T>"]);
}

#[track_caller]
fn has_no_circle(folder: &str, root: &str) {
    let circles = Crate::of_workspace(folder, root).circles();
    assert!(circles.is_empty(), "{folder}: {circles:#?}");
}

#[test]
fn no_file_of_shared_is_in_a_circle_of_imports() {
    has_no_circle("shared/src", "lib.rs");
}

#[test]
fn no_file_of_the_codecs_is_in_a_circle_of_imports() {
    has_no_circle("pictures/src", "lib.rs");
}

#[test]
fn no_file_of_the_local_crates_is_in_a_circle_of_imports() {
    has_no_circle("local/src", "lib.rs");
    has_no_circle("local/src", "main.rs");
    has_no_circle("local/cloud/src", "lib.rs");
    has_no_circle("local/template/src", "lib.rs");
}

/// Names that say nothing of what is in a module.
const EMPTY_NAMES: [&str; 9] = [
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "misc",
    "util",
    "utilities",
    "utils",
];

/// The files with such a name, or in a folder with one, and the modules within files.
fn empty_names(files: &[(String, String)]) -> Faults {
    let mut faults = Faults::new();
    for (path, source) in files {
        // A type of the tests is deployed nowhere.
        let deployed = source.split("#[cfg(test)]").next().unwrap_or_default();
        let words = tokens(deployed);
        let modules = words.windows(2).filter(|it| it[0] == "mod");
        let modules = modules.map(|it| it[1].as_str());
        let names = path.trim_end_matches(".rs").split('/').chain(modules);
        for name in names.filter(|it| EMPTY_NAMES.contains(it)) {
            faults.push(format!("{path}: {name}"));
        }
    }
    faults
}

#[test]
fn no_module_is_called_by_a_name_that_says_nothing() {
    for folder in ["functions", "shared", "local", "tests"] {
        let files = rust_files(folder);
        assert!(files.len() > 10, "{folder} was not read");
        let faults = empty_names(&files);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

#[test]
fn a_module_called_helpers_is_found() {
    let file = |path: &str, source: &str| (path.to_owned(), source.to_owned());
    let faults = empty_names(&[
        file("src/utils/text.rs", ""),
        file("src/common.rs", ""),
        file("src/lib.rs", "mod text; mod helpers { fn utils() {} }"),
    ]);
    let expected = [
        "src/utils/text.rs: utils",
        "src/common.rs: common",
        "src/lib.rs: helpers",
    ];
    assert_eq!(faults, expected);
}
