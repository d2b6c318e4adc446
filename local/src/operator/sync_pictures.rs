//! Has the files of products' pictures shown or hidden anew.

use clap::Args;
use cloud::Ports;
use shared::aws::{Env, FromEnv};
use shared::pictures::ResyncPictures;

use super::error::OperatorError;
use super::first_super_admin::environment;
use super::port::fixed_ports;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Show and hide the files of pictures anew, at AWS or on this machine

The function sync-images lets the public see the pictures of published products and of
no others. What it failed on for good, and for longer than the day for which a table's
stream keeps its records, can't be put back: this has it look at a product again, or at
all that have pictures, and make their files as the products then are. It changes
nothing else, may be repeated, and the shop may run meanwhile.";

/// What `--help` says last.
pub(super) const EXAMPLES: &str = "\
For a shop at AWS, with your credentials and the names of the shop's tables:
  export AWS_REGION=eu-central-1
  eval \"$(aws configure export-credentials --format env)\"
  export $(aws cloudformation describe-stacks --stack-name buy-from-me --output text \\
    --query \"Stacks[0].Outputs[?OutputKey=='OperatorEnvironment'].OutputValue\")
  cargo run -- sync-pictures

For a shop on this machine, and for one product:
  cargo run -- sync-pictures --port 9000 prod_01arz3ndektsv4rrffq69g5fav";

/// Arguments of `sync-pictures`.
#[derive(Debug, Args)]
pub struct SyncPictures {
    /// A shop that runs on this machine, by its API's port
    #[arg(long, value_name = "N", value_parser = fixed_ports)]
    port: Option<Ports>,
    /// A product's id; without it, all that have pictures
    product: Option<String>,
}

impl SyncPictures {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = environment(self.port)?;
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
