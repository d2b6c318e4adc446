//! What an operator does to a shop, each as a command of its own: with AWS credentials of theirs
//! to a shop that is deployed, or with the local ones to a shop that runs on this machine. No
//! function of the shop can do any of it.

mod chosen_shop;
mod complete_catalogue;
mod dead_letters;
mod error;
mod first_super_admin;
mod frontends;
mod index_orders;
mod rotate_keys;
mod sync_pictures;

use std::io::{self, Write};

use clap::Subcommand;

use complete_catalogue::CompleteCatalogue;
pub use complete_catalogue::complete_catalogue;
use dead_letters::DeadLetters;
pub use dead_letters::{Services, look, put_back};
pub use error::OperatorError;
use first_super_admin::FirstSuperAdmin;
pub use first_super_admin::invite_first_super_admin;
use frontends::Frontends;
pub use frontends::{end_trust, list_trusted, trust};
use index_orders::IndexOrders;
pub use index_orders::index_orders;
use rotate_keys::RotateKeys;
pub use rotate_keys::{RotationError, rotate};
use sync_pictures::SyncPictures;
pub use sync_pictures::sync_pictures;

/// The operator's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace the keys that sign access tokens, in a shop that runs on this machine
    #[command(long_about = rotate_keys::ABOUT, after_long_help = rotate_keys::EXAMPLES)]
    RotateKeys(RotateKeys),
    /// Invite the first super-admin of a shop, at AWS or on this machine
    #[command(
        long_about = first_super_admin::ABOUT,
        after_long_help = first_super_admin::examples()
    )]
    FirstSuperAdmin(FirstSuperAdmin),
    /// Say which frontends on a server may name the customers they call for
    #[command(long_about = frontends::ABOUT, after_long_help = frontends::examples())]
    Frontends(Frontends),
    /// Show what functions failed on for good, and deliver it again, in a shop that runs on this
    /// machine
    #[command(long_about = dead_letters::ABOUT, after_long_help = dead_letters::EXAMPLES)]
    DeadLetters(DeadLetters),
    /// Show the staff orders that were made before their lists could be by status
    #[command(long_about = index_orders::ABOUT, after_long_help = chosen_shop::examples("index-orders"))]
    IndexOrders(IndexOrders),
    /// Count older products in their categories, at AWS or on this machine
    #[command(
        long_about = complete_catalogue::ABOUT,
        after_long_help = chosen_shop::examples("complete-catalogue")
    )]
    CompleteCatalogue(CompleteCatalogue),
    /// Show and hide the files of pictures anew, at AWS or on this machine
    #[command(long_about = sync_pictures::ABOUT, after_long_help = sync_pictures::examples())]
    SyncPictures(SyncPictures),
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
        let print = |text: &str| {
            // Nobody may be listening, as when the output is a closed pipe.
            let _ = writeln!(io::stdout(), "{text}");
        };
        runtime.block_on(async {
            match self {
                Self::RotateKeys(command) => command.run(print).await,
                Self::FirstSuperAdmin(command) => command.run(print).await,
                Self::Frontends(command) => command.run(print).await,
                Self::DeadLetters(command) => command.run(print).await,
                Self::IndexOrders(command) => command.run(print).await,
                Self::CompleteCatalogue(command) => command.run(print).await,
                Self::SyncPictures(command) => command.run(print).await,
            }
        })
    }
}
