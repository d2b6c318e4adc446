//! Called when a file has arrived in the bucket's `pending/`: judges it, and keeps what the shop
//! shows of it.

use pictures::{Picture, variants};
use shared::http::{Problem, StartError, StoredObjects, serve_events};
use shared::pictures::{Bucket, EncodedPicture, JudgeUploads};

fn main() -> Result<(), StartError> {
    serve_events(process_image)
}

/// Keeps pictures under `ecommerce-products/`, where nobody can see them yet, and deletes the
/// files that came.
async fn process_image(
    arrived: StoredObjects,
    uploads: JudgeUploads<Bucket>,
) -> Result<(), Problem> {
    uploads.judge(&arrived, judge).await
}

fn judge(file: &[u8], has_time: &dyn Fn() -> bool) -> Result<Vec<EncodedPicture>, String> {
    let made = variants(file, has_time).map_err(|rejection| rejection.to_string())?;
    Ok(made.into_iter().map(encoded).collect())
}

fn encoded(picture: Picture) -> EncodedPicture {
    EncodedPicture {
        width: picture.width,
        height: picture.height,
        jpeg: picture.jpeg,
    }
}
