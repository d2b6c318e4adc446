//! Pictures of products: a form by which a browser sends one straight to the
//! bucket.

mod request_upload;
mod table;
mod upload;

pub use request_upload::RequestUpload;
pub use upload::{UploadForm, UploadRequest};
