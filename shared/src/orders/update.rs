//! Moving a customer's order along, for the staff.

use super::commit_change::{MAX_READS, OrderChanges};
use super::order::OrderStatus;
use super::order_change::OrderChange;
use super::staff_order::StaffOrder;
use super::staff_orders::StaffOrders;
use super::transition::{may_mark_paid, may_move_to};
use crate::audit::{Action, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Conflict, Deadline, IfMatch, Problem};
use crate::identity::{Identity, Role, Staff};
use crate::input::{Fields, FromJson, paragraphs, word};
use crate::values::{OrderId, UserId};

/// How many notes an order has at most: with them it stays well below the 400 KB
/// that DynamoDB takes.
const MAX_NOTES: usize = 50;
/// How many characters a note has at most.
const MAX_NOTE_LENGTH: usize = 1000;

/// What one of the staff changes of an order: a status, that it is paid, a note,
/// or several of them.
pub struct OrderUpdate {
    status: Option<OrderStatus>,
    paid: bool,
    note: Option<String>,
    /// Which version the caller has read, if they say so.
    version: Option<u64>,
}

impl FromJson for OrderUpdate {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional("status", word);
        let paid = fields.optional("paid", |v| match v.boolean()? {
            true => Ok(()),
            false => Err("must be true; what is paid stays so".into()),
        });
        let note = fields.optional("note", |v| paragraphs(v, 1..=MAX_NOTE_LENGTH));
        let version = fields.optional("version", |v| {
            v.integer(1..=i64::MAX).map(i64::unsigned_abs)
        });
        let (status, paid, note, version) = (status?, paid?, note?, version?);
        if status.is_none() && paid.is_none() && note.is_none() {
            fields.refuse("status", "is required, unless paid or note is given".into());
            return None;
        }
        Some(Self {
            status,
            paid: paid.is_some(),
            note,
            version,
        })
    }
}

impl OrderUpdate {
    /// Returns whether someone of this role may ask for it, of whatever order.
    fn is_permitted(&self, by: Role) -> bool {
        let moves = self.status.is_none_or(|wanted| may_move_to(wanted, by));
        moves && (!self.paid || may_mark_paid(by))
    }

    /// Returns whether it is a note that is there already: the last one, of the same words and by
    /// the same person. Without a version nothing else tells that it was sent twice; a status or
    /// a payment that is there already is refused.
    fn is_noted(&self, order: &StaffOrder, by: &Staff) -> bool {
        let is_note = self.status.is_none() && !self.paid;
        let last = order.notes.last();
        is_note
            && last.is_some_and(|it| it.by == *by.user_id() && self.note.as_ref() == Some(&it.text))
    }

    /// Returns what it changes of an order: it is paid first, then moved.
    fn change(&self, order: &StaffOrder, by: &Staff) -> Result<OrderChange, Problem> {
        let mut change = OrderChange::of(&order.order);
        if self.paid {
            change = change.paid(by.role())?;
        }
        if let Some(wanted) = self.status {
            change = change.to(wanted, by.role())?;
        }
        if let Some(text) = &self.note {
            if order.notes.len() >= MAX_NOTES {
                return Err(Problem::Conflict(Conflict::TooManyNotes));
            }
            change = change.noted(text, by);
        }
        Ok(change)
    }
}

/// Moves orders along.
#[derive(Clone)]
pub struct UpdateOrder {
    orders: StaffOrders,
    changes: OrderChanges,
}

impl FromEnv for UpdateOrder {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            orders: StaffOrders::from_env(env)?,
            changes: OrderChanges::from_env(env)?,
        })
    }
}

impl UpdateOrder {
    /// Changes a customer's order. What is called off before it ships is in stock
    /// again in the same transaction. A note that is sent again without a version is written
    /// once.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] if the caller's role doesn't allow it;
    /// [`Problem::NotFound`] for no order; [`Conflict::Stale`] for another version
    /// than the caller read; [`Conflict::InvalidTransition`] from where the order
    /// stands; [`Conflict::TooManyNotes`]; [`Problem::Unavailable`] if it changes
    /// again and again.
    pub async fn update(
        &self,
        by: &Staff,
        (user_id, id): (&UserId, &OrderId),
        wanted: &OrderUpdate,
        read: IfMatch,
        deadline: Deadline,
    ) -> Result<StaffOrder, Problem> {
        if !wanted.is_permitted(by.role()) {
            return Err(Problem::Forbidden);
        }
        for _ in 0..MAX_READS {
            let mut order = self.orders.get(by, user_id, id).await?;
            let read = [wanted.version, read.0];
            if read
                .into_iter()
                .flatten()
                .any(|it| it != order.order.version)
            {
                return Err(Problem::Conflict(Conflict::Stale));
            }
            if read == [None, None] && wanted.is_noted(&order, by) {
                return Ok(order);
            }
            let change = wanted.change(&order, by)?;
            let differences = change.differences(&order.order);
            let record = Record::by(by, Action::OrderUpdated, id.as_str(), differences);
            let customer = by.serving(user_id);
            let written = self
                .changes
                .commit(&customer, &order.order, &change, &record, deadline);
            if written.await? {
                change.apply(&mut order.order);
                order.notes.extend(change.note().cloned());
                return Ok(order);
            }
        }
        Err(Problem::unavailable(
            "an order changed twice while it was updated",
        ))
    }
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
