//! Orders as the staff see them: whose they are, and what the staff wrote down
//! about them.

use serde::Serialize;

use super::order::{Order, OrderStatus, Payment};
use crate::values::{Money, OrderId, Timestamp, UserId};

/// What one of the staff wrote down about an order. No customer sees it: no type
/// that is answered to them holds one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    /// Who wrote it.
    pub(crate) by: UserId,
    pub(crate) at: Timestamp,
}

/// An order as the staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffOrder {
    #[serde(flatten)]
    pub(crate) order: Order,
    pub(crate) user_id: UserId,
    /// The oldest first.
    pub(crate) notes: Vec<Note>,
}

/// An order in a list of the staff's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StaffOrderSummary {
    pub(crate) order_id: OrderId,
    pub(crate) user_id: UserId,
    pub(crate) status: OrderStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) total: Money,
    pub(crate) payment: Payment,
    pub(crate) version: u64,
}

/// One page of everybody's orders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffOrderPage {
    pub(crate) items: Vec<StaffOrderSummary>,
    pub(crate) next_cursor: Option<String>,
}
