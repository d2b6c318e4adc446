//! `POST /api/admin/accept-invite`: sets the password of someone who was invited
//! to the staff.

use shared::http::{Json, NoContent, Problem, StartError};
use shared::limits::{Invitations, RateLimited};
use shared::serve;
use shared::staff::{AcceptInvitation, Acceptance};

fn main() -> Result<(), StartError> {
    serve(accept_invite)
}

/// Takes the invitation's token, once. They then sign in as all staff do.
async fn accept_invite(
    Json(acceptance): Json<Acceptance>,
    _: RateLimited<Invitations>,
    invitations: AcceptInvitation,
) -> Result<NoContent, Problem> {
    invitations.accept(acceptance).await?;
    Ok(NoContent)
}
