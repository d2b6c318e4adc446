//! `POST /api/auth/refresh`: a new access token for a refresh token, which is
//! used up by it.

use shared::{Journal, Json, Private, Problem, Refresh, RefreshDesk, Session, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(refresh)
}

/// Keeps the session alive, for the user as they now are.
async fn refresh(
    Json(Refresh(token)): Json<Refresh>,
    journal: Journal,
    sessions: RefreshDesk,
) -> Result<Private<Session>, Problem> {
    let token = token.ok_or(Problem::BadToken)?;
    let session = sessions.renew(&token, &journal).await?;
    Ok(Private(session))
}
