//! What the staff see of a customer.

use serde::Serialize;

use crate::identity::{User, UserStatus};
use crate::orders::StaffOrderSummary;
use crate::values::{Timestamp, UserId};

/// A customer with their orders. The list is the whole of it.
#[derive(Debug, Serialize)]
pub struct CustomerRecord {
    customer: CustomerProfile,
    /// The newest first.
    orders: Vec<StaffOrderSummary>,
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
    pub(super) fn new(user: User, orders: Vec<StaffOrderSummary>) -> Self {
        let customer = CustomerProfile {
            user_id: user.id,
            email: user.email.as_str().to_owned(),
            name: user.name,
            phone: user.phone,
            status: user.status,
            created_at: user.created_at,
        };
        Self { customer, orders }
    }
}
