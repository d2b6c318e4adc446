//! `POST /api/auth/logout`: ends one session, or all of the caller's.

use shared::{
    Json, NoContent, Person, Problem, SessionStore, SignOut, StartError, UserStore, serve,
};

fn main() -> Result<(), StartError> {
    serve(logout)
}

/// One session is ended by its own refresh token, whoever sends it and
/// whatever else they send. All of them need a valid access token, and the
/// access tokens that are out end with them.
async fn logout(
    caller: Result<Person, Problem>,
    Json(wanted): Json<SignOut>,
    (sessions, users): (SessionStore, UserStore),
) -> Result<NoContent, Problem> {
    match wanted {
        SignOut::Session(Some(token)) => sessions.end(&token).await?,
        SignOut::Session(None) => {}
        SignOut::Everywhere => {
            let caller = caller?;
            users.standing(&caller).await?;
            sessions.end_all(&caller).await?;
            users.end_tokens(&caller).await?;
        }
    }
    Ok(NoContent)
}
