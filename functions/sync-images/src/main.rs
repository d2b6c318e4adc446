//! Called by the stream of products: lets the public see the pictures of what is published, and
//! nobody those of anything else.

use shared::http::{Problem, StartError, serve_stream};
use shared::pictures::{Bucket, PictureChange, SyncPictures};

fn main() -> Result<(), StartError> {
    serve_stream(sync_images)
}

/// Goes by the product as it now is, so that repeats and crashes end right, and deletes pictures
/// that it doesn't have any more.
async fn sync_images(change: PictureChange, pictures: SyncPictures<Bucket>) -> Result<(), Problem> {
    pictures.sync(&change).await
}
