//! `PUT /api/account/password`: changes the caller's password.

use shared::accounts::{ChangePassword, PasswordChange};
use shared::http::{Json, NoContent, Problem, StartError};
use shared::identity::AnyUser;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(change_password)
}

/// Takes the old password and the new one. Ends all other sessions of the
/// caller, and keeps this one.
async fn change_password(
    caller: AnyUser,
    Json(wanted): Json<PasswordChange>,
    passwords: ChangePassword,
) -> Result<NoContent, Problem> {
    passwords.change(&caller, wanted).await?;
    Ok(NoContent)
}
