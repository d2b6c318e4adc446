//! Putting a picture that is ready on its product. The upload says that it was done, in the same
//! transaction, so that a record of the stream that comes again does nothing: not even after the
//! picture was taken off the product. One that can't be put there is marked first, and keeps the
//! list of its files, so that whoever is told of it again deletes what is left of them.

use super::table::{Upload, Uploads, read};
use super::upload::{UploadKey, UploadStatus};
use crate::aws::{Env, FromEnv, Objects, StartError};
use crate::catalogue::{Image, ImageFile, Products};
use crate::dynamodb::{FromStream, StreamRecord, Transaction, Unreadable};
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
pub struct AttachPictures<B> {
    uploads: Uploads,
    products: Products,
    bucket: B,
}

impl<B: Objects> FromEnv for AttachPictures<B> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            products: Products::from_env(env)?,
            bucket: B::from_env(env)?,
        })
    }
}

impl<B: Objects> AttachPictures<B> {
    /// Puts a picture on its product, as the last one. If the product is gone, or has as many as
    /// it may, its upload says why and the picture's files are deleted.
    ///
    /// # Errors
    /// When a table or the bucket can't be reached.
    pub async fn attach(&self, ready: &ReadyUpload) -> Result<(), Problem> {
        for _ in 0..ATTEMPTS {
            let Some(upload) = self.uploads.get(&ready.key).await? else {
                return Ok(());
            };
            match upload.status {
                UploadStatus::Ready if !upload.is_attached => {
                    // Refused if somebody changed one of them meanwhile: the next look tells.
                    let decided = self.decide(&upload).await?;
                    decided.commit(self.uploads.table.client()).await?;
                }
                UploadStatus::Rejected => return self.delete_files(&upload).await,
                UploadStatus::Ready | UploadStatus::Pending | UploadStatus::Judging => {
                    return Ok(());
                }
            }
        }
        Err(Problem::unavailable(
            "the product's pictures go on changing",
        ))
    }

    /// Returns what puts a picture on its product as that now is, or says why it can't be there.
    async fn decide(&self, upload: &Upload) -> Result<Transaction<()>, Problem> {
        let refuse =
            |reason| Transaction::new().with((), self.uploads.mark_refused(&upload.key, reason));
        let found = self.products.images(&upload.product).await?;
        let Some(found) = found.filter(|it| !it.is_deleted) else {
            return Ok(refuse(GONE));
        };
        if found.images.len() >= MAX_PICTURES {
            return Ok(refuse(FULL));
        }
        let mut images = found.images.clone();
        images.push(image(upload)?);
        let set = self.products.set_images(&upload.product, &found, &images);
        Ok(Transaction::new()
            .with((), self.uploads.mark_attached(&upload.key))
            .with((), set))
    }

    /// Deletes the files of a picture that was refused; one that is gone already counts as
    /// deleted. One that can't be deleted keeps no other.
    async fn delete_files(&self, upload: &Upload) -> Result<(), Problem> {
        let mut done = Ok(());
        for file in &upload.files {
            let deleted = self.bucket.delete(&file.key).await;
            done = done.and(deleted.map_err(Problem::from));
        }
        done
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

#[cfg(test)]
#[path = "attach_tests.rs"]
mod tests;
