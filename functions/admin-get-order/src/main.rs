//! `GET /api/admin/orders/{userId}/{orderId}`: an order of a customer's.

use shared::http::{Path, Private, Problem, StartError};
use shared::identity::Staff;
use shared::orders::{StaffOrder, StaffOrders};
use shared::serve;
use shared::values::{OrderId, UserId};

fn main() -> Result<(), StartError> {
    serve(admin_get_order)
}

/// Answers with the staff's notes, which no customer sees.
async fn admin_get_order(
    staff: Staff,
    Path((user_id, id)): Path<(UserId, OrderId)>,
    orders: StaffOrders,
) -> Result<Private<StaffOrder>, Problem> {
    let order = orders.get(&staff, &user_id, &id).await?;
    Ok(Private(order))
}
