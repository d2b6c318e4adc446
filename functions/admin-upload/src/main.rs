//! `POST /api/admin/uploads`: answers a form with which a browser sends one
//! picture of a product straight to the bucket.

use shared::http::{Created, Json, Problem, StartError};
use shared::identity::Admin;
use shared::pictures::{RequestUpload, UploadForm, UploadRequest};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_upload)
}

/// Answers a form that takes files of the declared kind under one key, for five
/// minutes.
async fn admin_upload(
    admin: Admin,
    Json(wanted): Json<UploadRequest>,
    uploads: RequestUpload,
) -> Result<Created<UploadForm>, Problem> {
    let form = uploads.request(&admin, &wanted).await?;
    Ok(Created(form))
}
