//! `GET /api/orders`: the signed-in customer's own orders, the newest first.

use shared::{
    Customer, OrderFilter, OrderHistory, OrderPage, PageRequest, Private, Problem, Query,
    StartError, serve,
};

fn main() -> Result<(), StartError> {
    serve(get_orders)
}

/// Answers one page; the next page's cursor is in it.
async fn get_orders(
    customer: Customer,
    Query(filter): Query<OrderFilter>,
    page: PageRequest,
    history: OrderHistory,
) -> Result<Private<OrderPage>, Problem> {
    let orders = history.list(&customer, filter, &page).await?;
    Ok(Private(orders))
}
