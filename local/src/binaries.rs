//! The function binaries: where cargo puts them, and having cargo make them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::StartError;

/// Which build of the functions to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Debug builds: quick to make.
    #[default]
    Dev,
    /// Release builds: what is deployed.
    Release,
}

impl Profile {
    /// The folder of this profile in the target directory.
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// The root of the workspace that this crate was built in.
pub(crate) fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Where a function's binary is, built or not.
#[must_use]
pub fn function_binary(profile: Profile, binary: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || workspace().join("target"),
        |folder| workspace().join(folder),
    );
    target.join(profile.folder()).join(binary)
}

/// Builds all functions with cargo, whose progress goes to standard error.
///
/// Debug builds are made of the whole workspace, so that they share the features, and with them
/// the compiled dependencies, of `cargo test --workspace`.
///
/// # Errors
/// When cargo can't be run, or the functions don't compile.
pub fn build_functions(profile: Profile) -> Result<(), StartError> {
    match profile {
        Profile::Dev => build(&["--workspace", "--bins"]),
        Profile::Release => {
            let functions = functions()?;
            build_released(&functions.iter().map(String::as_str).collect::<Vec<_>>())
        }
    }
}

/// Makes the release builds of these functions, and of no other: each takes its minute.
///
/// # Errors
/// As [`build_functions`].
pub fn build_released(functions: &[&str]) -> Result<(), StartError> {
    let packages = functions.iter().flat_map(|function| ["-p", function]);
    build(
        &["--release"]
            .into_iter()
            .chain(packages)
            .collect::<Vec<_>>(),
    )
}

/// Runs `cargo build`.
fn build(what: &[&str]) -> Result<(), StartError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = [&["build", "--locked"], what].concat();
    let fail = |reason: String| StartError::Build {
        command: format!("cargo {}", arguments.join(" ")),
        reason,
    };
    let mut command = Command::new(cargo);
    command.args(&arguments).current_dir(workspace());
    // What cargo tells the program it runs is about that program, and would be taken by build
    // scripts for a change.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    let status = command
        .status()
        .map_err(|error| fail(format!("cannot be run ({error})")))?;
    if status.success() {
        Ok(())
    } else {
        Err(fail(format!("failed ({status})")))
    }
}

/// The packages in `functions/`, which are named as their folders.
fn functions() -> Result<Vec<String>, StartError> {
    let folder = workspace().join("functions");
    let fail = |error: std::io::Error| StartError::Data {
        path: folder.clone(),
        reason: format!("the functions cannot be listed: {error}"),
    };
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
