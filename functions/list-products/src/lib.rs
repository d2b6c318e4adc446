//! `GET /api/products`: a page of what the shop sells, for anyone.

use shared::catalogue::{Catalogue, ProductFilter, ProductPage};
use shared::http::{PageRequest, Problem, Public, Query};

/// Answers one page in the order asked for; the next page's cursor is in it.
pub async fn list_products(
    Query(filter): Query<ProductFilter>,
    page: PageRequest,
    catalogue: Catalogue,
) -> Result<Public<ProductPage>, Problem> {
    catalogue.list(filter, page).await
}
