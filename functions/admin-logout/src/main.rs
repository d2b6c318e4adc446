//! `POST /api/admin/logout`: ends one session of one of the staff, or all of
//! them.

use shared::accounts::{SignOut, SignOutRequest};
use shared::http::{Deadline, Json, NoContent, Problem, StartError};
use shared::identity::{Staff, StaffRealm};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_logout)
}

/// Ends one session by its own refresh token, whoever sends it. Ending all of
/// them needs a valid access token, and ends the access tokens that are out.
async fn admin_logout(
    caller: Result<Staff, Problem>,
    Json(wanted): Json<SignOutRequest>,
    deadline: Deadline,
    sign_out: SignOut<StaffRealm>,
) -> Result<NoContent, Problem> {
    match wanted {
        SignOutRequest::Session(Some(token)) => sign_out.session(&token).await?,
        SignOutRequest::Session(None) => {}
        SignOutRequest::Everywhere => sign_out.everywhere(&caller?, deadline).await?,
    }
    Ok(NoContent)
}
