//! `GET /api/admin/uploads/{uploadId}`: what became of an upload.

use shared::http::{Path, Private, Problem, StartError};
use shared::identity::Admin;
use shared::pictures::{UploadState, UploadStates};
use shared::serve;
use shared::values::UploadId;

fn main() -> Result<(), StartError> {
    serve(admin_get_upload)
}

/// Answers the caller's own uploads, for 30 days.
async fn admin_get_upload(
    admin: Admin,
    Path(id): Path<UploadId>,
    uploads: UploadStates,
) -> Result<Private<UploadState>, Problem> {
    let state = uploads.get(&admin, id).await?;
    Ok(Private(state))
}
