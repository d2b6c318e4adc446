//! `POST /api/orders/{orderId}/cancel`: cancels one of the signed-in customer's
//! own orders.

use shared::http::{Deadline, Path, Private, Problem};
use shared::identity::Customer;
use shared::orders::{CancelOrder, Order};
use shared::values::OrderId;

/// Cancels an order that has not shipped. Its pieces are in stock again with it.
pub async fn cancel_order(
    customer: Customer,
    Path(id): Path<OrderId>,
    deadline: Deadline,
    orders: CancelOrder,
) -> Result<Private<Order>, Problem> {
    let order = orders.cancel(&customer, &id, deadline).await?;
    Ok(Private(order))
}
