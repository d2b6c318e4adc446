//! `GET /api/orders`: the signed-in customer's own orders, the newest first.

use shared::http::{PageRequest, Private, Problem, Query};
use shared::identity::Customer;
use shared::orders::{CustomerOrders, OrderFilter, OrderPage};

/// Answers one page; the next page's cursor is in it.
pub async fn get_orders(
    customer: Customer,
    Query(filter): Query<OrderFilter>,
    page: PageRequest,
    orders: CustomerOrders,
) -> Result<Private<OrderPage>, Problem> {
    let orders = orders.list(&customer, filter, &page).await?;
    Ok(Private(orders))
}
