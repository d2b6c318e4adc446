//! What an operator does to a shop, each as a command of its own: with AWS credentials of theirs
//! to a shop that is deployed, or with the local ones to a shop that runs on this machine. No
//! function of the shop can do any of it.

mod first_super_admin;
mod rotate_keys;

use std::fmt;
use std::io::{self, Write};

use clap::Subcommand;
use cloud::{NoPorts, Ports};

pub use first_super_admin::{FirstSuperAdmin, invite_first_super_admin};
pub use rotate_keys::{RotateKeys, RotationError, rotate};

/// The operator's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace the keys that sign access tokens, in a shop that runs on this machine
    #[command(long_about = rotate_keys::ABOUT, after_long_help = rotate_keys::EXAMPLES)]
    RotateKeys(RotateKeys),
    /// Invite the first super-admin of a shop, at AWS or on this machine
    #[command(
        long_about = first_super_admin::ABOUT,
        after_long_help = first_super_admin::EXAMPLES
    )]
    FirstSuperAdmin(FirstSuperAdmin),
}

impl Command {
    /// Carries the command out and prints what came of it.
    ///
    /// # Errors
    /// A sentence that says what was not done and why.
    pub fn run(&self) -> Result<(), OperatorError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(OperatorError::new)?;
        runtime.block_on(async {
            match self {
                Self::RotateKeys(command) => command.run().await,
                Self::FirstSuperAdmin(command) => command.run().await,
            }
        })
    }
}

/// Why a command was not carried out, in a sentence.
#[derive(Debug)]
pub struct OperatorError(String);

impl OperatorError {
    fn new(sentence: impl fmt::Display) -> Self {
        Self(sentence.to_string())
    }
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OperatorError {}

/// Reads the API's port of a shop that runs; 0 names none.
fn fixed_ports(text: &str) -> Result<Ports, String> {
    match text.parse() {
        Ok(Ports::ANY) => Err("must be the port that the shop's API has".to_owned()),
        Ok(ports) => Ok(ports),
        Err(error) => Err(NoPorts::to_string(&error)),
    }
}

/// Prints a sentence, if anybody listens.
fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
