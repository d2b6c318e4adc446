//! `GET /api/products/{productId}`: one product with all its details, for
//! anyone.

use shared::{Path, Problem, ProductDetail, ProductId, Public, ShopWindow, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(get_product)
}

/// Answers the product; one that is not published does not exist here.
async fn get_product(
    Path(id): Path<ProductId>,
    window: ShopWindow,
) -> Result<Public<ProductDetail>, Problem> {
    let product = window.show(&id).await?;
    Ok(Public(product))
}
