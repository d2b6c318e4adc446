//! `POST /api/auth/login`: signs a customer in.

use shared::{
    CustomerSignIns, Door, Journal, Json, Private, Problem, Session, SessionDesk, SignIn,
    SignInDesk, StartError, Within, serve,
};

fn main() -> Result<(), StartError> {
    serve(login)
}

/// Staff sign in at `admin-login`, where fewer tries are allowed.
/// Here their password is as wrong as any other.
async fn login(
    Json(attempt): Json<SignIn>,
    _: Within<CustomerSignIns>,
    journal: Journal,
    (desk, sessions): (SignInDesk, SessionDesk),
) -> Result<Private<Session>, Problem> {
    let who = desk.sign_in(&attempt, Door::Customers, &journal).await?;
    let session = sessions.open(&who, attempt.device.as_deref()).await?;
    Ok(Private(session))
}
