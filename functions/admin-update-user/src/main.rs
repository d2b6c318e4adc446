//! `PATCH /api/admin/users/{userId}`: changes a staff member's role, or whether
//! anyone may use their account.

use shared::http::{IfMatch, Json, Path, Private, Problem, StartError};
use shared::identity::SuperAdmin;
use shared::serve;
use shared::staff::{ChangeUser, StaffUser, UserChange};
use shared::values::UserId;

fn main() -> Result<(), StartError> {
    serve(admin_update_user)
}

/// Works on their very next request. The last active super-admin stays one.
async fn admin_update_user(
    super_admin: SuperAdmin,
    Path(id): Path<UserId>,
    Json(change): Json<UserChange>,
    read: IfMatch,
    users: ChangeUser,
) -> Result<Private<StaffUser>, Problem> {
    let user = users.change(&super_admin, &id, &change, read).await?;
    Ok(Private(user))
}
