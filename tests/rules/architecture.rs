//! Rules of ARCHITECTURE.md and SECURITY.md about the code that no linter knows;
//! those about template.yaml are in `template.rs`.

use crate::files::{names_in, read, root};

#[test]
fn a_function_crate_depends_on_shared_alone_and_names_nothing_else() {
    let functions = names_in("functions");
    assert!(functions.len() >= 17);
    for name in functions {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
        let (dependencies, _) = dependencies.split_once("\n[").unwrap();
        assert_eq!(
            dependencies.trim(),
            "shared = { workspace = true }",
            "{name}"
        );
        let source = read(&format!("functions/{name}/src/main.rs"));
        for line in source.lines().filter(|line| line.starts_with("use ")) {
            assert!(line.starts_with("use shared::"), "{name}: {line}");
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

#[test]
fn only_the_store_and_checkout_know_dynamodb() {
    let allowed = ["aws.rs", "checkout.rs", "cursor.rs", "env.rs"];
    for file in std::fs::read_dir(root().join("shared/src")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() && name.ends_with(".rs") && !allowed.contains(&name) {
            let source = std::fs::read_to_string(&path).unwrap();
            assert!(!source.contains("aws_sdk_dynamodb"), "{name}");
        }
    }
}

#[test]
fn the_roots_that_aws_hangs_under_are_valid_for_years() {
    let pem = read("shared/src/roots.pem");
    let mut count = 0;
    for certificate in x509_parser::pem::Pem::iter_from_buffer(pem.as_bytes()) {
        let certificate = certificate.unwrap();
        let certificate = certificate.parse_x509().unwrap();
        let left = certificate.validity().time_to_expiration();
        let days = left.map_or(0, |left| left.whole_days());
        assert!(
            days > 2 * 365,
            "{} ends in {days} days",
            certificate.subject()
        );
        count += 1;
    }
    assert_eq!(count, 5);
}
