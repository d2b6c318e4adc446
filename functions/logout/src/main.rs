//! `POST /api/auth/logout`: ends one session of a customer, or all of them.

use shared::accounts::{SignOut, SignOutRequest};
use shared::http::{Deadline, Json, NoContent, Problem, StartError};
use shared::identity::{Customer, CustomerRealm};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(logout)
}

/// Ends one session by its own refresh token, whoever sends it. Ending all of
/// them needs a valid access token, and ends the access tokens that are out.
async fn logout(
    caller: Result<Customer, Problem>,
    Json(wanted): Json<SignOutRequest>,
    deadline: Deadline,
    sign_out: SignOut<CustomerRealm>,
) -> Result<NoContent, Problem> {
    match wanted {
        SignOutRequest::Session(Some(token)) => sign_out.session(&token).await?,
        SignOutRequest::Session(None) => {}
        SignOutRequest::Everywhere => sign_out.everywhere(&caller?, deadline).await?,
    }
    Ok(NoContent)
}
