//! The table `uploads`: who asked to upload which picture, and what became of
//! it.

use std::time::Duration;

use super::upload::{PictureFile, UploadKey, UploadRequest, UploadStatus};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attribute, Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader,
    SingleWrite, Table, TransactGet, WriteAction, is_condition_failed, list, number, text, word,
};
use crate::identity::Admin;
use crate::values::{NoEntropy, ProductId, Timestamp, UploadId, new_ulid};

/// How long an upload may take to arrive: as long as the bucket keeps what
/// nobody checked.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it can be asked what became of an upload.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Uploads by whoever asked for them.
#[derive(Clone)]
pub(super) struct Uploads {
    pub(super) table: Table,
}

/// An upload as it is kept.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: UploadKey,
    pub(super) product: ProductId,
    pub(super) status: UploadStatus,
    /// The picture's sizes, the largest first, once it is ready.
    pub(super) files: Vec<PictureFile>,
    /// Why it was rejected.
    pub(super) reason: Option<String>,
    /// Whether it was put on its product.
    pub(super) is_attached: bool,
    pub(super) created_at: Timestamp,
}

/// One try to judge a file. Its calls name it, so that none counts twice whose answer was lost.
pub(super) struct TryId(String);

impl TryId {
    /// Makes the id of a try that begins.
    pub(super) fn generate() -> Result<Self, NoEntropy> {
        Ok(Self(new_ulid()?))
    }
}

/// An upload that is claimed for one version of its file.
#[derive(Debug)]
pub(super) struct ClaimedUpload {
    pub(super) upload: Upload,
    /// How often it was claimed for it, this time included, without what came to an end.
    pub(super) tries: u32,
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
        upload: &UploadKey,
        wanted: &UploadRequest,
        now: Timestamp,
    ) -> WriteAction {
        let item = key_item(upload)
            .text("productId", wanted.product_id.as_str())
            .word("contentType", wanted.content_type)
            .text("key", upload.pending())
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
        // Its own transaction may be under way still.
        let key = UploadKey::of(by, upload.clone());
        let get = TransactGet::default().with(&self.table, key_of(&key));
        let mut found = get.read(self.table.client()).await?;
        let found = found.pop().flatten();
        let status = found.map(|item| ItemReader::from(&item).word("status"));
        Ok(status.transpose()?)
    }

    /// Reads an upload as it now is; `None` if it is gone.
    pub(super) async fn get(&self, upload: &UploadKey) -> Result<Option<Upload>, DynamoDbError> {
        let found = self.table.get(key_of(upload)).await?;
        let found = found.map(|item| read(ItemReader::from(&item)));
        Ok(found.transpose()?)
    }

    /// Claims an upload for one version of its file, and counts that as this try until
    /// [`end_try`](Self::end_try) takes it back. Returns the upload if it was pending, or
    /// claimed for the same version before; `None` if another version came first, or if it
    /// is judged, or gone.
    pub(super) async fn claim(
        &self,
        upload: &UploadKey,
        version: &str,
        this: &TryId,
    ) -> Result<Option<ClaimedUpload>, DynamoDbError> {
        let claim = self
            .table
            .update(key_of(upload))
            .update_expression(
                "SET #status = :judging, versionId = :version, expiresAt = :end, \
                 tries = if_not_exists(tries, :zero) + :one, lastTry = :try",
            )
            // A call whose answer was lost is made again, and must not count twice.
            .condition_expression(
                "(#status = :pending OR (#status = :judging AND versionId = :version)) \
                 AND (attribute_not_exists(lastTry) OR lastTry <> :try)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", word(UploadStatus::Pending))
            .expression_attribute_values(":judging", word(UploadStatus::Judging))
            .expression_attribute_values(":version", text(version))
            .expression_attribute_values(":try", text(&this.0))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            // So that it isn't gone before it is judged.
            .expression_attribute_values(":end", number(Timestamp::now().plus(RETENTION).unix()));
        match claim.commit().await {
            Err(error) if !is_condition_failed(&error) => return Err(AwsError::from(error).into()),
            Ok(_) | Err(_) => {}
        }
        let found = self.table.get(key_of(upload)).await?;
        let Some(item) = found.as_ref().map(ItemReader::from) else {
            return Ok(None);
        };
        let upload = read(item)?;
        if upload.status != UploadStatus::Judging || item.text("versionId")? != version {
            return Ok(None);
        }
        let tries = item.number("tries")?;
        Ok(Some(ClaimedUpload { upload, tries }))
    }

    /// Takes a try back that came to an end without a verdict, because a table or the bucket
    /// could not be reached. Does nothing if it was not counted, or is taken back already. What
    /// ended in a crash stays counted, and so does a try after which another began.
    pub(super) async fn end_try(
        &self,
        upload: &UploadKey,
        version: &str,
        this: &TryId,
    ) -> Result<(), DynamoDbError> {
        let ended = self
            .table
            .update(key_of(upload))
            .update_expression("SET tries = tries - :one REMOVE lastTry")
            .condition_expression("#status = :judging AND versionId = :version AND lastTry = :try")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":judging", word(UploadStatus::Judging))
            .expression_attribute_values(":version", text(version))
            .expression_attribute_values(":try", text(&this.0))
            .expression_attribute_values(":one", number(1));
        match ended.commit().await {
            Err(error) if !is_condition_failed(&error) => Err(AwsError::from(error).into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Writes that a claimed upload is a picture, which has these files, the largest first.
    /// Does nothing and returns false if it is not claimed for this version any more.
    pub(super) async fn mark_ready(
        &self,
        upload: &UploadKey,
        version: &str,
        files: &[PictureFile],
    ) -> Result<bool, DynamoDbError> {
        let judged = ("SET files = :outcome", list(files.iter().map(write_file)));
        self.mark(upload, version, UploadStatus::Ready, judged)
            .await
    }

    /// Writes why a claimed upload is no picture that the shop takes. Does nothing and returns
    /// false if it is not claimed for this version any more.
    pub(super) async fn mark_rejected(
        &self,
        upload: &UploadKey,
        version: &str,
        reason: &str,
    ) -> Result<bool, DynamoDbError> {
        let judged = ("SET reason = :outcome", text(reason));
        self.mark(upload, version, UploadStatus::Rejected, judged)
            .await
    }

    async fn mark(
        &self,
        upload: &UploadKey,
        version: &str,
        status: UploadStatus,
        (set, outcome): (&str, Attribute),
    ) -> Result<bool, DynamoDbError> {
        let marked = self
            .table
            .update(key_of(upload))
            .update_expression(format!("{set}, #status = :status, expiresAt = :end"))
            .condition_expression("#status = :judging AND versionId = :version")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", word(status))
            .expression_attribute_values(":judging", word(UploadStatus::Judging))
            .expression_attribute_values(":version", text(version))
            .expression_attribute_values(":outcome", outcome)
            .expression_attribute_values(":end", number(Timestamp::now().plus(MEMORY).unix()));
        match marked.commit().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(AwsError::from(error).into()),
        }
    }

    /// Returns the action that writes that a picture was put on its product: refused if it
    /// was before.
    pub(super) fn mark_attached(&self, upload: &UploadKey) -> WriteAction {
        self.table
            .change(key_of(upload))
            .set("attachedAt", text(Timestamp::now().to_string()))
            .only_if("status", Comparison::Equal, word(UploadStatus::Ready))
            .only_if_absent("attachedAt")
            .into_update()
    }

    /// Returns the action that writes why a picture that was ready can't be put on its
    /// product: refused if it was put there. Its files stay listed, for who deletes them.
    pub(super) fn mark_refused(&self, upload: &UploadKey, reason: &str) -> WriteAction {
        self.table
            .change(key_of(upload))
            .set("status", word(UploadStatus::Rejected))
            .set("reason", text(reason))
            .only_if("status", Comparison::Equal, word(UploadStatus::Ready))
            .only_if_absent("attachedAt")
            .into_update()
    }
}

fn key_item(upload: &UploadKey) -> ItemBuilder {
    ItemBuilder::new()
        .text("userId", upload.user.as_str())
        .text("uploadId", upload.upload.as_str())
}

fn key_of(upload: &UploadKey) -> Attributes {
    key_item(upload).into_attributes()
}

fn write_file(file: &PictureFile) -> ItemBuilder {
    ItemBuilder::new()
        .text("key", &file.key)
        .number("width", file.width)
        .number("height", file.height)
}

/// Reads an upload.
pub(super) fn read(item: ItemReader<'_>) -> Result<Upload, Corrupt> {
    let key = UploadKey {
        user: item.id("userId")?,
        upload: item.id("uploadId")?,
    };
    let product = item.id("productId")?;
    let files = item.list("files")?.into_iter().map(|file| {
        // Whoever judges files writes here, and whoever reads this may delete under this key.
        let named = |text: &str| key.file_of(&product, text);
        Ok(PictureFile {
            key: file.parsed("key", named)?,
            width: file.number("width")?,
            height: file.number("height")?,
        })
    });
    let files = files.collect::<Result<_, _>>()?;
    Ok(Upload {
        status: item.word("status")?,
        files,
        reason: item.optional_text("reason")?.map(str::to_owned),
        is_attached: item.optional_text("attachedAt")?.is_some(),
        created_at: item.time("createdAt")?,
        key,
        product,
    })
}
