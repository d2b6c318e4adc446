//! `POST /api/admin/users`: invites someone to the staff.

use shared::http::{Created, Json, Problem, StartError};
use shared::identity::SuperAdmin;
use shared::serve;
use shared::staff::{Invitation, InviteUser, InvitedUser};

fn main() -> Result<(), StartError> {
    serve(admin_create_user)
}

/// Answers with the invitation's token, once: whom it is for sets a password
/// by it within 72 hours.
async fn admin_create_user(
    super_admin: SuperAdmin,
    Json(invitation): Json<Invitation>,
    users: InviteUser,
) -> Result<Created<InvitedUser>, Problem> {
    let invited = users.invite(&super_admin, invitation).await?;
    Ok(Created(invited))
}
