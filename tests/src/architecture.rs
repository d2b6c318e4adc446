//! Rules of ARCHITECTURE.md and SECURITY.md about the code that no linter knows;
//! those about template.yaml are in `template.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use der::asn1::{AnyRef, UtcTime};
use der::{Decode, Reader, SliceReader};

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

/// The crates of a registry that these options of `cargo tree` select, with their features.
fn dependencies(selection: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--format", "{p} [{f}]"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    tree.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        // What has a path is of this workspace.
        .filter(|line| !line.is_empty() && !line.contains("(/"))
        .collect()
}

/// `cargo run` builds `local`, then `local` with the functions; the tests build the workspace.
/// A crate that had other features in one of these would be compiled again.
#[test]
fn every_build_gives_a_dependency_the_same_features() {
    let run = dependencies(&["--edges", "normal,build", "-p", "local"]);
    assert!(run.len() > 100, "the tree was not read");
    let names: BTreeSet<&str> = run.iter().filter_map(|it| it.split(" [").next()).collect();
    for edges in ["normal,build", "normal,build,dev"] {
        let all = dependencies(&["--edges", edges, "--workspace"]);
        let again: Vec<&String> = all
            .difference(&run)
            .filter(|it| names.contains(it.split(" [").next().unwrap()))
            .collect();
        assert_eq!(again, [""; 0], "{edges}: see `build_functions` in `local`");
    }
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
    let pem = read("shared/src/roots.pem");
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
