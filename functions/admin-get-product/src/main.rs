//! `GET /api/admin/products/{productId}`: a product as the staff see it.

use shared::catalogue::{StaffProduct, StaffProducts};
use shared::http::{Path, Private, Problem, StartError};
use shared::identity::Staff;
use shared::serve;
use shared::values::ProductId;

fn main() -> Result<(), StartError> {
    serve(admin_get_product)
}

/// Answers all that an edit begins with, of a draft too.
async fn admin_get_product(
    staff: Staff,
    Path(id): Path<ProductId>,
    products: StaffProducts,
) -> Result<Private<StaffProduct>, Problem> {
    let product = products.get(&staff, &id).await?;
    Ok(Private(product))
}
