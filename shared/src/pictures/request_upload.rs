//! Asking for an upload.

use serde::Serialize;

use super::attach::MAX_PICTURES;
use super::form::{UploadForm, UploadForms};
use super::table::Uploads;
use super::upload::{UploadKey, UploadRequest, UploadStatus};
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::Products;
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Idempotent, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::Admin;
use crate::input::IdempotencyKey;
use crate::values::{Timestamp, UploadId};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-upload";

/// Hands out forms for uploads.
#[derive(Clone)]
pub struct RequestUpload {
    uploads: Uploads,
    products: Products,
    forms: UploadForms,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

/// An upload that was asked for, with a form while nothing has come of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestedUpload {
    upload_id: UploadId,
    status: UploadStatus,
    #[serde(flatten)]
    form: Option<UploadForm>,
}

impl FromEnv for RequestUpload {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            products: Products::from_env(env)?,
            forms: UploadForms::from_env(env)?,
            keys: IdempotencyKeys::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl RequestUpload {
    /// Records an upload and makes the form for it. A request that is sent
    /// again under its key gets a fresh form for the same upload while that is
    /// pending, and then what became of it.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a product that does not exist;
    /// [`Problem::IdempotencyMismatch`] for a key that was used with another
    /// body.
    pub async fn request(
        &self,
        by: &Admin,
        key: Option<IdempotencyKey>,
        wanted: &UploadRequest,
    ) -> Result<Idempotent<RequestedUpload>, Problem> {
        let request = key.map(|key| request(by, &key, wanted));
        let refusal = match self.record(by, request.as_ref(), wanted).await {
            Ok(upload) => {
                let pending = self.requested(by, upload, UploadStatus::Pending, wanted)?;
                return Ok(Idempotent::Created(pending));
            }
            Err(refusal) => refusal,
        };
        let used = self.keys.used(request.as_ref(), refusal).await?;
        let upload = used.made()?;
        let status = self.uploads.status(by, &upload).await?;
        let status = status.ok_or_else(|| Problem::unavailable("a key without its upload"))?;
        let requested = self.requested(by, upload, status, wanted)?;
        Ok(Idempotent::Replayed(requested))
    }

    /// Records a new upload.
    async fn record(
        &self,
        by: &Admin,
        request: Option<&KeyedRequest>,
        wanted: &UploadRequest,
    ) -> Result<UploadId, Problem> {
        let product = self.products.get(&wanted.product_id).await?;
        let product = product.ok_or_else(|| Problem::invalid("/productId", "names no product"))?;
        if product.images.len() >= MAX_PICTURES {
            return Err(Problem::Conflict(Conflict::PicturesFull));
        }
        let (upload, now) = (UploadId::generate()?, Timestamp::now());
        let key = UploadKey::of(by, upload.clone());
        let put = self.uploads.put_new(&key, wanted, now);
        let mut parts = Transaction::new().with((), put);
        if let Some(request) = request {
            let put = self.keys.put_new(request, upload.as_str(), now);
            parts = parts.with_key(|_| (), put);
        }
        let target = wanted.product_id.as_str();
        let changes = vec![Change::of("images")];
        let record = Record::by(by, Action::UploadGranted, target, changes);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => Ok(upload),
            Outcome::Refused(_) => Err(Problem::unavailable("a new id or a key is in use")),
        }
    }

    fn requested(
        &self,
        by: &Admin,
        upload: UploadId,
        status: UploadStatus,
        wanted: &UploadRequest,
    ) -> Result<RequestedUpload, Problem> {
        let key = UploadKey::of(by, upload);
        let form = |now| self.forms.form(&key, wanted.content_type, now);
        let form = match status {
            UploadStatus::Pending | UploadStatus::Judging => Some(form(Timestamp::now())?),
            UploadStatus::Ready | UploadStatus::Rejected => None,
        };
        Ok(RequestedUpload {
            upload_id: key.upload,
            status,
            form,
        })
    }
}

fn request(by: &Admin, key: &IdempotencyKey, wanted: &UploadRequest) -> KeyedRequest {
    let length = wanted.content_length.to_string();
    let product = wanted.product_id.as_str();
    let body = [product, wanted.content_type.into(), &length];
    KeyedRequest::new(OPERATION, by, key, &body)
}
