//! `POST /api/admin/refresh`: answers one of the staff a new access token for a
//! refresh token, which is used up.

use shared::accounts::{RefreshRequest, RefreshSession, Session};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::StaffRealm;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_refresh)
}

/// Exchanges a refresh token; role and status are read anew.
async fn admin_refresh(
    Json(RefreshRequest(token)): Json<RefreshRequest>,
    sessions: RefreshSession<StaffRealm>,
) -> Result<Private<Session>, Problem> {
    let token = token.ok_or(Problem::BadToken)?;
    let session = sessions.refresh(&token).await?;
    Ok(Private(session))
}
