//! `GET /api/admin/users`: who has an account, by role and status.

use shared::{
    Private, Problem, Query, StartError, SuperAdmin, UserDirectory, UserFilter, UserPage, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_list_users)
}

/// Those who may most come first; no password's hash and no session among it.
async fn admin_list_users(
    super_admin: SuperAdmin,
    Query(filter): Query<UserFilter>,
    users: UserDirectory,
) -> Result<Private<UserPage>, Problem> {
    let page = users.list(&super_admin, &filter).await?;
    Ok(Private(page))
}
