//! `POST /api/checkout`: makes an order of what is in the customer's cart.

use shared::{
    Checkout, Customer, IdempotencyKey, Idempotent, Json, Order, OrderDraft, Problem, StartError,
    TimeLeft, serve,
};

fn main() -> Result<(), StartError> {
    serve(checkout)
}

/// One key makes one order, however often and however parallel it is sent.
async fn checkout(
    customer: Customer,
    key: IdempotencyKey,
    Json(draft): Json<OrderDraft>,
    time_left: TimeLeft,
    checkout: Checkout,
) -> Result<Idempotent<Order>, Problem> {
    checkout.place(&customer, &key, &draft, time_left).await
}
