//! `POST /api/checkout`: makes an order of what is in the customer's cart.

use shared::http::{Deadline, IdempotencyKey, Idempotent, Json, Problem, StartError};
use shared::identity::Customer;
use shared::orders::{Order, OrderDraft, PlaceOrder};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(checkout)
}

/// Makes one order for one key, however often and however parallel it is sent.
async fn checkout(
    customer: Customer,
    key: IdempotencyKey,
    Json(draft): Json<OrderDraft>,
    deadline: Deadline,
    orders: PlaceOrder,
) -> Result<Idempotent<Order>, Problem> {
    orders.place(&customer, &key, &draft, deadline).await
}
