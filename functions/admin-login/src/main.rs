//! `POST /api/admin/login`: signs a member of staff in.

use shared::{
    Door, Journal, Json, Private, Problem, Session, SessionDesk, SignIn, SignInDesk, StaffSignIns,
    StartError, Within, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_login)
}

/// A customer's password is as wrong here as any other: the answer tells
/// nobody whose account it is.
async fn admin_login(
    Json(attempt): Json<SignIn>,
    _: Within<StaffSignIns>,
    journal: Journal,
    (desk, sessions): (SignInDesk, SessionDesk),
) -> Result<Private<Session>, Problem> {
    let who = desk.sign_in(&attempt, Door::Staff, &journal).await?;
    let session = sessions.open(&who, attempt.device.as_deref()).await?;
    Ok(Private(session))
}
