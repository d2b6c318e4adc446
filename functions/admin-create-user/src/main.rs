//! `POST /api/admin/users`: invites someone to the staff.

use shared::{
    AccountDesk, Created, Invitation, InvitedUser, Json, Problem, StartError, SuperAdmin, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_create_user)
}

/// The answer carries the invitation's token, once: who it is for sets a
/// password by it within 72 hours.
async fn admin_create_user(
    super_admin: SuperAdmin,
    Json(invitation): Json<Invitation>,
    accounts: AccountDesk,
) -> Result<Created<InvitedUser>, Problem> {
    let invited = accounts.invite(&super_admin, invitation).await?;
    Ok(Created(invited))
}
