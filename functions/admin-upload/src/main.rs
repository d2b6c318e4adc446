//! `POST /api/admin/uploads`: a form with which a browser sends one picture
//! of a product straight to the bucket.

use shared::{
    Admin, Created, Json, Problem, StartError, UploadDesk, UploadForm, UploadRequest, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_upload)
}

/// The form is good for one file of the declared kind, for five minutes.
async fn admin_upload(
    admin: Admin,
    Json(wanted): Json<UploadRequest>,
    uploads: UploadDesk,
) -> Result<Created<UploadForm>, Problem> {
    let form = uploads.begin(&admin, &wanted).await?;
    Ok(Created(form))
}
