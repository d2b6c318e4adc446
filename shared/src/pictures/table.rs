//! The table `uploads`: who asked to upload which picture.

use std::time::Duration;

use super::upload::{UploadRequest, UploadStatus, pending_key};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{DynamoDbError, ItemBuilder, ItemReader, Table, TransactGet, WriteAction};
use crate::identity::{Admin, Identity};
use crate::values::{Timestamp, UploadId};

/// How long an upload may take to arrive: as long as the bucket keeps what
/// nobody checked.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Uploads by whoever asked for them.
#[derive(Clone)]
pub(super) struct Uploads {
    table: Table,
}

impl FromEnv for Uploads {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "UPLOADS_TABLE")?,
        })
    }
}

impl Uploads {
    /// Returns the action that puts a new upload.
    pub(super) fn put_new(
        &self,
        by: &Admin,
        upload: &UploadId,
        wanted: &UploadRequest,
        now: Timestamp,
    ) -> WriteAction {
        let item = ItemBuilder::new()
            .text("userId", by.user_id().as_str())
            .text("uploadId", upload.as_str())
            .text("productId", wanted.product_id.as_str())
            .word("contentType", wanted.content_type)
            .text("key", pending_key(upload))
            .word("status", UploadStatus::Pending)
            .time("createdAt", now)
            .expires(now.plus(RETENTION));
        self.table.put_new(item, "uploadId")
    }

    /// Returns what became of an upload that this admin asked for; `None` if it
    /// is gone.
    pub(super) async fn status(
        &self,
        by: &Admin,
        upload: &UploadId,
    ) -> Result<Option<UploadStatus>, DynamoDbError> {
        let key = ItemBuilder::new()
            .text("userId", by.user_id().as_str())
            .text("uploadId", upload.as_str());
        // Its own transaction may be under way still.
        let get = TransactGet::default().with(&self.table, key.into_attributes());
        let mut found = get.read(self.table.client()).await?;
        let found = found.pop().flatten();
        let status = found.map(|item| ItemReader::from(&item).word("status"));
        Ok(status.transpose()?)
    }
}
