//! `GET /api/admin/users`: who is on the staff, by role and status, or who is a
//! customer.

use shared::http::{Private, Problem, Query, StartError};
use shared::identity::SuperAdmin;
use shared::serve;
use shared::staff::{ListUsers, UserFilter, UserPage};

fn main() -> Result<(), StartError> {
    serve(admin_list_users)
}

/// Lists people, highest role first, then newest. Never returns credentials.
async fn admin_list_users(
    super_admin: SuperAdmin,
    Query(filter): Query<UserFilter>,
    users: ListUsers,
) -> Result<Private<UserPage>, Problem> {
    let page = users.list(&super_admin, &filter).await?;
    Ok(Private(page))
}
