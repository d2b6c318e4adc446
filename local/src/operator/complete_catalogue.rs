//! Gives products from before there were categories what later ones are made with.

use clap::Args;
use shared::aws::{Env, FromEnv};
use shared::catalogue::CompleteCatalogue as Catalogue;

use super::chosen_shop::ChosenShop;
use super::error::OperatorError;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Count older products in their categories, at AWS or on this machine

Products that were made before the shop had categories have one that may not
exist and doesn't count them, or are not in the staff's list. This makes the
categories that are missing, counts each product once, and lists it. The shop may
run meanwhile, and the command may be run again: what is complete stays as it is.";

/// Arguments of `complete-catalogue`.
#[derive(Debug, Args)]
pub struct CompleteCatalogue {
    #[command(flatten)]
    shop: ChosenShop,
}

impl CompleteCatalogue {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = self.shop.environment()?;
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
