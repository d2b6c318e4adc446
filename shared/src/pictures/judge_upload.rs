//! Judging a file that has arrived, and keeping what is made of it. Each step may be repeated,
//! and whatever ends it between two of them, the next try takes it up there: the claim holds
//! for one version of the file, what is made of that is always kept under the same keys, and
//! the file is deleted last.

use super::table::{Upload, Uploads};
use super::upload::{MAX_PICTURE, PictureFile, UploadKey};
use crate::aws::{Bucket, Env, FromEnv, StartError};
use crate::dynamodb::retry_deadline;
use crate::http::{Problem, StoredObject, StoredObjects};
use crate::values::{ImageId, clock};

/// What may be kept by whoever has read a picture, and how long: at most an hour, so that one
/// that is not to be seen any more soon isn't.
const CACHE_CONTROL: &str = "public, max-age=3600";
/// Why an upload has no picture whose file was removed before it was looked at.
const REMOVED: &str = "The file was removed before it was judged; please send it again.";

/// One size of a picture, as a file.
pub struct EncodedPicture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The file, a JPEG.
    pub jpeg: Vec<u8>,
}

/// Judges uploads.
#[derive(Clone)]
pub struct JudgeUploads {
    uploads: Uploads,
    bucket: Bucket,
}

impl FromEnv for JudgeUploads {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            bucket: Bucket::from_env(env)?,
        })
    }
}

/// What there is to say of a file.
type Judged = Result<Vec<EncodedPicture>, String>;

impl JudgeUploads {
    /// Judges files. `judge` gets a file, and a question whether there still is time, and
    /// returns the sizes to keep, the largest first, or why there are none, in a sentence for
    /// whoever sent the file.
    ///
    /// # Errors
    /// When the table or the bucket can't be reached.
    pub async fn judge<F>(&self, arrived: &StoredObjects, judge: F) -> Result<(), Problem>
    where
        F: Fn(&[u8], &dyn Fn() -> bool) -> Judged,
    {
        for object in &arrived.0 {
            self.judge_one(object, &judge).await?;
        }
        Ok(())
    }

    async fn judge_one<F>(&self, object: &StoredObject, judge: &F) -> Result<(), Problem>
    where
        F: Fn(&[u8], &dyn Fn() -> bool) -> Judged,
    {
        let (key, version) = (object.key.as_str(), object.version.as_str());
        let claimed = match UploadKey::of_pending(key) {
            Some(upload) => self.uploads.claim(&upload, version).await?,
            None => None,
        };
        // Without a claim it is a version that nobody waits for, or the file of an upload that
        // is judged already: it is deleted unread.
        if let Some(upload) = claimed {
            match self.look(object, judge).await? {
                Ok(sizes) => self.keep(&upload, version, &sizes).await?,
                Err(reason) => {
                    self.uploads
                        .mark_rejected(&upload.key, version, &reason)
                        .await?;
                }
            }
        }
        Ok(self.bucket.delete_version(key, version).await?)
    }

    /// Reads exactly the version that is claimed, and judges it.
    async fn look<F>(&self, object: &StoredObject, judge: &F) -> Result<Judged, Problem>
    where
        F: Fn(&[u8], &dyn Fn() -> bool) -> Judged,
    {
        let read = self.bucket.read(&object.key, &object.version, MAX_PICTURE);
        let Some(file) = read.await? else {
            return Ok(Err(REMOVED.to_owned()));
        };
        let end = retry_deadline();
        let has_time = || end.is_none_or(|end| clock::monotonic() < end);
        Ok(judge(&file, &has_time))
    }

    /// Keeps the files of a picture where nobody can see them yet, and then says so.
    async fn keep(
        &self,
        upload: &Upload,
        version: &str,
        sizes: &[EncodedPicture],
    ) -> Result<(), Problem> {
        let image = ImageId::of_upload(&upload.key.upload);
        let folder = format!("ecommerce-products/{}/{image}", upload.product);
        let mut files = Vec::with_capacity(sizes.len());
        for size in sizes {
            let (width, height) = (size.width, size.height);
            let key = format!("{folder}/{width}x{height}.jpg");
            let put = self
                .bucket
                .put(&key, &size.jpeg, "image/jpeg", CACHE_CONTROL);
            put.await?;
            files.push(PictureFile { key, width, height });
        }
        // It is not claimed any more if another delivery of the same event has done all this.
        self.uploads
            .mark_ready(&upload.key, version, &files)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use cloud::{Calls, Fault, ObjectStore};
    use serde_json::json;

    use super::*;
    use crate::dynamodb::{Outcome, Transaction};
    use crate::pictures::upload::{PictureType, UploadRequest, UploadStatus};
    use crate::testing::{Tables, files, tables};
    use crate::values::{ProductId, Timestamp, UploadId, UserId};

    const SIZES: [(u32, u32); 2] = [(800, 600), (320, 240)];

    /// A shop with one pending upload.
    struct Shop {
        tables: Tables,
        files: ObjectStore,
        upload: UploadKey,
        product: ProductId,
        /// How often a file was judged.
        judged: Cell<u32>,
    }

    impl Shop {
        async fn open() -> Self {
            let (tables, files) = (tables().await, files().await);
            let upload = UploadKey {
                user: UserId::generate().unwrap(),
                upload: UploadId::generate().unwrap(),
            };
            let product = ProductId::generate().unwrap();
            let wanted = UploadRequest {
                product_id: product.clone(),
                content_type: PictureType::Png,
                content_length: 3,
            };
            let uploads: Uploads = tables.open();
            let put = uploads.put_new(&upload, &wanted, Timestamp::now());
            let put = Transaction::new()
                .with((), put)
                .commit(uploads.table.client());
            assert_eq!(put.await.unwrap(), Outcome::Committed);
            let judged = Cell::new(0);
            Self {
                tables,
                files,
                upload,
                product,
                judged,
            }
        }

        fn bucket(&self) -> &str {
            self.tables.table("IMAGES_BUCKET")
        }

        /// Lets a file arrive, and returns the event that tells of it.
        async fn arrive(&self, key: &str, file: &[u8]) -> StoredObjects {
            let version = self
                .files
                .put(self.bucket(), key, file.to_vec())
                .await
                .unwrap();
            let object = json!({ "key": key, "size": file.len(), "versionId": version });
            let event = json!({ "Records": [{ "s3": { "object": object } }] });
            serde_json::from_value(event).unwrap()
        }

        /// Judges: `no` is no picture.
        async fn judge(&self, arrived: &StoredObjects, s3: &str) -> Result<(), Problem> {
            let env = self.tables.env_with("AWS_ENDPOINT_URL_S3", s3);
            let judge = |file: &[u8], has_time: &dyn Fn() -> bool| {
                self.judged.set(self.judged.get() + 1);
                assert!(has_time());
                if file == b"no" {
                    return Err("It is none.".to_owned());
                }
                let sizes = SIZES.map(|(width, height)| EncodedPicture {
                    width,
                    height,
                    jpeg: file.to_vec(),
                });
                Ok(Vec::from(sizes))
            };
            let judging = JudgeUploads::from_env(&env).unwrap();
            judging.judge(arrived, judge).await
        }

        async fn upload(&self) -> Upload {
            let uploads: Uploads = self.tables.open();
            uploads.get(&self.upload).await.unwrap().unwrap()
        }

        /// The keys that a picture's files have.
        fn keys(&self) -> Vec<String> {
            let image = self.upload.upload.as_str().replace("upl_", "img_");
            let key = |(w, h)| format!("ecommerce-products/{}/{image}/{w}x{h}.jpg", self.product);
            let mut keys = Vec::from(SIZES.map(key));
            keys.sort_unstable();
            keys
        }

        fn kept(&self) -> Vec<String> {
            let objects = self.files.objects(self.bucket()).into_iter();
            objects.map(|(key, _)| key).collect()
        }

        async fn is_ready(&self) {
            let upload = self.upload().await;
            assert_eq!(upload.status, UploadStatus::Ready);
            let sizes = upload.files.iter().map(|it| (it.width, it.height));
            assert_eq!(Vec::from_iter(sizes), SIZES);
            assert_eq!(self.kept(), self.keys());
        }
    }

    #[tokio::test]
    async fn a_picture_is_kept_under_its_product_and_its_file_is_deleted() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        shop.is_ready().await;
        // Told again, there is nothing to do.
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        shop.is_ready().await;
        assert_eq!(shop.judged.get(), 1);
    }

    #[tokio::test]
    async fn what_is_no_picture_leaves_a_reason_and_no_file() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"no").await;
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        let upload = shop.upload().await;
        assert_eq!(upload.status, UploadStatus::Rejected);
        assert_eq!(upload.reason.as_deref(), Some("It is none."));
        assert_eq!(shop.kept(), [""; 0]);
    }

    #[tokio::test]
    async fn a_second_version_is_deleted_unread_whenever_it_is_told_of() {
        let shop = Shop::open().await;
        let key = shop.upload.pending();
        let (first, second) = (
            shop.arrive(&key, b"yes").await,
            shop.arrive(&key, b"no").await,
        );
        // The first one's claim stands, though nothing could be read.
        assert!(shop.judge(&first, "http://127.0.0.1:1").await.is_err());
        assert_eq!(shop.upload().await.status, UploadStatus::Judging);
        shop.judge(&second, &shop.files.url()).await.unwrap();
        assert_eq!(shop.judged.get(), 0, "unread");
        shop.judge(&first, &shop.files.url()).await.unwrap();
        shop.is_ready().await;
        assert_eq!(shop.judged.get(), 1);
    }

    #[tokio::test]
    async fn a_file_that_nobody_asked_for_is_deleted_unread() {
        let shop = Shop::open().await;
        let other = UploadKey {
            user: UserId::generate().unwrap(),
            ..shop.upload.clone()
        };
        for key in [
            other.pending().as_str(),
            "pending/of-nobody",
            "pending/a b+c",
        ] {
            let arrived = shop.arrive(key, b"yes").await;
            let encoded = key.replace('+', "%2B").replace(' ', "+");
            let object = json!({
                "key": encoded, "size": 3, "versionId": arrived.0[0].version,
            });
            let event = json!({ "Records": [{ "s3": { "object": object } }] });
            let event = serde_json::from_value(event).unwrap();
            shop.judge(&event, &shop.files.url()).await.unwrap();
            assert_eq!(shop.kept(), [""; 0], "{key}");
        }
        assert_eq!(shop.judged.get(), 0);
        assert_eq!(shop.upload().await.status, UploadStatus::Pending);
    }

    #[tokio::test]
    async fn a_try_that_ends_between_two_steps_is_taken_up_by_the_next() {
        for fault in [Fault::FailBefore, Fault::FailAfter] {
            // The first update claims, the second says that it is ready.
            for update in [1, 2] {
                let shop = Shop::open().await;
                let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
                let table = shop.tables.table("UPLOADS_TABLE");
                let calls = Calls::of("UpdateItem").on(table);
                let faults = shop.tables.faults();
                let injected = faults.inject(calls.from_nth(update).times(9), fault.clone());
                let tried = shop.judge(&arrived, &shop.files.url()).await;
                assert!(tried.is_err(), "{fault:?} at {update}");
                drop(injected);
                faults.clear();
                shop.judge(&arrived, &shop.files.url()).await.unwrap();
                shop.is_ready().await;
            }
        }
    }
}
