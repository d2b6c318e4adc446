//! `POST /api/auth/refresh`: answers a customer a new access token for a refresh
//! token, which is used up.

use shared::accounts::{RefreshRequest, RefreshSession, Session};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::CustomerRealm;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(refresh)
}

/// Exchanges a refresh token; role and status are read anew.
async fn refresh(
    Json(RefreshRequest(token)): Json<RefreshRequest>,
    sessions: RefreshSession<CustomerRealm>,
) -> Result<Private<Session>, Problem> {
    let token = token.ok_or(Problem::BadToken)?;
    let session = sessions.refresh(&token).await?;
    Ok(Private(session))
}
