//! Changes of a product's stock that are no sales: who changed it, when and by how much.

use strum::IntoStaticStr;

use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{ItemBuilder, Table, WriteAction};
use crate::values::{MovementId, NoEntropy, ProductId, Timestamp};

/// How the stock was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum MovementKind {
    /// What the product began with.
    Initial,
    /// Counted: it is so many from then on.
    Set,
    /// So many more, or fewer.
    Adjust,
}

/// A change of a product's stock.
pub(crate) struct Movement<'a> {
    pub(crate) product: &'a ProductId,
    pub(crate) kind: MovementKind,
    pub(crate) change: i64,
    /// What there was before and after, where that was known when it was written.
    pub(crate) between: Option<(u32, u32)>,
    /// A user's id, or `operator`.
    pub(crate) by: &'a str,
}

/// The table `stock-movements`: what is written once and never touched again.
#[derive(Clone)]
pub(crate) struct Movements {
    table: Table,
}

impl FromEnv for Movements {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "STOCK_MOVEMENTS_TABLE")?,
        })
    }
}

impl Movements {
    /// Returns the action that writes a movement down.
    pub(crate) fn put_new(&self, movement: &Movement<'_>) -> Result<WriteAction, NoEntropy> {
        let item = ItemBuilder::new()
            .text("productId", movement.product.as_str())
            .text("movementId", MovementId::generate()?.as_str())
            .word("kind", movement.kind)
            .number("change", movement.change)
            .text("by", movement.by)
            .time("at", Timestamp::now());
        let item = match movement.between {
            Some((before, after)) => item.number("before", before).number("after", after),
            None => item,
        };
        Ok(self.table.put_new(item, "movementId"))
    }
}
