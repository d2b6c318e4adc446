//! `GET /api/orders`: the signed-in customer's own orders, the newest first.

use shared::http::{PageRequest, Private, Problem, Query, StartError};
use shared::identity::Customer;
use shared::orders::{CustomerOrders, OrderFilter, OrderPage};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(get_orders)
}

/// Answers one page; the next page's cursor is in it.
async fn get_orders(
    customer: Customer,
    Query(filter): Query<OrderFilter>,
    page: PageRequest,
    orders: CustomerOrders,
) -> Result<Private<OrderPage>, Problem> {
    let orders = orders.list(&customer, filter, &page).await?;
    Ok(Private(orders))
}
