//! `POST /api/auth/logout`: ends one session, or all of the caller's.

use shared::{
    Json, NoContent, Person, Problem, SessionStore, SignOut, StartError, UserStore, serve,
};

fn main() -> Result<(), StartError> {
    serve(logout)
}

/// One session is ended by its own refresh token; all of them need an access
/// token too, and end the access tokens that are out.
async fn logout(
    caller: Option<Person>,
    Json(wanted): Json<SignOut>,
    (sessions, users): (SessionStore, UserStore),
) -> Result<NoContent, Problem> {
    match wanted {
        SignOut::Session(Some(token)) => sessions.end(&token).await?,
        SignOut::Session(None) => {}
        SignOut::Everywhere => {
            let caller = caller.ok_or(Problem::NoToken)?;
            users.end_tokens(&caller).await?;
            sessions.end_all(&caller).await?;
        }
    }
    Ok(NoContent)
}
