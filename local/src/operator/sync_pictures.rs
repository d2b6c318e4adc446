//! Has the files of products' pictures shown or hidden anew.

use clap::Args;
use shared::aws::{Env, FromEnv};
use shared::pictures::ResyncPictures;

use super::chosen_shop::{ChosenShop, examples as examples_of};
use super::error::OperatorError;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Show and hide the files of pictures anew, at AWS or on this machine

The function sync-images lets the public see the pictures of published products and of
no others. What it failed on for good, and for longer than the day for which a table's
stream keeps its records, can't be put back: this has it look at a product again, or at
all that have pictures, and make their files as the products then are. It changes
nothing else, may be repeated, and the shop may run meanwhile.";

/// Returns what `--help` says last.
pub(super) fn examples() -> String {
    let command = "sync-pictures";
    format!(
        "{}

For one product:
  cargo run -- {command} prod_01arz3ndektsv4rrffq69g5fav",
        examples_of(command)
    )
}

/// Arguments of `sync-pictures`.
#[derive(Debug, Args)]
pub struct SyncPictures {
    #[command(flatten)]
    shop: ChosenShop,
    /// A product's id; without it, all that have pictures
    product: Option<String>,
}

impl SyncPictures {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = self.shop.environment()?;
        print(&sync_pictures(&env, self.product.as_deref()).await?);
        Ok(())
    }
}

/// Has the pictures of one product, or of all, shown or hidden anew in the shop whose tables the
/// environment names, and says how many products these are.
///
/// # Errors
/// A sentence: a product that there isn't, a variable that is missing, or a table that can't be
/// reached.
pub async fn sync_pictures(env: &Env, product: Option<&str>) -> Result<String, OperatorError> {
    let pictures = ResyncPictures::from_env(env).map_err(OperatorError::new)?;
    let touched = match product {
        None => pictures.all().await,
        Some(id) => pictures.one(id).await.map(u32::from),
    };
    let touched = touched.map_err(|_| {
        OperatorError::new(
            "the shop's table of products can't be read or written with these credentials; what \
             was done so far stays, and the command may be run again",
        )
    })?;
    match (touched, product) {
        (0, Some(id)) => Err(OperatorError::new(format_args!("there is no product {id}"))),
        (1, _) => Ok("sync-images looks at the pictures of 1 product again.".to_owned()),
        _ => Ok(format!(
            "sync-images looks at the pictures of {touched} products again."
        )),
    }
}
