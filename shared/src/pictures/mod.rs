//! Pictures of products: a form by which a browser sends one straight to the
//! bucket.

mod form;
mod request_upload;
mod table;
mod upload;

pub use request_upload::{RequestUpload, RequestedUpload};
pub use upload::UploadRequest;
