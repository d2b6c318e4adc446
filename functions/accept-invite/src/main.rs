//! `POST /api/auth/accept-invite`: a password for someone who was invited to
//! the staff.

use shared::{
    Acceptance, AccountDesk, Invitations, Journal, Json, NoContent, Problem, StartError, Within,
    serve,
};

fn main() -> Result<(), StartError> {
    serve(accept_invite)
}

/// The invitation's token works once. They then sign in as all staff do.
async fn accept_invite(
    Json(acceptance): Json<Acceptance>,
    _: Within<Invitations>,
    journal: Journal,
    accounts: AccountDesk,
) -> Result<NoContent, Problem> {
    accounts.accept(acceptance, &journal).await?;
    Ok(NoContent)
}
