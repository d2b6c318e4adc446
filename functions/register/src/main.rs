//! `POST /api/auth/register`: makes an account for a new customer and signs
//! them in.

use shared::accounts::{OpenSession, Register, Registration, Session};
use shared::http::{Created, Json, Problem, StartError};
use shared::identity::CustomerRealm;
use shared::limits::{Address, RateLimited, Registrations};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(register)
}

/// Creates the account and signs it in. Creates nothing if the signing key
/// can't be reached.
async fn register(
    Json(registration): Json<Registration>,
    _: RateLimited<Registrations>,
    address: Address,
    (accounts, sessions): (Register<CustomerRealm>, OpenSession<CustomerRealm>),
) -> Result<Created<Session>, Problem> {
    sessions.ready().await?;
    let who = accounts.register(registration, address).await?;
    let session = sessions.open(who, None).await?;
    Ok(Created(session))
}
