//! `PUT /api/admin/categories/{slug}`: makes a category, or changes its name and where it
//! stands.

use shared::catalogue::{CategoryContent, CategorySlug, SaveCategory, StaffCategory};
use shared::http::{IfMatch, Json, Path, Problem, Saved, StartError};
use shared::identity::Admin;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_save_category)
}

/// Writes the category with its audit record, or neither. No category ever stands below
/// itself.
async fn admin_save_category(
    admin: Admin,
    Path(slug): Path<CategorySlug>,
    Json(content): Json<CategoryContent>,
    read: IfMatch,
    categories: SaveCategory,
) -> Result<Saved<StaffCategory>, Problem> {
    categories.save(&admin, slug, content, read).await
}
