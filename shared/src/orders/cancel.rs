//! Cancelling one's own order before it ships.

use super::commit_change::{MAX_READS, OrderChanges};
use super::customer_orders::CustomerOrders;
use super::order::{Order, OrderStatus};
use super::order_change::OrderChange;
use crate::audit::{Action, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::TransactGet;
use crate::http::{Deadline, Problem};
use crate::identity::{Customer, CustomerRealm, Role, Users};
use crate::values::OrderId;

/// Cancels orders for their customers.
#[derive(Clone)]
pub struct CancelOrder {
    users: Users<CustomerRealm>,
    orders: CustomerOrders,
    changes: OrderChanges,
}

impl FromEnv for CancelOrder {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: Users::from_env(env)?,
            orders: CustomerOrders::from_env(env)?,
            changes: OrderChanges::from_env(env)?,
        })
    }
}

impl CancelOrder {
    /// Cancels one of the customer's orders that has not shipped. Its pieces go
    /// back into the stock in the same transaction.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if the order is absent or somebody else's;
    /// [`Conflict::InvalidTransition`](crate::http::Conflict::InvalidTransition) if
    /// it has shipped or is cancelled already; [`Problem::Unavailable`] if it
    /// changes again and again.
    pub async fn cancel(
        &self,
        customer: &Customer,
        id: &OrderId,
        deadline: Deadline,
    ) -> Result<Order, Problem> {
        for _ in 0..MAX_READS {
            let mut order = self.read(customer, id, deadline).await?;
            let change = OrderChange::of(&order).to(OrderStatus::Cancelled, Role::Customer)?;
            let differences = change.differences(&order);
            let record = Record::by(customer, Action::OrderCancelled, id.as_str(), differences);
            let written = self
                .changes
                .commit(customer, &order, &change, &record, deadline);
            if written.await? {
                change.apply(&mut order);
                return Ok(order);
            }
        }
        Err(Problem::unavailable(
            "an order that was to be cancelled changed twice",
        ))
    }

    /// Reads the order, and in the same call whether its customer is still
    /// active: what ends their tokens ends this, too.
    async fn read(
        &self,
        customer: &Customer,
        id: &OrderId,
        deadline: Deadline,
    ) -> Result<Order, Problem> {
        let items = self.users.read_with(TransactGet::default(), customer);
        let items = self.orders.read_with(items, customer, id);
        let items = items.until(deadline.instant());
        let rows = items.read(self.orders.client()).await?;
        let row = |place: usize| rows.get(place).and_then(Option::as_ref);
        Users::require_active_row(customer, row(0))?;
        let order = row(1).ok_or(Problem::NotFound)?;
        Ok(super::table::read(order.into())?)
    }
}

#[cfg(test)]
#[path = "cancel_tests.rs"]
mod tests;
