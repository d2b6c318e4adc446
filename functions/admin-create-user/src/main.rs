//! `POST /api/admin/users`: invites someone to the staff.

use shared::http::{IdempotencyKey, Idempotent, Json, Problem, StartError};
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
    key: Option<IdempotencyKey>,
    Json(invitation): Json<Invitation>,
    users: InviteUser,
) -> Result<Idempotent<InvitedUser>, Problem> {
    users.invite(&super_admin, key, invitation).await
}
