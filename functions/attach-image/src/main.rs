//! Called by the stream of uploads: puts a picture that is ready on its product.

use shared::http::{Problem, StartError, serve_stream};
use shared::pictures::{AttachPictures, Bucket, ReadyUpload};

fn main() -> Result<(), StartError> {
    serve_stream(attach_image)
}

/// Does so once, however often it is told. A picture whose product is gone, or has as many as it
/// may, is deleted.
async fn attach_image(ready: ReadyUpload, pictures: AttachPictures<Bucket>) -> Result<(), Problem> {
    pictures.attach(&ready).await
}
