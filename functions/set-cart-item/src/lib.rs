//! `PUT /api/cart/items/{productId}`: sets how many pieces of a product are in
//! the customer's own cart.

use shared::carts::{Cart, PricedCarts, SetQuantity};
use shared::http::{Deadline, Json, Path, Private, Problem};
use shared::identity::Customer;
use shared::values::ProductId;

/// Answers the whole cart as it then is.
pub async fn set_cart_item(
    customer: Customer,
    Path(product): Path<ProductId>,
    Json(wanted): Json<SetQuantity>,
    deadline: Deadline,
    carts: PricedCarts,
) -> Result<Private<Cart>, Problem> {
    let cart = carts.set(&customer, &product, wanted.quantity, deadline);
    Ok(Private(cart.await?))
}
