//! What became of an upload.

use serde::Serialize;

use super::attach::image;
use super::table::Uploads;
use super::upload::{UploadKey, UploadStatus};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::{ImageView, Products, StaffImageUrls};
use crate::http::Problem;
use crate::identity::Admin;
use crate::values::{ProductId, Timestamp, UploadId};

/// The uploads of whoever asks.
#[derive(Clone)]
pub struct UploadStates {
    uploads: Uploads,
    products: Products,
    urls: StaffImageUrls,
}

/// An upload, as who asked for it sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadState {
    upload_id: UploadId,
    product_id: ProductId,
    status: UploadStatus,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl FromEnv for UploadStates {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            products: Products::from_env(env)?,
            urls: StaffImageUrls::from_env(env)?,
        })
    }
}

impl UploadStates {
    /// Returns what became of an upload. It is pending until its picture is on the product.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if the caller asked for none of that id, or too long ago.
    pub async fn get(&self, by: &Admin, id: UploadId) -> Result<UploadState, Problem> {
        let upload = self.uploads.get(&UploadKey::of(by, id)).await?;
        let upload = upload.ok_or(Problem::NotFound)?;
        let is_ready = upload.status == UploadStatus::Ready;
        let status = match upload.status {
            UploadStatus::Ready if !upload.is_attached => UploadStatus::Pending,
            status => status,
        };
        let image = if is_ready && upload.is_attached {
            let product = self.products.images(&upload.product).await?;
            let is_public = product.is_some_and(|it| it.is_public);
            Some(self.urls.view(&image(&upload)?, is_public))
        } else {
            None
        };
        Ok(UploadState {
            upload_id: upload.key.upload,
            product_id: upload.product,
            status,
            created_at: upload.created_at,
            image,
            reason: upload.reason,
        })
    }
}
