//! How an order moves on: which status follows which, who may ask for it, and
//! whether the pieces go back into the stock.

use super::order::{Order, OrderStatus, PaymentStatus};
use crate::http::{Conflict, Problem};
use crate::identity::Role;

/// What decides where an order may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderState {
    pub(super) status: OrderStatus,
    pub(super) payment: PaymentStatus,
}

/// A step that an order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) to: OrderState,
    /// Whether its pieces go back into the stock with it.
    pub(super) returns_stock: bool,
}

/// Why a step can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not by this role.
    Forbidden,
    /// Not from where the order stands.
    Invalid,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Forbidden => Self::Forbidden,
            Refusal::Invalid => Self::Conflict(Conflict::InvalidTransition),
        }
    }
}

/// Returns whether someone of this role may move orders to a status at all.
pub(super) fn may_move_to(wanted: OrderStatus, by: Role) -> bool {
    match wanted {
        OrderStatus::Cancelled => true,
        OrderStatus::Refunded => by >= Role::Admin,
        _ => by.is_staff(),
    }
}

/// Returns whether someone of this role may mark orders as paid.
pub(super) fn may_mark_paid(by: Role) -> bool {
    by >= Role::Admin
}

impl OrderState {
    pub(super) fn of(order: &Order) -> Self {
        Self {
            status: order.status,
            payment: order.payment.status,
        }
    }

    /// Moves an order to a status, for someone of this role. Who asks for what
    /// is not theirs to do is told so whatever the order's status is.
    pub(super) fn moved_to(self, wanted: OrderStatus, by: Role) -> Result<Transition, Refusal> {
        use OrderStatus::{Cancelled, Delivered, PendingPayment, Placed, Processing, Shipped};
        if !may_move_to(wanted, by) {
            return Err(Refusal::Forbidden);
        }
        let follows = match (self.status, wanted) {
            (Placed, Processing)
            | (Processing, Shipped)
            | (Shipped, Delivered)
            | (PendingPayment | Placed | Processing, Cancelled) => true,
            (Placed | Processing | Shipped | Delivered | Cancelled, OrderStatus::Refunded) => {
                self.payment == PaymentStatus::Paid
            }
            _ => false,
        };
        if !follows {
            return Err(Refusal::Invalid);
        }
        let is_refund = wanted == OrderStatus::Refunded;
        let is_here = matches!(self.status, PendingPayment | Placed | Processing);
        Ok(Transition {
            to: Self {
                status: wanted,
                payment: match is_refund {
                    true => PaymentStatus::Refunded,
                    false => self.payment,
                },
            },
            returns_stock: is_here && (is_refund || wanted == Cancelled),
        })
    }

    /// Marks an order as paid, for someone of this role.
    pub(super) fn paid(self, by: Role) -> Result<Self, Refusal> {
        use OrderStatus::{Cancelled, Expired};
        if !may_mark_paid(by) {
            return Err(Refusal::Forbidden);
        }
        let is_over = matches!(self.status, Cancelled | Expired | OrderStatus::Refunded);
        if is_over || self.payment != PaymentStatus::Pending {
            return Err(Refusal::Invalid);
        }
        Ok(Self {
            payment: PaymentStatus::Paid,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames;

    use super::*;

    /// Every step that there is, by the least role that may ask for it; `!`
    /// where the stock returns. Whatever stands here in no line is refused.
    const STEPS: &[(&str, &str, Role, &str)] = &[
        ("pending-payment", "cancelled", Role::Customer, "any !"),
        ("placed", "cancelled", Role::Customer, "any !"),
        ("processing", "cancelled", Role::Customer, "any !"),
        ("placed", "processing", Role::Staff, "any"),
        ("processing", "shipped", Role::Staff, "any"),
        ("shipped", "delivered", Role::Staff, "any"),
        ("placed", "refunded", Role::Admin, "paid !"),
        ("processing", "refunded", Role::Admin, "paid !"),
        ("shipped", "refunded", Role::Admin, "paid"),
        ("delivered", "refunded", Role::Admin, "paid"),
        // Its pieces came back as it was cancelled.
        ("cancelled", "refunded", Role::Admin, "paid"),
    ];

    const ROLES: [Role; 4] = [Role::Customer, Role::Staff, Role::Admin, Role::SuperAdmin];

    fn words<T: std::str::FromStr + VariantNames>() -> impl Iterator<Item = T> {
        T::VARIANTS.iter().filter_map(|word| word.parse().ok())
    }

    fn states() -> impl Iterator<Item = OrderState> {
        let statuses = words::<OrderStatus>();
        statuses.flat_map(|status| words().map(move |payment| OrderState { status, payment }))
    }

    #[test]
    fn an_order_takes_the_steps_of_the_table_and_no_other() {
        let mut taken = 0;
        for state in states() {
            for wanted in words::<OrderStatus>() {
                let (from, to): (&str, &str) = (state.status.into(), wanted.into());
                let least = STEPS.iter().filter(|step| step.1 == to).map(|step| step.2);
                let least = least.min().unwrap_or(Role::Staff);
                let step = STEPS.iter().find(|step| (step.0, step.1) == (from, to));
                let step = step.filter(|step| {
                    step.3.starts_with("any") || state.payment == PaymentStatus::Paid
                });
                for role in ROLES {
                    let moved = state.moved_to(wanted, role);
                    let expected = match step {
                        _ if role < least => Err(Refusal::Forbidden),
                        None => Err(Refusal::Invalid),
                        Some(step) => Ok(Transition {
                            to: OrderState {
                                status: wanted,
                                payment: match to {
                                    "refunded" => PaymentStatus::Refunded,
                                    _ => state.payment,
                                },
                            },
                            returns_stock: step.3.ends_with('!'),
                        }),
                    };
                    assert_eq!(moved, expected, "{state:?} to {to} by {role:?}");
                    taken += u32::from(moved.is_ok());
                }
            }
        }
        // Three payments by four roles, three by three, one by two.
        assert_eq!(taken, 3 * 3 * 4 + 3 * 3 * 3 + 5 * 2);
    }

    #[test]
    fn an_order_is_paid_once_by_an_admin_and_not_when_it_is_over() {
        for state in states() {
            let status: &str = state.status.into();
            let is_over = ["cancelled", "expired", "refunded"].contains(&status);
            let payable = !is_over && state.payment == PaymentStatus::Pending;
            for role in ROLES {
                let expected = match role {
                    Role::Customer | Role::Staff => Err(Refusal::Forbidden),
                    Role::Admin | Role::SuperAdmin if payable => Ok(OrderState {
                        payment: PaymentStatus::Paid,
                        ..state
                    }),
                    Role::Admin | Role::SuperAdmin => Err(Refusal::Invalid),
                };
                assert_eq!(state.paid(role), expected, "{state:?} by {role:?}");
            }
        }
    }
}
