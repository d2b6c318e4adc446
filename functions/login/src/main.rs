//! `POST /api/auth/login`: signs a customer in.

use shared::{
    CredentialStore, Json, Private, Problem, Session, SessionDesk, SignIn, StartError, UserStore,
    serve,
};

fn main() -> Result<(), StartError> {
    serve(login)
}

/// Staff sign in at `admin-login`, where fewer tries are allowed.
/// Here their password is as wrong as any other.
async fn login(
    Json(attempt): Json<SignIn>,
    (credentials, users, sessions): (CredentialStore, UserStore, SessionDesk),
) -> Result<Private<Session>, Problem> {
    let proof = credentials.verify(&attempt).await?;
    let user = users.proven(&proof).await?;
    let user = user.filter(|user| !user.role.is_staff());
    let user = user.ok_or(Problem::SignInFailed)?;
    let session = sessions.open(&user, attempt.device.as_deref()).await?;
    Ok(Private(session))
}
