//! `PUT /api/account/password`: a new password for the caller.

use shared::{Json, NoContent, PasswordChange, PasswordDesk, Person, Problem, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(change_password)
}

/// Whoever knows the old one may set a new one. All other sessions of the
/// caller end, and this one goes on.
async fn change_password(
    caller: Person,
    Json(wanted): Json<PasswordChange>,
    desk: PasswordDesk,
) -> Result<NoContent, Problem> {
    desk.change(&caller, wanted).await?;
    Ok(NoContent)
}
