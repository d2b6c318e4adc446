//! `POST /api/auth/refresh`: a new access token for a refresh token, which is
//! used up by it.

use shared::{Json, Private, Problem, Refresh, Session, SessionDesk, StartError, UserStore, serve};

fn main() -> Result<(), StartError> {
    serve(refresh)
}

/// Keeps the session alive, for the user as they now are.
async fn refresh(
    Json(Refresh(token)): Json<Refresh>,
    (users, sessions): (UserStore, SessionDesk),
) -> Result<Private<Session>, Problem> {
    let token = token.ok_or(Problem::BadToken)?;
    let session = sessions.renew(&token, &users).await?;
    Ok(Private(session))
}
