//! `GET /api/products/{productId}`: one product with all its details, for
//! anyone.

use shared::catalogue::{ProductDetail, PublishedProducts};
use shared::http::{Path, Problem, Public};
use shared::values::ProductId;

/// Answers 404 for a product that is not published, as for an absent one.
pub async fn get_product(
    Path(id): Path<ProductId>,
    products: PublishedProducts,
) -> Result<Public<ProductDetail>, Problem> {
    products.get(id).await
}
