//! `POST /api/admin/login`: signs a member of staff in.

use shared::{
    CredentialStore, Json, Private, Problem, Session, SessionDesk, SignIn, StartError, UserStore,
    serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_login)
}

/// A customer's password is as wrong here as any other: the answer tells
/// nobody whose account it is.
async fn admin_login(
    Json(attempt): Json<SignIn>,
    (credentials, users, sessions): (CredentialStore, UserStore, SessionDesk),
) -> Result<Private<Session>, Problem> {
    let proof = credentials.verify(&attempt).await?;
    let user = users.proven(&proof).await?;
    let user = user.filter(|user| user.role.is_staff());
    let user = user.ok_or(Problem::SignInFailed)?;
    let session = sessions.open(&user, attempt.device.as_deref()).await?;
    Ok(Private(session))
}
