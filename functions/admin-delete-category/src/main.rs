//! `DELETE /api/admin/categories/{slug}`: deletes a category that nothing uses.

use shared::catalogue::{CategorySlug, DeleteCategory};
use shared::http::{NoContent, Path, Problem, StartError};
use shared::identity::Admin;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_delete_category)
}

/// Refuses it while products use it or other categories stand under it.
async fn admin_delete_category(
    admin: Admin,
    Path(slug): Path<CategorySlug>,
    categories: DeleteCategory,
) -> Result<NoContent, Problem> {
    categories.delete(&admin, &slug).await?;
    Ok(NoContent)
}
