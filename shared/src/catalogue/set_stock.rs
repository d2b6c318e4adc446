//! Saying how many pieces of a product there are.

use std::time::Duration;

use serde::Serialize;

use super::movements_table::{Movement, MovementKind, Movements};
use super::offer::Offers;
use super::product::MAX_STOCK;
use super::stock_table::{Inventory, Stock};
use super::table::Products;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Deadline, IdempotentChange, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::{Identity, Staff};
use crate::input::{Fields, FromJson, IdempotencyKey};
use crate::values::{ProductId, Timestamp};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-set-stock";
/// What must be left of a request's time for reading the stock anew after a sale.
const ANOTHER_TRY: Duration = Duration::from_millis(500);

/// What the staff say of a product's stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockChange {
    /// There are so many.
    Set(u32),
    /// There are so many more, or fewer.
    Adjust(i32),
}

impl FromJson for StockChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let most = i64::from(MAX_STOCK);
        let available = fields.optional("available", |v| v.integer(0..=most));
        let adjust_by = fields.optional("adjustBy", |v| match v.integer(-most..=most)? {
            0 => Err("must not be 0".into()),
            by => Ok(by),
        });
        match (available?, adjust_by?) {
            (Some(available), None) => u32::try_from(available).ok().map(Self::Set),
            (None, Some(by)) => i32::try_from(by).ok().map(Self::Adjust),
            (Some(_), Some(_)) => {
                let reason = "must be left out where `available` is given";
                fields.refuse("adjustBy", reason.into());
                None
            }
            (None, None) => {
                let reason = "is required, unless `adjustBy` is given";
                fields.refuse("available", reason.into());
                None
            }
        }
    }
}

/// How many pieces of a product there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StockLevel {
    product_id: ProductId,
    available: u32,
}

/// Sets the stock of products.
#[derive(Clone)]
pub struct SetStock {
    products: Products,
    inventory: Inventory,
    movements: Movements,
    offers: Offers,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Product,
    Stock,
}

impl FromEnv for SetStock {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            movements: Movements::from_env(env)?,
            offers: Offers::from_env(env)?,
            keys: IdempotencyKeys::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl SetStock {
    /// Changes a product's stock, with a movement in the same transaction. A request that is
    /// sent again under its key changes nothing more, and gets what there is by then.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a product that is absent or deleted; [`Conflict::StockTooLow`]
    /// if there would be fewer than none; [`Problem::Invalid`] for more than the shop keeps
    /// account of; [`Problem::IdempotencyMismatch`] for a key that was used with another body.
    pub async fn set(
        &self,
        by: &Staff,
        key: Option<IdempotencyKey>,
        id: &ProductId,
        change: StockChange,
        deadline: Deadline,
    ) -> Result<IdempotentChange<StockLevel>, Problem> {
        let request = key.map(|key| request(by, &key, id, change));
        let level = |available| StockLevel {
            product_id: id.clone(),
            available,
        };
        match self.write(by, request.as_ref(), id, change, deadline).await {
            Ok(written) => {
                let now = self.offers.refresh_labels([id].into_iter(), deadline);
                let now = now.await.and_then(|it| it.stock_of(id));
                let available = match change {
                    StockChange::Set(available) => available,
                    StockChange::Adjust(_) => now.map_or(written, |it| it.available),
                };
                Ok(IdempotentChange::Changed(level(available)))
            }
            Err(refusal) => {
                self.keys.used(request.as_ref(), refusal).await?;
                let stock = self.inventory.get(id).await?.ok_or(Problem::NotFound)?;
                Ok(IdempotentChange::Replayed(level(stock.available)))
            }
        }
    }

    /// Writes the change, and returns how many pieces there then are if nothing was sold
    /// meanwhile.
    async fn write(
        &self,
        by: &Staff,
        request: Option<&KeyedRequest>,
        id: &ProductId,
        change: StockChange,
        deadline: Deadline,
    ) -> Result<u32, Problem> {
        loop {
            let (product, stock) = tokio::try_join!(self.products.get(id), self.inventory.get(id))?;
            let (Some(_), Some(before)) = (product, stock) else {
                return Err(Problem::NotFound);
            };
            let after = after(before.available, change)?;
            let parts = self.transaction(by, request, id, change, before, after)?;
            let changes = vec![Change::of("available")];
            let record = Record::by(by, Action::StockChanged, id.as_str(), changes);
            let refused = match self.audit.commit(parts, &[record]).await? {
                Outcome::Committed => return Ok(after),
                Outcome::Refused(parts) => parts,
            };
            if refused.contains(&Part::Key) || deadline.remaining() < ANOTHER_TRY {
                return Err(Problem::unavailable(
                    "a key is in use, or the stock changes often",
                ));
            }
            // Sold or deleted meanwhile.
        }
    }

    fn transaction(
        &self,
        by: &Staff,
        request: Option<&KeyedRequest>,
        id: &ProductId,
        change: StockChange,
        before: Stock,
        after: u32,
    ) -> Result<Transaction<Part>, Problem> {
        let (write, kind, difference, between) = match change {
            StockChange::Set(available) => (
                self.inventory.set(id, before, available),
                MovementKind::Set,
                i64::from(available) - i64::from(before.available),
                Some((before.available, after)),
            ),
            StockChange::Adjust(by) => (
                self.inventory.adjust(id, by),
                MovementKind::Adjust,
                by.into(),
                None,
            ),
        };
        let movement = Movement {
            product: id,
            kind,
            change: difference,
            between,
            by: by.user_id().as_str(),
        };
        let mut parts = Transaction::new()
            .with(Part::Product, self.products.check_there(id))
            .with(Part::Stock, write);
        parts.push_unlabelled(self.movements.put_new(&movement)?);
        if let Some(request) = request {
            let put = self.keys.put_new(request, id.as_str(), Timestamp::now());
            parts = parts.with_key(|_| Part::Key, put);
        }
        Ok(parts)
    }
}

/// Returns how many pieces there are after a change.
fn after(available: u32, change: StockChange) -> Result<u32, Problem> {
    match change {
        StockChange::Set(available) => Ok(available),
        StockChange::Adjust(by) => match available.checked_add_signed(by) {
            None => Err(Problem::Conflict(Conflict::StockTooLow)),
            Some(after) if after > MAX_STOCK => {
                let detail = format!("must leave at most {MAX_STOCK} pieces");
                Err(Problem::invalid("/adjustBy", detail))
            }
            Some(after) => Ok(after),
        },
    }
}

fn request(by: &Staff, key: &IdempotencyKey, id: &ProductId, change: StockChange) -> KeyedRequest {
    let (field, number) = match change {
        StockChange::Set(available) => ("available", available.to_string()),
        StockChange::Adjust(by) => ("adjustBy", by.to_string()),
    };
    KeyedRequest::new(OPERATION, by, key, &[id.as_str(), field, &number])
}
