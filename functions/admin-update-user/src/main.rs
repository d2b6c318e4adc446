//! `PATCH /api/admin/users/{userId}`: someone's role, or whether they may use
//! their account.

use shared::{
    IfMatch, Json, Path, Private, Problem, StaffUser, StartError, SuperAdmin, UserChange, UserDesk,
    UserId, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_update_user)
}

/// It works on their very next request. The last active super-admin stays one.
async fn admin_update_user(
    super_admin: SuperAdmin,
    Path(id): Path<UserId>,
    Json(change): Json<UserChange>,
    read: IfMatch,
    users: UserDesk,
) -> Result<Private<StaffUser>, Problem> {
    let user = users.change(&super_admin, &id, &change, read).await?;
    Ok(Private(user))
}
