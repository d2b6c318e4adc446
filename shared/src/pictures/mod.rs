//! Pictures of products, from the form by which a browser sends a file to what
//! the public sees: a file is judged, its picture put on the product, and shown
//! while that is published.

mod attach;
mod delete;
mod form;
mod get_upload;
mod judge_upload;
mod request_upload;
mod resync;
mod sync;
mod table;
mod upload;

#[cfg(feature = "files")]
pub use crate::aws::s3::Bucket;
pub use attach::{AttachPictures, ReadyUpload};
pub use delete::DeletePicture;
pub use get_upload::{UploadState, UploadStates};
pub use judge_upload::{EncodedPicture, JudgeUploads};
pub use request_upload::{RequestUpload, RequestedUpload};
pub use resync::ResyncPictures;
pub use sync::{PictureChange, SyncPictures};
pub use upload::UploadRequest;
