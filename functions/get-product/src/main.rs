//! `GET /api/products/{productId}`: one product with all its details, for
//! anyone.

use shared::catalogue::{ProductDetail, PublishedProducts};
use shared::http::{Path, Problem, Public, StartError};
use shared::serve;
use shared::values::ProductId;

fn main() -> Result<(), StartError> {
    serve(get_product)
}

/// Answers the product; one that is not published does not exist here.
async fn get_product(
    Path(id): Path<ProductId>,
    products: PublishedProducts,
) -> Result<Public<ProductDetail>, Problem> {
    let product = products.get(&id).await?;
    Ok(Public(product))
}
