//! `POST /api/auth/register`: an account for a new customer, signed in at
//! once.

use shared::{
    AccountDesk, Created, Journal, Json, Problem, Registration, Registrations, Session,
    SessionDesk, StartError, Within, serve,
};

fn main() -> Result<(), StartError> {
    serve(register)
}

/// Makes the account and opens its first session: not the one if the other
/// can't be.
async fn register(
    Json(registration): Json<Registration>,
    _: Within<Registrations>,
    journal: Journal,
    (accounts, sessions): (AccountDesk, SessionDesk),
) -> Result<Created<Session>, Problem> {
    sessions.ready().await?;
    let who = accounts.register(registration, &journal).await?;
    let session = sessions.open(&who, None).await?;
    Ok(Created(session))
}
