//! Builds the functions' binaries with cargo, and finds them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fmt, io};

/// Why the functions could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// cargo didn't build them.
    Cargo {
        /// The command as a shell would take it.
        command: String,
        /// How it ended.
        reason: String,
    },
    /// The folder of the functions can't be listed.
    List {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo { command, reason } => write!(
                f,
                "the functions do not build: `{command}` {reason}; fix what the compiler says \
                 above and start again"
            ),
            Self::List { folder, error } => write!(
                f,
                "{}: the functions cannot be listed: {error}",
                folder.display()
            ),
        }
    }
}

impl std::error::Error for BuildError {}

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
    /// Returns the folder of this profile in the target directory.
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Returns the root of the workspace that this crate was built in.
pub(crate) fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Returns the path of a function's binary, built or not.
#[must_use]
pub fn function_binary(profile: Profile, binary: &str) -> PathBuf {
    binaries_folder(profile).join(binary)
}

/// Returns the folder of all binaries that were built with this profile.
pub(crate) fn binaries_folder(profile: Profile) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || workspace().join("target"),
        |folder| workspace().join(folder),
    );
    target.join(profile.folder())
}

/// Builds all functions with cargo, whose progress goes to standard error.
///
/// Debug builds are selected together with this package: with what it needs, cargo turns on the
/// same features of every dependency as when it built this program, and compiles none again.
///
/// # Errors
/// When cargo can't be run, or the functions don't compile.
pub fn build_functions(profile: Profile) -> Result<(), BuildError> {
    build_all_but(profile, &BTreeSet::new())
}

/// Builds all functions as [`build_functions`] does, but these.
///
/// # Errors
/// As [`build_functions`].
pub fn build_all_but(profile: Profile, late: &BTreeSet<String>) -> Result<(), BuildError> {
    let functions = functions()?;
    let functions = functions.iter().filter(|it| !late.contains(*it));
    let functions: Vec<&str> = functions.map(String::as_str).collect();
    match profile {
        Profile::Dev => build(&debug_builds(&functions)),
        Profile::Release => build_released(&functions),
    }
}

/// Makes the debug builds of these functions beside all else, without telling its progress. If what
/// this returns is dropped, cargo ends, and the compilers that it has started when they are done.
///
/// # Errors
/// As [`build_functions`].
pub async fn build_late(late: &BTreeSet<String>) -> Result<(), BuildError> {
    let functions: Vec<&str> = late.iter().map(String::as_str).collect();
    let arguments = [&["--quiet"], &*debug_builds(&functions)].concat();
    let cargo = Cargo::build(&arguments);
    let mut command = tokio::process::Command::from(cargo.command());
    let status = command.kill_on_drop(true).status().await;
    cargo.outcome(status)
}

/// Returns the options for debug builds of these functions.
fn debug_builds<'a>(functions: &[&'a str]) -> Vec<&'a str> {
    let own = env!("CARGO_PKG_NAME");
    [&["--bins"], &*packages(&[own]), &packages(functions)].concat()
}

/// Makes the release builds of these functions, and of no other: each takes its minute.
///
/// # Errors
/// As [`build_functions`].
pub fn build_released(functions: &[&str]) -> Result<(), BuildError> {
    build(&[&["--release"], &*packages(functions)].concat())
}

/// Returns the options that select packages.
fn packages<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["-p", *name]).collect()
}

/// Runs `cargo build`.
fn build(what: &[&str]) -> Result<(), BuildError> {
    let cargo = Cargo::build(what);
    cargo.outcome(cargo.command().status())
}

/// A run of cargo in this workspace.
struct Cargo(Vec<String>);

impl Cargo {
    fn build(what: &[&str]) -> Self {
        let arguments = ["build", "--locked"].iter().chain(what);
        Self(arguments.map(|it| (*it).to_owned()).collect())
    }

    fn command(&self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(&self.0).current_dir(workspace());
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
        command
    }

    /// Says what came of it.
    fn outcome(&self, status: io::Result<ExitStatus>) -> Result<(), BuildError> {
        let reason = match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => format!("failed ({status})"),
            Err(error) => format!("cannot be run ({error})"),
        };
        Err(BuildError::Cargo {
            command: format!("cargo {}", self.0.join(" ")),
            reason,
        })
    }
}

/// Lists the packages in `functions/`, which are named as their folders.
fn functions() -> Result<Vec<String>, BuildError> {
    let folder = workspace().join("functions");
    let fail = |error: io::Error| BuildError::List {
        folder: folder.clone(),
        error,
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
