//! Asking for an upload.

use super::form::{UploadForm, UploadForms};
use super::table::Uploads;
use super::upload::UploadRequest;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::Products;
use crate::dynamodb::{Outcome, Transaction};
use crate::http::Problem;
use crate::identity::Admin;
use crate::values::{Timestamp, UploadId};

/// Hands out forms for uploads.
#[derive(Clone)]
pub struct RequestUpload {
    uploads: Uploads,
    products: Products,
    forms: UploadForms,
    audit: AuditWriter,
}

impl FromEnv for RequestUpload {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            products: Products::from_env(env)?,
            forms: UploadForms::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl RequestUpload {
    /// Records an upload and makes the form for it.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a product that does not exist.
    pub async fn request(&self, by: &Admin, wanted: &UploadRequest) -> Result<UploadForm, Problem> {
        if self.products.get(&wanted.product_id).await?.is_none() {
            return Err(Problem::invalid("/productId", "names no product"));
        }
        let upload = UploadId::generate()?;
        let now = Timestamp::now();
        let put = self.uploads.put_new(by, &upload, wanted, now);
        let form = self.forms.form(upload, wanted.content_type, now)?;
        let target = wanted.product_id.as_str();
        let record = Record::by(
            by,
            Action::UploadGranted,
            target,
            vec![Change::of("images")],
        );
        let put = Transaction::new().with((), put);
        match self.audit.commit(put, &[record]).await? {
            Outcome::Committed => Ok(form),
            Outcome::Refused(_) => Err(Problem::internal("a new id is some upload's")),
        }
    }
}
