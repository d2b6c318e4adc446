//! `POST /api/checkout`: makes an order of what is in the customer's cart.

use shared::http::{Deadline, IdempotencyKey, Idempotent, Json, Problem};
use shared::identity::Customer;
use shared::orders::{Order, OrderDraft, PlaceOrder};

/// Makes one order for one key, however often and however parallel it is sent.
pub async fn checkout(
    customer: Customer,
    key: IdempotencyKey,
    Json(draft): Json<OrderDraft>,
    deadline: Deadline,
    orders: PlaceOrder,
) -> Result<Idempotent<Order>, Problem> {
    orders.place(&customer, &key, &draft, deadline).await
}
