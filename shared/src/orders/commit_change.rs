//! Writing a change of an order: in one transaction with the pieces that go back
//! into the stock and with its record in the audit log.

use super::order::Order;
use super::order_change::OrderChange;
use super::table;
use crate::audit::{AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::Offers;
use crate::dynamodb::{Outcome, Table, Transaction};
use crate::http::{Deadline, Problem};
use crate::identity::NamesCustomer;

/// How often an order is read for one change: once more if another change came
/// between reading and writing.
pub(super) const MAX_READS: u32 = 2;

/// Writes changes of orders.
#[derive(Clone)]
pub(super) struct OrderChanges {
    table: Table,
    offers: Offers,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Order,
    Stock,
}

impl FromEnv for OrderChanges {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "ORDERS_TABLE")?,
            offers: Offers::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl OrderChanges {
    /// Writes a change of an order that was read, its record, and the stock that
    /// returns: at most 34 actions. Returns false, and has written nothing, if
    /// the order is not any more what was read.
    pub(super) async fn commit(
        &self,
        customer: &impl NamesCustomer,
        order: &Order,
        change: &OrderChange,
        record: &Record<'_>,
        deadline: Deadline,
    ) -> Result<bool, Problem> {
        let update = table::update(&self.table, customer, order, change);
        let mut parts = Transaction::new().with(Part::Order, update);
        if change.returns_stock() {
            for line in &order.lines {
                let pieces = self.offers.return_to_stock(&line.product_id, line.quantity);
                parts.push(Part::Stock, pieces);
            }
        }
        let parts = parts.until(deadline.instant());
        match self
            .audit
            .commit(parts, std::slice::from_ref(record))
            .await?
        {
            Outcome::Committed => {}
            Outcome::Refused(failed) => {
                let is_overtaken = failed.iter().any(|part| matches!(part, Part::Order));
                return match is_overtaken {
                    true => Ok(false),
                    false => Err(Problem::internal(
                        "a product that was sold has no stock row",
                    )),
                };
            }
        }
        if change.returns_stock() {
            let products = order.lines.iter().map(|line| &line.product_id);
            self.offers.refresh_labels(products, deadline).await;
        }
        Ok(true)
    }
}
