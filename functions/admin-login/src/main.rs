//! `POST /api/admin/login`: signs a member of the staff in.

use shared::accounts::{OpenSession, Session, SignIn, SignInRequest};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::Realm;
use shared::limits::{RateLimited, StaffSignIns};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_login)
}

/// Refuses a customer's password like any wrong one, so that the answer doesn't
/// tell whose account it is.
async fn admin_login(
    Json(request): Json<SignInRequest>,
    _: RateLimited<StaffSignIns>,
    (sign_in, sessions): (SignIn, OpenSession),
) -> Result<Private<Session>, Problem> {
    let who = sign_in.sign_in(&request, Realm::Staff).await?;
    let session = sessions.open(who, request.device.as_deref()).await?;
    Ok(Private(session))
}
