//! `DELETE /api/cart/items/{productId}`: removes a product from the customer's
//! own cart.

use shared::carts::Carts;
use shared::http::{Deadline, NoContent, Path, Problem};
use shared::identity::Customer;
use shared::values::ProductId;

/// Answers the same if the product is not in it, or was put in again later.
pub async fn remove_cart_item(
    customer: Customer,
    Path(product): Path<ProductId>,
    deadline: Deadline,
    carts: Carts,
) -> Result<NoContent, Problem> {
    carts.of(&customer).remove(&product, deadline).await?;
    Ok(NoContent)
}
