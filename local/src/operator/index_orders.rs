//! Lists orders by status that were made before the shop had that index.

use clap::Args;
use shared::aws::{Env, FromEnv};
use shared::http::Problem;
use shared::orders::FillStatusIndex;

use super::chosen_shop::ChosenShop;
use super::error::OperatorError;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Show the staff orders that were made before their lists could be by status

To be run once after the deployment that adds the index by-status to the orders,
in a shop that had orders before. It reads the whole table, changes nothing that an
order says, and may be repeated, or run while the shop is open.";

/// Arguments of `index-orders`.
#[derive(Debug, Args)]
pub struct IndexOrders {
    #[command(flatten)]
    shop: ChosenShop,
}

impl IndexOrders {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        print(&index_orders(&self.shop.environment()?).await?);
        Ok(())
    }
}

/// Lists the orders of the shop whose tables the environment names, and says how many were not
/// listed before.
///
/// # Errors
/// A sentence: a variable that is missing, or tables that can't be reached.
pub async fn index_orders(env: &Env) -> Result<String, OperatorError> {
    let index = FillStatusIndex::from_env(env).map_err(OperatorError::new)?;
    match index.fill().await {
        Ok(0) => Ok("Every order was listed by its status already.".to_owned()),
        Ok(1) => Ok("1 order is now listed by its status.".to_owned()),
        Ok(listed) => Ok(format!("{listed} orders are now listed by their status.")),
        Err(Problem::Unavailable { .. }) => Err(OperatorError::new(
            "the shop's tables don't answer; is the region right, or does the shop on this \
             machine run at that port? What is listed by now stays so: run it again",
        )),
        Err(_) => Err(OperatorError::new(
            "the shop's tables can't be used as the environment names them, or with these \
             credentials",
        )),
    }
}
