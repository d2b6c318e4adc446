//! `POST /api/admin/login`: signs a member of the staff in.

use shared::accounts::{OpenSession, Session, SignIn, SignInRequest};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::StaffRealm;
use shared::limits::{Address, RateLimited, StaffSignIns};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_login)
}

/// Knows the staff's accounts alone: a customer's address is one like any
/// other that nobody has.
async fn admin_login(
    Json(request): Json<SignInRequest>,
    _: RateLimited<StaffSignIns>,
    address: Address,
    (sign_in, sessions): (SignIn<StaffRealm>, OpenSession<StaffRealm>),
) -> Result<Private<Session>, Problem> {
    let who = sign_in.sign_in(&request, address).await?;
    let session = sessions.open(who, request.device.as_deref()).await?;
    Ok(Private(session))
}
