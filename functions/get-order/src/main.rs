//! `GET /api/orders/{orderId}`: one of the signed-in customer's own orders.

use shared::{Customer, Order, OrderId, OrderStore, Path, Private, Problem, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(get_order)
}

/// Somebody else's order does not exist here.
async fn get_order(
    customer: Customer,
    Path(id): Path<OrderId>,
    orders: OrderStore,
) -> Result<Private<Order>, Problem> {
    let order = orders.of(&customer).get(&id).await?;
    Ok(Private(order))
}
