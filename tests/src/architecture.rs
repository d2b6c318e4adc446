//! Rules of ARCHITECTURE.md and SECURITY.md that no linter knows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::spawn_shop;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn functions() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    let names = folders.map(|f| f.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_function_crate_depends_on_shared_alone_and_names_nothing_else() {
    let functions = functions();
    assert!(functions.len() >= 17);
    for name in functions {
        let manifest = read(format!("functions/{name}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
        let (dependencies, _) = dependencies.split_once("\n[").unwrap();
        assert_eq!(
            dependencies.trim(),
            "shared = { workspace = true }",
            "{name}"
        );
        let source = read(format!("functions/{name}/src/main.rs"));
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
fn the_functions_stand_on_at_most_260_crates() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--edges", "normal,build"])
        .args(["--target", "all", "--prefix", "none", "--format", "{p}"])
        .args(["-p", "shared"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| {
            line.trim_end_matches(" (*)")
                .trim_end_matches(" (proc-macro)")
        })
        .filter(|line| !line.is_empty())
        .collect();
    println!("{} crates", crates.len());
    assert!(crates.len() > 100, "the tree was not read");
    assert!(
        crates.len() <= 260,
        "{} crates: say why in SECURITY.md",
        crates.len()
    );
}

#[test]
fn aws_lc_is_built_without_the_slow_entropy_source() {
    crate::build_once();
    let binary = std::fs::read(local::function_binary(local::Profile::Dev, "login")).unwrap();
    let has = |symbol: &[u8]| binary.windows(symbol.len()).any(|window| window == symbol);
    assert!(has(b"ED25519_sign"), "the symbols of aws-lc can't be seen");
    assert!(
        !has(b"jent_entropy_init"),
        "AWS_LC_SYS_NO_JITTER_ENTROPY was not set"
    );
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

#[tokio::test]
async fn no_environment_holds_a_secret() {
    let shop = spawn_shop().await;
    for function in &shop.cloud.template().functions {
        for (name, value) in shop.cloud.environment(&function.binary) {
            if name.starts_with("AWS_") {
                continue;
            }
            let looks_secret = value.len() > 200 || value.contains("PRIVATE KEY");
            assert!(!looks_secret, "{}: {name}", function.binary);
            let names_secret = ["SECRET", "PASSWORD", "TOKEN_KEY", "KEY"]
                .iter()
                .any(|word| name.contains(word));
            let is_reference = value.starts_with("arn:") || name.ends_with("_TABLE");
            assert!(
                !names_secret || is_reference,
                "{}: {name}={value}",
                function.binary
            );
        }
    }
}

#[test]
fn only_the_functions_that_sign_may_read_the_signing_key() {
    let template = read("template.yaml");
    let mut readers = BTreeSet::new();
    let mut resource = "";
    for line in template.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent == 2 && line.ends_with(':') {
            resource = line.trim().trim_end_matches(':');
        }
        if line.contains("secretsmanager:GetSecretValue") {
            readers.insert(resource);
        }
    }
    let expected = [
        "AdminLoginRole",
        "LoginRole",
        "RefreshRole",
        "RegisterRole",
        "RotateSigningKeyRole",
    ];
    assert_eq!(readers, BTreeSet::from(expected));
}

#[test]
fn no_role_may_scan_or_has_a_wildcard() {
    let template = read("template.yaml");
    for line in template
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
    {
        assert!(!line.contains(":Scan"), "{line}");
        for wildcard in [
            "dynamodb:*",
            "s3:*",
            "secretsmanager:*",
            "Resource: \"*\"",
            "Resource: '*'",
        ] {
            let deny = wildcard == "s3:*";
            assert!(deny || !line.contains(wildcard), "{line}");
        }
    }
}

#[test]
fn nobody_may_update_a_user_but_for_what_their_role_names() {
    let template = read("template.yaml");
    let statements = template.split("- Effect: Allow");
    let updates: Vec<&str> = statements
        .filter(|it| it.contains("dynamodb:UpdateItem") && it.contains("UsersTable"))
        .collect();
    assert_eq!(updates.len(), 1);
    for statement in updates {
        assert!(statement.contains("dynamodb:Attributes: [userId, tokensValidAfter]"));
        assert!(statement.contains("dynamodb:Attributes: \"false\""));
    }
}
