//! What the staff see of a customer.

use serde::Serialize;

use crate::identity::{User, UserStatus};
use crate::orders::StaffOrderSummary;
use crate::values::{Timestamp, UserId};

/// A customer with their newest orders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRecord {
    customer: CustomerProfile,
    /// The newest first.
    orders: Vec<StaffOrderSummary>,
    /// Whether there are older ones.
    has_more_orders: bool,
}

/// Who a customer is: nothing of what proves it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerProfile {
    user_id: UserId,
    email: String,
    name: String,
    phone: Option<String>,
    status: UserStatus,
    created_at: Timestamp,
}

impl CustomerRecord {
    pub(super) fn new(
        user: User,
        (orders, has_more_orders): (Vec<StaffOrderSummary>, bool),
    ) -> Self {
        let customer = CustomerProfile {
            user_id: user.id,
            email: user.email.as_str().to_owned(),
            name: user.name,
            phone: user.phone,
            status: user.status,
            created_at: user.created_at,
        };
        Self {
            customer,
            orders,
            has_more_orders,
        }
    }
}
