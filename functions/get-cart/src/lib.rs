//! `GET /api/cart`: the customer's own cart at today's prices.

use shared::carts::{Cart, PricedCarts};
use shared::http::{Private, Problem};
use shared::identity::Customer;

/// Answers the lines, and the total of those that can be bought.
pub async fn get_cart(customer: Customer, carts: PricedCarts) -> Result<Private<Cart>, Problem> {
    let cart = carts.get(&customer).await?;
    Ok(Private(cart))
}
