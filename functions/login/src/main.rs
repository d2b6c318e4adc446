//! `POST /api/auth/login`: signs a customer in.

use shared::accounts::{OpenSession, Session, SignIn, SignInRequest};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::CustomerRealm;
use shared::limits::{Address, CustomerSignIns, RateLimited};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(login)
}

/// Knows the customers' accounts alone: the staff sign in at `admin-login`,
/// which allows fewer attempts.
async fn login(
    Json(request): Json<SignInRequest>,
    _: RateLimited<CustomerSignIns>,
    address: Address,
    (sign_in, sessions): (SignIn<CustomerRealm>, OpenSession<CustomerRealm>),
) -> Result<Private<Session>, Problem> {
    let who = sign_in.sign_in(&request, address).await?;
    let session = sessions.open(who, request.device.as_deref()).await?;
    Ok(Private(session))
}
