//! `PATCH /api/admin/orders/{userId}/{orderId}`: moves a customer's order along.

use shared::http::{Deadline, IfMatch, Json, Path, Private, Problem};
use shared::identity::Staff;
use shared::orders::{OrderUpdate, StaffOrder, UpdateOrder};
use shared::values::{OrderId, UserId};

/// Moves an order along, only forward. What is called off before it ships is in stock again with it.
/// Marking as paid and refunding are an admin's.
pub async fn admin_update_order(
    staff: Staff,
    Path((user_id, id)): Path<(UserId, OrderId)>,
    Json(update): Json<OrderUpdate>,
    read: IfMatch,
    deadline: Deadline,
    orders: UpdateOrder,
) -> Result<Private<StaffOrder>, Problem> {
    let order = orders.update(&staff, (&user_id, &id), &update, read, deadline);
    Ok(Private(order.await?))
}
