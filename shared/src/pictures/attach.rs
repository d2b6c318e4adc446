//! Putting a picture that is ready on its product. The upload says that it was done, in the same
//! transaction, so that a record of the stream that comes again does nothing: not even after the
//! picture was taken off the product.

use super::table::{Upload, Uploads, read};
use super::upload::{UploadKey, UploadStatus};
use crate::aws::{Bucket, Env, FromEnv, StartError};
use crate::catalogue::{Image, ImageFile, Products};
use crate::dynamodb::{FromStream, Outcome, StreamRecord, Transaction, Unreadable};
use crate::http::Problem;
use crate::values::ImageId;

/// The most pictures of a product.
pub(super) const MAX_PICTURES: usize = 100;
/// How often it is tried while others change the product's pictures.
const ATTEMPTS: u32 = 20;
const GONE: &str = "The product was deleted before its picture was ready.";
const FULL: &str = "The product has 100 pictures, which is the most it may have.";

/// An upload whose picture is ready.
pub struct ReadyUpload {
    key: UploadKey,
}

impl FromStream for ReadyUpload {
    fn of_record(record: &StreamRecord) -> Result<Option<Self>, Unreadable> {
        let Some(image) = record.after()? else {
            return Ok(None);
        };
        let upload = read(image.reader())?;
        let is_new = upload.status == UploadStatus::Ready && !upload.is_attached;
        Ok(is_new.then_some(Self { key: upload.key }))
    }
}

/// Puts pictures on their products.
#[derive(Clone)]
pub struct AttachPictures {
    uploads: Uploads,
    products: Products,
    bucket: Bucket,
}

/// What an action of the transaction stands for.
#[derive(PartialEq, Eq)]
enum Part {
    Upload,
    Product,
}

impl FromEnv for AttachPictures {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            products: Products::from_env(env)?,
            bucket: Bucket::from_env(env)?,
        })
    }
}

impl AttachPictures {
    /// Puts a picture on its product, as the last one. If the product is gone, or has as many as
    /// it may, the picture's files are deleted and its upload says why.
    ///
    /// # Errors
    /// When a table or the bucket can't be reached.
    pub async fn attach(&self, ready: &ReadyUpload) -> Result<(), Problem> {
        let upload = self.uploads.get(&ready.key).await?;
        let is_open = |it: &Upload| it.status == UploadStatus::Ready && !it.is_attached;
        let Some(upload) = upload.filter(is_open) else {
            return Ok(());
        };
        for _ in 0..ATTEMPTS {
            let found = self.products.images(&upload.product).await?;
            let Some(found) = found.filter(|it| !it.is_deleted) else {
                return self.refuse(&upload, GONE).await;
            };
            if found.images.len() >= MAX_PICTURES {
                return self.refuse(&upload, FULL).await;
            }
            let mut images = found.images.clone();
            images.push(image(&upload)?);
            let set = self.products.set_images(&upload.product, &found, &images);
            let parts = Transaction::new()
                .with(Part::Upload, self.uploads.mark_attached(&upload.key))
                .with(Part::Product, set);
            match parts.commit(self.uploads.table.client()).await? {
                Outcome::Committed => return Ok(()),
                Outcome::Refused(parts) if parts.contains(&Part::Upload) => return Ok(()),
                Outcome::Refused(_) => {}
            }
        }
        Err(Problem::unavailable(
            "the product's pictures go on changing",
        ))
    }

    async fn refuse(&self, upload: &Upload, reason: &str) -> Result<(), Problem> {
        for file in &upload.files {
            self.bucket.delete(&file.key).await?;
        }
        let refused = self.uploads.mark_refused(&upload.key, reason);
        let refused = Transaction::new().with((), refused);
        // Refused if another delivery has done so, or has found the product still there.
        refused.commit(self.uploads.table.client()).await?;
        Ok(())
    }
}

/// Makes a product's picture of an upload's files.
pub(super) fn image(upload: &Upload) -> Result<Image, Problem> {
    let mut files = upload.files.iter();
    let largest = files.next();
    let largest = largest.ok_or_else(|| Problem::internal("a ready picture has no file"))?;
    let variants = files.rev().map(|file| ImageFile {
        key: file.key.clone(),
        width: file.width,
        height: file.height,
    });
    Ok(Image {
        id: ImageId::of_upload(&upload.key.upload),
        key: largest.key.clone(),
        width: largest.width,
        height: largest.height,
        variants: variants.collect(),
    })
}
