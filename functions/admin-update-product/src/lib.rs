//! `PATCH /api/admin/products/{productId}`: changes a product, but for its stock and its
//! pictures.

use shared::catalogue::{ProductChange, StaffProduct, UpdateProduct};
use shared::http::{IfMatch, Json, Path, Private, Problem};
use shared::identity::Admin;
use shared::values::ProductId;

/// Writes what is given, with its audit record, unless somebody else has changed the
/// product since it was read.
pub async fn admin_update_product(
    admin: Admin,
    Path(id): Path<ProductId>,
    Json(change): Json<ProductChange>,
    read: IfMatch,
    products: UpdateProduct,
) -> Result<Private<StaffProduct>, Problem> {
    let product = products.update(&admin, &id, &change, read).await?;
    Ok(Private(product))
}
