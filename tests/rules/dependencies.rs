//! How many crates each function stands on.
//!
//! Cargo.lock is read instead of asking cargo, which answers only about crates that
//! are downloaded, and those for other platforms seldom are. It lists what any platform
//! and any feature in use needs: more than is built for Lambda, never less.

use std::collections::{BTreeMap, BTreeSet};

use crate::cargo::resolved;
use crate::files::{names_in, read, root};

/// The most crates that a function may stand on, build dependencies included.
const BUDGET: usize = 260;

/// The functions with a crate of their own beside `shared`, and how many crates
/// more each may stand on.
const OWN_CRATES: &[(&str, usize)] = &[("process-image", 20)];

/// One package of a lock file.
struct Package {
    name: String,
    version: String,
    /// Whether it is of this workspace.
    is_own: bool,
    /// Other packages as the lock file names them: `name`, or `name version`
    /// where there are several.
    dependencies: Vec<String>,
}

/// A lock file's packages.
struct Lock(Vec<Package>);

impl Lock {
    fn parse(text: &str) -> Self {
        let tables = text.split("[[package]]\n").skip(1);
        let packages = tables.map(|table| {
            let value = |key: &str| {
                let lines = table.lines();
                let mut values = lines.filter_map(|it| it.strip_prefix(&format!("{key} = ")));
                values.next().map(|it| it.trim_matches('"').to_owned())
            };
            let (_, list) = table.split_once("dependencies = [\n").unwrap_or_default();
            let dependencies = list.lines().map_while(|it| it.strip_prefix(" \""));
            Package {
                name: value("name").unwrap(),
                version: value("version").unwrap(),
                is_own: value("source").is_none(),
                dependencies: dependencies
                    .map(|it| it.trim_end_matches("\",").to_owned())
                    .collect(),
            }
        });
        Self(packages.collect())
    }

    /// The package that a dependency names.
    fn find(&self, dependency: &str) -> &Package {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next().unwrap(), words.next());
        let fits = |it: &&Package| it.name == name && version.is_none_or(|v| it.version == v);
        let found: Vec<&Package> = self.0.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{dependency} in Cargo.lock");
        found[0]
    }

    /// Every crate that a package stands on, itself included, each version for one. What a
    /// package of this workspace has in this list is left out.
    fn closure(
        &self,
        name: &str,
        unused: &BTreeMap<String, BTreeSet<String>>,
    ) -> BTreeSet<(&str, &str)> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![self.find(name)]);
        while let Some(package) = next.pop() {
            if !seen.insert((package.name.as_str(), package.version.as_str())) {
                continue;
            }
            let left_out = unused.get(&package.name).filter(|_| package.is_own);
            for dependency in &package.dependencies {
                let name = dependency.split(' ').next().unwrap();
                if !left_out.is_some_and(|it| it.contains(name)) {
                    next.push(self.find(dependency));
                }
            }
        }
        seen
    }
}

/// The name of a manifest's package, and the dependencies that only its tests need.
fn only_for_tests(manifest: &str) -> (String, BTreeSet<String>) {
    let (mut name, mut section) = (String::new(), "");
    let (mut tests, mut others) = (BTreeSet::new(), BTreeSet::new());
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
        } else if let Some((key, value)) = line.split_once('=') {
            let key = key.trim().split('.').next().unwrap();
            match section {
                "package" if key == "name" => name = value.trim().trim_matches('"').to_owned(),
                it if it.ends_with("dev-dependencies") => drop(tests.insert(key.to_owned())),
                it if it.ends_with("dependencies") => drop(others.insert(key.to_owned())),
                _ => {}
            }
        }
    }
    let only = tests.difference(&others).cloned().collect();
    (name, only)
}

/// What each package of this workspace needs for its tests alone. Packages are folders of the
/// root, or one level below.
fn only_for_tests_by_package() -> BTreeMap<String, BTreeSet<String>> {
    let folders = |parent: &str| {
        let names = names_in(parent).into_iter();
        let names = names.filter(|it| !it.starts_with('.') && it != "target");
        let paths = names.map(|it| format!("{parent}/{it}"));
        Vec::from_iter(paths.filter(|it| root().join(it).is_dir()))
    };
    let mut all = folders(".");
    all.extend(folders(".").iter().flat_map(|it| folders(it)));
    let manifests = all.iter().map(|it| format!("{it}/Cargo.toml"));
    let manifests = manifests.filter(|it| root().join(it).is_file());
    manifests.map(|it| only_for_tests(&read(&it))).collect()
}

/// What `shared` depends on for the sake of features alone that this function doesn't ask for.
fn turned_off(shared: &str, function: &str) -> BTreeSet<String> {
    let value = |line: &str| line.split_once(" = ").map(|it| it.1.to_owned());
    let names = |list: &str| Vec::from_iter(list.split('"').skip(1).step_by(2).map(str::to_owned));
    let line = |manifest: &str, start: &str| {
        let found = manifest.lines().find(|line| line.starts_with(start));
        found.and_then(value).unwrap_or_default()
    };
    let asked = line(function, "shared = ");
    let asked = names(asked.split_once("features").map_or("", |it| it.1)).into_iter();
    let turned_on = asked.flat_map(|feature| names(&line(shared, &format!("{feature} = "))));
    let turned_on: BTreeSet<String> = turned_on.collect();
    let optional = shared.lines().filter(|it| it.contains("optional = true"));
    let optional = optional.filter_map(|line| line.split(" = ").next());
    let off = optional.filter(|name| !turned_on.contains(&format!("dep:{name}")));
    off.map(str::to_owned).collect()
}

#[test]
fn no_function_stands_on_more_crates_than_its_budget() {
    let lock = Lock::parse(&read("Cargo.lock"));
    let (for_tests, shared) = (only_for_tests_by_package(), read("shared/Cargo.toml"));
    let functions = names_in("functions");
    for (function, _) in OWN_CRATES {
        assert!(functions.iter().any(|it| it == function), "{function}");
    }
    for function in functions {
        let manifest = read(&format!("functions/{function}/Cargo.toml"));
        let mut unused = for_tests.clone();
        let of_shared = unused.entry("shared".to_owned()).or_default();
        of_shared.extend(turned_off(&shared, &manifest));
        let crates = lock.closure(&function, &unused);
        let has = |name: &str| crates.iter().any(|it| it.0 == name);
        assert!(has("aws-lc-sys"), "the lock file was not read");
        assert!(!has("local"), "{function} stands on the local cloud");
        let is_of_files = manifest.contains("\"files\"");
        assert_eq!(has("aws-sdk-s3"), is_of_files, "{function}");
        let own = OWN_CRATES.iter().find(|(name, _)| *name == function);
        let budget = BUDGET + own.map_or(0, |(_, more)| *more);
        println!("{function}: {} of {budget} crates", crates.len());
        assert!(
            crates.len() <= budget,
            "{function} stands on {} crates: say why in SECURITY.md",
            crates.len()
        );
    }
}

#[test]
fn what_a_function_stands_on_is_read_from_the_lock_file() {
    let lock = Lock::parse(
        "version = 4

[[package]]
name = \"checkout\"
version = \"0.1.0\"
dependencies = [
 \"shared\",
]

[[package]]
name = \"hash\"
version = \"1.0.0\"
source = \"registry\"
checksum = \"00\"

[[package]]
name = \"hash\"
version = \"2.0.0\"
source = \"registry\"
dependencies = [
 \"builder\",
 \"shared-memory\",
]

[[package]]
name = \"builder\"
version = \"1.0.0\"
source = \"registry\"

[[package]]
name = \"shared-memory\"
version = \"1.0.0\"
source = \"registry\"

[[package]]
name = \"mock\"
version = \"1.0.0\"
source = \"registry\"

[[package]]
name = \"shared\"
version = \"0.1.0\"
dependencies = [
 \"builder\",
 \"hash 2.0.0\",
 \"mock\",
]
",
    );
    assert_eq!(lock.0.len(), 7);
    let manifest = "[package]
name = \"shared\"
version.workspace = true

[dependencies]
hash = { version = \"2\", default-features = false }

[target.'cfg(unix)'.build-dependencies]
builder = \"1\"

[dev-dependencies]
builder = { version = \"1\", features = [\"more\"] }
mock.workspace = true
";
    let (name, only) = only_for_tests(manifest);
    assert_eq!(
        (
            name.as_str(),
            Vec::from_iter(only.iter().map(String::as_str))
        ),
        ("shared", vec!["mock"])
    );
    let for_tests = BTreeMap::from([(name, only)]);
    let crates = lock.closure("checkout", &for_tests);
    let expected = [
        ("builder", "1.0.0"),
        ("checkout", "0.1.0"),
        ("hash", "2.0.0"),
        ("shared", "0.1.0"),
        ("shared-memory", "1.0.0"),
    ];
    assert_eq!(Vec::from_iter(crates), expected);
    let with_mock = lock.closure("checkout", &BTreeMap::new());
    assert!(with_mock.contains(&("mock", "1.0.0")));
}

#[test]
fn what_no_feature_of_a_function_asks_for_is_turned_off() {
    let shared = "[dependencies]\nhash = \"1\"\nfiles = { version = \"1\", optional = true }\n\
                  clock = { version = \"1\", optional = true }\n[features]\n\
                  stored = [\"dep:files\"]\nsimulated = [\"dep:clock\"]\n";
    let off = |function| Vec::from_iter(turned_off(shared, function));
    assert_eq!(off("shared = { workspace = true }\n"), ["clock", "files"]);
    let asks = "shared = { workspace = true, features = [\"stored\"] }\n";
    assert_eq!(off(asks), ["clock"]);
}

/// The crates of a registry that these options of `cargo tree` select, with their features.
fn selected(options: &[&str]) -> BTreeSet<String> {
    let tree = resolved(options);
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
    let run = selected(&["--edges", "normal,build", "-p", "local"]);
    assert!(run.len() > 100, "the tree was not read");
    // Not by its own features, but by those that `local` asks `shared` for.
    assert!(
        run.iter().any(|it| it.starts_with("aws-sdk-s3 ")),
        "see local/Cargo.toml"
    );
    let names: BTreeSet<&str> = run.iter().filter_map(|it| it.split(" [").next()).collect();
    for edges in ["normal,build", "normal,build,dev"] {
        let all = selected(&["--edges", edges, "--workspace"]);
        let again: Vec<&String> = all
            .difference(&run)
            .filter(|it| names.contains(it.split(" [").next().unwrap()))
            .collect();
        assert_eq!(again, [""; 0], "{edges}: see `build_functions` in `local`");
    }
}

/// The dependencies of a manifest that are crates of a registry, those of its tests included.
fn direct(manifest: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut lists = false;
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            lists = table.ends_with("dependencies]");
        } else if let Some((name, value)) = line.split_once(" = ")
            && lists
        {
            // What the workspace has by a path is its own.
            let own = ["cloud", "local", "pictures", "shared", "template"];
            let is_own = own.contains(&name) || value.contains("path = \"../functions/");
            if !is_own || value.contains("version") {
                found.push(name);
            }
        }
    }
    found
}

/// The direct dependencies that no text in backticks names.
fn unlisted<'a>(direct: &[&'a str], document: &str) -> Vec<&'a str> {
    let listed: BTreeSet<&str> = document.split('`').skip(1).step_by(2).collect();
    let missing = direct.iter().filter(|it| !listed.contains(**it));
    missing.copied().collect()
}

#[test]
fn every_direct_dependency_has_a_line_in_security_md() {
    let document = read("SECURITY.md");
    let (_, dependencies) = document.split_once("## Dependencies").unwrap();
    let (dependencies, _) = dependencies.split_once("## Not promised").unwrap();
    let (deployed, others) = dependencies.split_once("never deployed").unwrap();
    let (_, simulation) = others.split_once("The simulator").unwrap();
    let deployed = format!("{deployed}{simulation}");
    let folders = [
        "shared",
        "pictures",
        "local",
        "local/cloud",
        "local/template",
        "tests",
    ];
    for folder in folders {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        let direct = direct(&manifest);
        assert!(!direct.is_empty(), "{folder} was not read");
        // What is deployed has a line of its own, whatever else uses it.
        let document = if ["shared", "pictures"].contains(&folder) {
            &deployed
        } else {
            dependencies
        };
        assert_eq!(unlisted(&direct, document), [""; 0], "{folder}");
    }
}

#[test]
fn a_dependency_without_a_line_is_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\nshared = { workspace = true }\n\
                    serde = \"1\"\n[dev-dependencies]\nhyper = { version = \"1\" }\n[lints]\n\
                    workspace = true\n";
    assert_eq!(direct(manifest), ["serde", "hyper"]);
    assert_eq!(
        unlisted(&direct(manifest), "| `serde` | hyper |"),
        ["hyper"]
    );
}
