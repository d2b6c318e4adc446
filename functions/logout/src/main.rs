//! `POST /api/auth/logout`: ends one session, or all of the caller's.

use shared::{
    Journal, Json, NoContent, Person, Problem, SessionStore, SignOut, SignOutDesk, StartError,
    serve,
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
    journal: Journal,
    (sessions, desk): (SessionStore, SignOutDesk),
) -> Result<NoContent, Problem> {
    match wanted {
        SignOut::Session(Some(token)) => sessions.end(&token, &journal).await?,
        SignOut::Session(None) => {}
        SignOut::Everywhere => {
            let caller = caller?;
            desk.end_tokens(&caller).await?;
            sessions.end_all(&caller).await?;
        }
    }
    Ok(NoContent)
}
