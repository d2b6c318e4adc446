//! `PUT /api/cart/items/{productId}`: sets how many pieces of a product are
//! in the customer's own cart.

use shared::{
    Cart, CartDesk, Customer, Json, Path, Private, Problem, ProductId, SetQuantity, StartError,
    serve,
};

fn main() -> Result<(), StartError> {
    serve(set_cart_item)
}

/// Answers the whole cart as it then is.
async fn set_cart_item(
    customer: Customer,
    Path(product): Path<ProductId>,
    Json(wanted): Json<SetQuantity>,
    carts: CartDesk,
) -> Result<Private<Cart>, Problem> {
    let cart = carts.set(&customer, &product, wanted.quantity).await?;
    Ok(Private(cart))
}
