//! `DELETE /api/cart/items/{productId}`: takes a product out of the
//! customer's own cart.

use shared::{CartStore, Customer, NoContent, Path, Problem, ProductId, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(remove_cart_item)
}

/// Does nothing, and says so the same way, if the product is not in it.
async fn remove_cart_item(
    customer: Customer,
    Path(product): Path<ProductId>,
    carts: CartStore,
) -> Result<NoContent, Problem> {
    carts.of(&customer).remove(&product).await?;
    Ok(NoContent)
}
