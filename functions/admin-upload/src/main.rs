//! `POST /api/admin/uploads`: answers a form with which a browser sends one
//! picture of a product straight to the bucket.

use shared::http::{IdempotencyKey, Idempotent, Json, Problem, StartError};
use shared::identity::Admin;
use shared::pictures::{RequestUpload, RequestedUpload, UploadRequest};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_upload)
}

/// Answers a form that takes files of the declared kind under one key, for five
/// minutes. A request that is sent again gets a fresh one, or what became of
/// the upload.
async fn admin_upload(
    admin: Admin,
    key: Option<IdempotencyKey>,
    Json(wanted): Json<UploadRequest>,
    uploads: RequestUpload,
) -> Result<Idempotent<RequestedUpload>, Problem> {
    uploads.request(&admin, key, &wanted).await
}
