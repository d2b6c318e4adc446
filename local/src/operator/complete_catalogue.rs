//! Gives products from before there were categories what later ones are made with.

use clap::Args;
use cloud::Ports;
use shared::aws::{Env, FromEnv};
use shared::catalogue::CompleteCatalogue as Catalogue;

use super::error::OperatorError;
use super::first_super_admin::environment;
use super::port::fixed_ports;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Count older products in their categories, at AWS or on this machine

Products that were made before the shop had categories have one that may not
exist and doesn't count them, and are not in the staff's list. This makes the
categories that are missing, counts each product once, and lists it. The shop may
run meanwhile, and the command may be run again: what is complete stays as it is.";

/// What `--help` says last.
pub(super) const EXAMPLES: &str = "\
For a shop at AWS, with your credentials and the names of the shop's tables:
  export AWS_REGION=eu-central-1
  eval \"$(aws configure export-credentials --format env)\"
  export $(aws cloudformation describe-stacks --stack-name buy-from-me --output text \\
    --query \"Stacks[0].Outputs[?OutputKey=='OperatorEnvironment'].OutputValue\")
  cargo run -- complete-catalogue

For a shop on this machine:
  cargo run -- complete-catalogue --port 9000";

/// Arguments of `complete-catalogue`.
#[derive(Debug, Args)]
pub struct CompleteCatalogue {
    /// A shop that runs on this machine, by its API's port
    #[arg(long, value_name = "N", value_parser = fixed_ports)]
    port: Option<Ports>,
}

impl CompleteCatalogue {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = environment(self.port)?;
        print(&complete_catalogue(&env).await?);
        Ok(())
    }
}

/// Completes the catalogue of the shop whose tables the environment names, and says what was
/// done.
///
/// # Errors
/// A sentence: a variable that is missing, tables that can't be reached, or too many categories.
pub async fn complete_catalogue(env: &Env) -> Result<String, OperatorError> {
    let catalogue = Catalogue::from_env(env).map_err(OperatorError::new)?;
    let done = catalogue.complete().await.map_err(|_| {
        OperatorError::new(
            "the shop's tables can't be read or written with these credentials, or more than 500 \
             categories would be needed; what was done so far stays, and the command may be run \
             again",
        )
    })?;
    let mut said = format!(
        "{} products are counted and listed now, and {} categories were made.",
        done.products, done.categories
    );
    if done.left > 0 {
        said.push_str(&format!(
            " {} were changed meanwhile: run the command again.",
            done.left
        ));
    }
    Ok(said)
}
