//! `POST /api/auth/accept-invite`: a password for someone who was invited to
//! the staff.

use shared::{
    Acceptance, InvitationDesk, Invitations, Journal, Json, NoContent, Problem, StartError, Within,
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
    desk: InvitationDesk,
) -> Result<NoContent, Problem> {
    desk.accept(acceptance, &journal).await?;
    Ok(NoContent)
}
