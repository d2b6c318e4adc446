//! `POST /api/auth/login`: signs a customer in.

use shared::accounts::{OpenSession, Session, SignIn, SignInRequest};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::Realm;
use shared::limits::{CustomerSignIns, RateLimited};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(login)
}

/// Refuses a staff password like any wrong one: the staff sign in at
/// `admin-login`, which allows fewer attempts.
async fn login(
    Json(request): Json<SignInRequest>,
    _: RateLimited<CustomerSignIns>,
    (sign_in, sessions): (SignIn, OpenSession),
) -> Result<Private<Session>, Problem> {
    let who = sign_in.sign_in(&request, Realm::Customer).await?;
    let session = sessions.open(who, request.device.as_deref()).await?;
    Ok(Private(session))
}
