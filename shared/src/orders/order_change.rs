//! What one write changes of an order.

use super::order::{Order, OrderStatus, Payment, StatusChange};
use super::staff_order::Note;
use super::transition::{OrderState, Refusal, Transition};
use crate::audit::Change;
use crate::identity::{Identity, Role, Staff};
use crate::values::Timestamp;

/// What one write changes of an order, as it was asked for by someone of a role.
#[derive(Debug)]
pub(super) struct OrderChange {
    state: OrderState,
    returns_stock: bool,
    note: Option<Note>,
    at: Timestamp,
}

impl OrderChange {
    /// Begins a change of an order, which changes nothing yet.
    pub(super) fn of(order: &Order) -> Self {
        Self {
            state: OrderState::of(order),
            returns_stock: false,
            note: None,
            at: Timestamp::now(),
        }
    }

    /// Moves the order to a status.
    pub(super) fn to(mut self, wanted: OrderStatus, by: Role) -> Result<Self, Refusal> {
        let Transition { to, returns_stock } = self.state.moved_to(wanted, by)?;
        (self.state, self.returns_stock) = (to, returns_stock);
        Ok(self)
    }

    /// Marks the order as paid.
    pub(super) fn paid(mut self, by: Role) -> Result<Self, Refusal> {
        self.state = self.state.paid(by)?;
        Ok(self)
    }

    /// Adds what one of the staff writes down.
    pub(super) fn noted(mut self, text: &str, by: &Staff) -> Self {
        self.note = Some(Note {
            text: text.to_owned(),
            by: by.user_id().clone(),
            at: self.at,
        });
        self
    }

    /// Returns what is written down with it.
    pub(super) fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// Returns whether the order's pieces go back into the stock.
    pub(super) fn returns_stock(&self) -> bool {
        self.returns_stock
    }

    /// Returns the entry of the order's history, if its status changes.
    pub(super) fn status_change(&self, order: &Order) -> Option<StatusChange> {
        let (status, at) = (self.state.status, self.at);
        (status != order.status).then_some(StatusChange { status, at })
    }

    /// Returns the payment, if its status changes.
    pub(super) fn payment(&self, order: &Order) -> Option<Payment> {
        let status = self.state.payment;
        let method = order.payment.method;
        (status != order.payment.status).then_some(Payment { method, status })
    }

    /// Returns what the audit log says of it.
    pub(super) fn differences(&self, order: &Order) -> Vec<Change> {
        let mut differences = Vec::new();
        if self.state.status != order.status {
            let change = Change::between("status", order.status, self.state.status);
            differences.push(change);
        }
        if let Some(payment) = self.payment(order) {
            let change = Change::between("payment", order.payment.status, payment.status);
            differences.push(change);
        }
        if self.note.is_some() {
            differences.push(Change::of("notes"));
        }
        differences
    }

    /// Changes the order that was read as the table's row is changed.
    pub(super) fn apply(&self, order: &mut Order) {
        order.history.extend(self.status_change(order));
        order.status = self.state.status;
        order.payment.status = self.state.payment;
        order.version += 1;
    }
}
