//! `DELETE /api/admin/products/{productId}`: deletes a product.

use shared::catalogue::DeleteProduct;
use shared::http::{NoContent, Path, Problem};
use shared::identity::SuperAdmin;
use shared::values::ProductId;

/// Takes it from everyone at once; its row and its pictures go a day later.
pub async fn admin_delete_product(
    super_admin: SuperAdmin,
    Path(id): Path<ProductId>,
    products: DeleteProduct,
) -> Result<NoContent, Problem> {
    products.delete(&super_admin, &id).await?;
    Ok(NoContent)
}
