//! `GET /api/products/{productId}`: one product with all its details, for
//! anyone.

use shared::catalogue::{ProductDetail, PublishedProducts};
use shared::http::{Path, Problem, Public, StartError};
use shared::serve;
use shared::values::ProductId;

fn main() -> Result<(), StartError> {
    serve(get_product)
}

/// Answers 404 for a product that is not published, as for an absent one.
async fn get_product(
    Path(id): Path<ProductId>,
    products: PublishedProducts,
) -> Result<Public<ProductDetail>, Problem> {
    let product = products.get(&id).await?;
    Ok(Public(product))
}
