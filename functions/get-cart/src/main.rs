//! `GET /api/cart`: the customer's own cart at today's prices.

use shared::{Cart, CartDesk, Customer, Private, Problem, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(get_cart)
}

/// Answers the lines that can be bought, and their total.
async fn get_cart(customer: Customer, carts: CartDesk) -> Result<Private<Cart>, Problem> {
    let cart = carts.show(&customer).await?;
    Ok(Private(cart))
}
