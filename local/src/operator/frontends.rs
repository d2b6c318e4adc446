//! Says which frontends that run on a server may name the customers they call for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use shared::aws::{Env, FromEnv};
use shared::frontends::{KeyPair, TrustFrontends};
use shared::http::Problem;

use super::chosen_shop::{ChosenShop, EXPORTS};
use super::error::OperatorError;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Say which frontends on a server may name the customers they call for

A frontend that renders pages on a server calls from one address for everybody,
so all of its customers would share one limit. One that is trusted signs a token
for each request, in the header X-Trusted-Client, with the address of the
customer, which then counts. docs/frontends.md says how.";

/// Returns what `--help` says last.
pub(super) fn examples() -> String {
    format!(
        "\
Examples, for a shop on this machine:
  cargo run -- frontends add storefront --port 9000
  cargo run -- frontends add storefront --public-key storefront.pem --days 365 --port 9000
  cargo run -- frontends list --port 9000
  cargo run -- frontends remove KID --port 9000

For a shop at AWS leave out the port, with your credentials and the names of the
shop's tables:
{EXPORTS}"
    )
}

/// Arguments of `frontends`.
#[derive(Debug, Args)]
pub struct Frontends {
    #[command(flatten)]
    shop: ChosenShop,
    #[command(subcommand)]
    action: FrontendAction,
}

#[derive(Debug, Subcommand)]
enum FrontendAction {
    /// Trust a frontend: make it a key, or take the public half of one that it has
    Add {
        /// What the frontend is called, such as storefront: the `iss` of its tokens
        name: String,
        /// A PEM file with its public key, as `openssl pkey -pubout` writes it
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// End the trust after so many days; without this it lasts until it is removed
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// List the keys that are trusted
    List,
    /// End the trust in a key
    Remove {
        /// The key's id
        kid: String,
    },
}

impl Frontends {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = self.shop.environment()?;
        let done = match &self.action {
            FrontendAction::Add {
                name,
                public_key,
                days,
            } => trust(&env, name, public_key.as_deref(), *days).await?,
            FrontendAction::List => list_trusted(&env).await?,
            FrontendAction::Remove { kid } => end_trust(&env, kid).await?,
        };
        print(&done);
        Ok(())
    }
}

/// Trusts a frontend, for so many days or until that is ended, and says what it signs with. Makes
/// it a key unless a file has the public half of its own.
///
/// # Errors
/// A sentence: an unfit name or file, or tables that can't be reached.
pub async fn trust(
    env: &Env,
    name: &str,
    public_key: Option<&Path>,
    days: Option<u32>,
) -> Result<String, OperatorError> {
    if !(1..=64).contains(&name.len()) || !name.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(OperatorError::new(
            "the name must be 1 to 64 visible ASCII characters, such as storefront",
        ));
    }
    let frontends = TrustFrontends::from_env(env).map_err(OperatorError::new)?;
    let lifetime = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let (public, private) = match public_key {
        Some(file) => (read_public_key(file)?, None),
        None => {
            let pair = KeyPair::generate().map_err(|problem| not_reached(&problem))?;
            (*pair.public(), Some(pair.private_pem()))
        }
    };
    let kid = frontends.add(name, &public, lifetime).await;
    let kid = kid.map_err(|problem| not_reached(&problem))?;
    let shop = frontends.shop();
    let mut said = format!(
        "{name} is trusted. The tokens that it signs (docs/frontends.md) say:\n\n  \
         kid {kid}\n  iss {name}\n  aud {shop}\n"
    );
    if let Some(private) = private {
        said.push_str(&format!(
            "\nIts private key, which nobody else has and which is shown once:\n\n{private}\n"
        ));
    }
    Ok(said)
}

/// Returns a line for each key that is trusted.
///
/// # Errors
/// A sentence, when the tables can't be reached.
pub async fn list_trusted(env: &Env) -> Result<String, OperatorError> {
    let frontends = TrustFrontends::from_env(env).map_err(OperatorError::new)?;
    let listed = frontends.list().await;
    let listed = listed.map_err(|problem| not_reached(&problem))?;
    if listed.is_empty() {
        return Ok("No frontend is trusted.".to_owned());
    }
    let lines = listed.iter().map(|it| {
        let until = it
            .until
            .map_or_else(String::new, |until| format!(" until {until}"));
        format!("{} {} since {}{until}", it.kid, it.name, it.since)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Ends the trust in a key.
///
/// # Errors
/// A sentence: no such key, or tables that can't be reached.
pub async fn end_trust(env: &Env, kid: &str) -> Result<String, OperatorError> {
    let frontends = TrustFrontends::from_env(env).map_err(OperatorError::new)?;
    match frontends.remove(kid).await {
        Ok(true) => Ok(format!(
            "{kid} is removed. Functions that keep it forget it within five minutes."
        )),
        Ok(false) => Err(OperatorError::new(format!(
            "there is no key {kid}; `cargo run -- frontends list` shows which there are"
        ))),
        Err(problem) => Err(not_reached(&problem)),
    }
}

fn read_public_key(file: &Path) -> Result<[u8; 32], OperatorError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| OperatorError::new(format!("{}: {error}", file.display())))?;
    KeyPair::read_public(&text).ok_or_else(|| {
        OperatorError::new(format!(
            "{} is no public key of Ed25519 in PEM; `openssl genpkey -algorithm ed25519` makes \
             a private one, and `openssl pkey -pubout` its public half",
            file.display()
        ))
    })
}

fn not_reached(problem: &Problem) -> OperatorError {
    OperatorError::new(match problem {
        Problem::Unavailable { .. } => {
            "the shop's tables don't answer; is the region right, or does the shop on this \
             machine run at that port?"
        }
        _ => {
            "the shop's tables can't be used as the environment names them, or with these \
             credentials"
        }
    })
}
