//! `GET /api/admin/products`: a page of all products, drafts too, for the staff.

use shared::catalogue::{StaffCatalogue, StaffFilter, StaffProductPage};
use shared::http::{PageRequest, Private, Problem, Query, StartError};
use shared::identity::Staff;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_list_products)
}

/// Answers one page, the newest first; the next page's cursor is in it.
async fn admin_list_products(
    staff: Staff,
    Query(filter): Query<StaffFilter>,
    page: PageRequest,
    catalogue: StaffCatalogue,
) -> Result<Private<StaffProductPage>, Problem> {
    let products = catalogue.list(&staff, &filter, &page).await?;
    Ok(Private(products))
}
