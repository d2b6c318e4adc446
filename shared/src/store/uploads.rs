//! The table `uploads`: who asked to upload which picture, and what became of
//! it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use crate::audit::{Action, Change, Record};
use crate::auth::{Admin, Identity};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::UploadId;
use crate::problem::Problem;
use crate::store::audit::AuditLog;
use crate::store::item::Item;
use crate::store::products::ProductStore;
use crate::store::transaction::Written;
use crate::text::Word;
use crate::time::Timestamp;
use crate::upload::{UploadForm, UploadForms, UploadRequest, pending_key};

/// How long a file that was asked for may be awaited, as long as the bucket
/// keeps what nobody judged.
const AWAITED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where uploads begin: the record, the form and the product it is for.
#[derive(Clone)]
pub struct UploadDesk {
    table: String,
    products: ProductStore,
    forms: UploadForms,
    audit: AuditLog,
}

impl FromEnv for UploadDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: env.variable("UPLOADS_TABLE")?,
            products: ProductStore::from_env(env)?,
            forms: UploadForms::from_env(env)?,
            audit: AuditLog::from_env(env)?,
        })
    }
}

impl UploadDesk {
    /// Records an upload and makes the form for it.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a product that does not exist.
    pub async fn begin(&self, by: &Admin, wanted: &UploadRequest) -> Result<UploadForm, Problem> {
        if self
            .products
            .find_latest(&wanted.product_id)
            .await?
            .is_none()
        {
            return Err(Problem::invalid("/productId", "names no product"));
        }
        let upload = UploadId::generate()?;
        let now = Timestamp::now();
        let item = Item::new()
            .text("userId", by.user_id().as_str())
            .text("uploadId", upload.as_str())
            .text("productId", wanted.product_id.as_str())
            .text("contentType", wanted.content_type.as_str())
            .text("key", pending_key(&upload))
            .text("status", "pending")
            .time("createdAt", now)
            .expires(now.plus(AWAITED));
        let form = self.forms.form(upload, wanted.content_type, now)?;
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item.into_attributes()))
            .condition_expression("attribute_not_exists(uploadId)")
            .build()
            .map_err(Problem::internal)?;
        let put = TransactWriteItem::builder().put(put).build();
        let action = Action::UploadGranted;
        let product = Change::of("images");
        let record = Record::by(by, action, wanted.product_id.as_str(), vec![product]);
        match self.audit.write(vec![put], &[record]).await? {
            Written::Done => Ok(form),
            Written::Refused(_) => Err(Problem::internal("a new id is some upload's")),
        }
    }
}
