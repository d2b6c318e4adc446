//! `GET /api/orders/{orderId}`: one of the signed-in customer's own orders.

use shared::http::{Path, Private, Problem};
use shared::identity::Customer;
use shared::orders::{CustomerOrders, Order};
use shared::values::OrderId;

/// Answers 404 for another customer's order, as for an absent one.
pub async fn get_order(
    customer: Customer,
    Path(id): Path<OrderId>,
    orders: CustomerOrders,
) -> Result<Private<Order>, Problem> {
    let order = orders.get(&customer, &id).await?;
    Ok(Private(order))
}
