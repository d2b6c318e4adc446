//! Judging a file that has arrived, and keeping what is made of it. Each step may be repeated,
//! and whatever ends it between two of them, the next try takes it up there: the claim holds
//! for one version of the file, what is made of that is always kept under the same keys, where
//! what is there already stays as it is, and the file is deleted last. A file on which tries
//! crash is rejected unread after some of them.

use std::time::Duration;

use tokio::time::timeout;

use super::table::{TryId, Upload, Uploads};
use super::upload::{MAX_PICTURE, PictureFile, UploadKey, UploadStatus};
use crate::aws::{Env, FromEnv, Objects, StartError, StoredFile};
use crate::dynamodb::retry_deadline;
use crate::http::{Problem, StoredObject, StoredObjects};
use crate::telemetry::{SecurityEvent, SecurityLog};
use crate::values::{ImageId, clock};

/// What may be kept by whoever has read a picture, and how long: at most an hour, so that one
/// that is not to be seen any more soon isn't.
const CACHE_CONTROL: &str = "public, max-age=3600";
/// The part of an invocation's time that is kept for taking a try back.
const SPARE: Duration = Duration::from_secs(3);
/// The part of the time before that in which a file is no longer read: what is known of it by
/// then has to be written.
const MARKING: Duration = Duration::from_secs(2);
/// Why an upload has no picture whose file was removed before it was looked at.
const REMOVED: &str = "The file was removed before it was judged; please send it again.";

/// Why an upload has no picture whose file is larger than any form allows.
const TOO_LARGE: &str = "The file is larger than 5 MiB.";
/// How many tries of one version may crash or run out of time: Lambda makes three.
const MAX_UNFINISHED: u32 = 2;
/// Why an upload has no picture that no try came to an end with.
const UNFINISHED: &str = "The picture was tried twice, and reading it came to no end; please save it \
     in another form or smaller, and send that.";

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
pub struct JudgeUploads<B> {
    uploads: Uploads,
    bucket: B,
}

impl<B: Objects> FromEnv for JudgeUploads<B> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            uploads: Uploads::from_env(env)?,
            bucket: B::from_env(env)?,
        })
    }
}

/// What there is to say of a file.
type Judged = Result<Vec<EncodedPicture>, String>;

impl<B: Objects> JudgeUploads<B> {
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
        if let Some(upload) = UploadKey::of_pending(key) {
            let this = TryId::generate().map_err(Problem::unavailable)?;
            let judged = self.judge_upload(&upload, object, &this, judge);
            let judged = timeout(waiting_time(), judged).await;
            let judged = judged.map_err(Problem::unavailable).and_then(|done| done);
            if let Err(problem) = judged {
                // What could not be reached is no fault of the file's, nor what was too slow. If
                // this fails too, the try stays counted.
                let _ = self.uploads.end_try(&upload, version, &this).await;
                return Err(problem);
            }
        }
        // Judged, or a version that nobody waits for, or the file of an upload that was judged
        // before: these are deleted unread.
        Ok(self.bucket.delete_version(key, version).await?)
    }

    async fn judge_upload<F>(
        &self,
        key: &UploadKey,
        object: &StoredObject,
        this: &TryId,
        judge: &F,
    ) -> Result<(), Problem>
    where
        F: Fn(&[u8], &dyn Fn() -> bool) -> Judged,
    {
        let version = object.version.as_str();
        let Some(claimed) = self.uploads.claim(key, version, this).await? else {
            return self.delete_refused(key).await;
        };
        let judged = if claimed.tries > MAX_UNFINISHED {
            Err(UNFINISHED.to_owned())
        } else {
            self.look(object, judge).await?
        };
        match judged {
            Ok(sizes) => self.keep(&claimed.upload, version, &sizes).await,
            Err(reason) => {
                if self.uploads.mark_rejected(key, version, &reason).await? {
                    let upload = key.upload.as_str();
                    SecurityLog::emit(&SecurityEvent::PictureRejected(&key.user, upload));
                }
                Ok(())
            }
        }
    }

    /// Reads exactly the version that is claimed, and judges it.
    async fn look<F>(&self, object: &StoredObject, judge: &F) -> Result<Judged, Problem>
    where
        F: Fn(&[u8], &dyn Fn() -> bool) -> Judged,
    {
        let read = self.bucket.read(&object.key, &object.version, MAX_PICTURE);
        let file = match read.await? {
            StoredFile::Whole(file) => file,
            StoredFile::Missing => return Ok(Err(REMOVED.to_owned())),
            StoredFile::TooLarge => return Ok(Err(TOO_LARGE.to_owned())),
        };
        let has_time = || waiting_time() > MARKING;
        Ok(judge(&file, &has_time))
    }

    /// Keeps the files of a picture where nobody can see them yet, and then says so. Another
    /// delivery of the same event may have done all this, and what followed from it.
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
                .put_new(&key, &size.jpeg, "image/jpeg", CACHE_CONTROL);
            put.await?;
            files.push(PictureFile { key, width, height });
        }
        let key = &upload.key;
        if self.uploads.mark_ready(key, version, &files).await? {
            return Ok(());
        }
        let now = self.uploads.get(key).await?;
        if now.is_some_and(|it| it.status == UploadStatus::Rejected) {
            for file in &files {
                self.bucket.delete(&file.key).await?;
            }
        }
        Ok(())
    }

    /// Deletes the files that are listed of a picture which was ready, and then refused. They may
    /// have been kept once more since, by a try that could not delete them.
    async fn delete_refused(&self, key: &UploadKey) -> Result<(), Problem> {
        let now = self.uploads.get(key).await?;
        if let Some(refused) = now.filter(|it| it.status == UploadStatus::Rejected) {
            for file in &refused.files {
                self.bucket.delete(&file.key).await?;
            }
        }
        Ok(())
    }
}

/// Returns how long a file's table and bucket may be waited for.
fn waiting_time() -> Duration {
    let end = retry_deadline().map(|end| end.saturating_duration_since(clock::monotonic()));
    end.map_or(Duration::MAX, |left| left.saturating_sub(SPARE))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use cloud::{Calls, Fault, ObjectStore};
    use serde_json::json;

    use super::*;
    use crate::dynamodb::{Outcome, Transaction, retrying_until};
    use crate::pictures::Bucket;
    use crate::pictures::table::ClaimedUpload;
    use crate::pictures::upload::{PictureType, UploadRequest, UploadStatus};
    use crate::testing::{Tables, files, tables};
    use crate::values::{ProductId, Timestamp, UploadId, UserId};

    const SIZES: [(u32, u32); 2] = [(800, 600), (320, 240)];

    /// Pictures of all sizes, whose files are this one.
    fn sizes(file: &[u8]) -> Vec<EncodedPicture> {
        let size = |(width, height)| EncodedPicture {
            width,
            height,
            jpeg: file.to_vec(),
        };
        SIZES.map(size).into()
    }

    /// Claims an upload by a try of its own.
    async fn claim(uploads: &Uploads, key: &UploadKey, version: &str) -> Option<ClaimedUpload> {
        let this = TryId::generate().unwrap();
        uploads.claim(key, version, &this).await.unwrap()
    }

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
            let judge = |file: &[u8], has_time: &dyn Fn() -> bool| {
                self.judged.set(self.judged.get() + 1);
                assert!(has_time());
                if file == b"no" {
                    return Err("It is none.".to_owned());
                }
                Ok(sizes(file))
            };
            let judging = JudgeUploads::<Bucket>::from_env(&self.env(s3)).unwrap();
            judging.judge(arrived, judge).await
        }

        fn env(&self, s3: &str) -> Env {
            self.tables.env_with("AWS_ENDPOINT_URL_S3", s3)
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

    #[tokio::test]
    async fn a_file_on_which_two_tries_crashed_is_rejected_unread() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        let uploads: Uploads = shop.tables.open();
        let version = &arrived.0[0].version;
        for tries in [1, 2] {
            let claimed = claim(&uploads, &shop.upload, version).await;
            assert_eq!(claimed.unwrap().tries, tries);
        }
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        let upload = shop.upload().await;
        assert_eq!(upload.status, UploadStatus::Rejected);
        assert_eq!(upload.reason.as_deref(), Some(UNFINISHED));
        assert_eq!(shop.judged.get(), 0, "unread");
        assert_eq!(shop.kept(), [""; 0]);
    }

    #[tokio::test]
    async fn a_try_that_could_not_reach_the_bucket_does_not_count() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        for _ in 0..=MAX_UNFINISHED {
            assert!(shop.judge(&arrived, "http://127.0.0.1:1").await.is_err());
        }
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        shop.is_ready().await;
    }

    #[tokio::test]
    async fn a_try_that_waited_for_the_bucket_to_its_end_does_not_count() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        // Takes connections and answers none.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = format!("http://{}", silent.local_addr().unwrap());
        for _ in 0..=MAX_UNFINISHED {
            let end = clock::monotonic() + SPARE + Duration::from_millis(200);
            let judged = retrying_until(end, shop.judge(&arrived, &silent));
            assert!(judged.await.is_err());
        }
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        shop.is_ready().await;
    }

    #[tokio::test]
    async fn a_claim_whose_answers_were_lost_counts_once() {
        let shop = Shop::open().await;
        let uploads: Uploads = shop.tables.open();
        let lost = Calls::of("UpdateItem").on(shop.tables.table("UPLOADS_TABLE"));
        let injected = shop.tables.faults().inject(lost.times(2), Fault::DropAfter);
        let claimed = claim(&uploads, &shop.upload, "v").await;
        assert_eq!(injected.hits(), 2);
        assert_eq!(claimed.unwrap().tries, 1);
        assert!(claim(&uploads, &shop.upload, "w").await.is_none());
    }

    #[tokio::test]
    async fn a_try_whose_end_was_lost_on_the_way_is_taken_back_once() {
        let shop = Shop::open().await;
        let uploads: Uploads = shop.tables.open();
        assert!(claim(&uploads, &shop.upload, "v").await.is_some());
        let this = TryId::generate().unwrap();
        let claimed = uploads.claim(&shop.upload, "v", &this).await.unwrap();
        assert_eq!(claimed.unwrap().tries, 2);
        let lost = Calls::of("UpdateItem").on(shop.tables.table("UPLOADS_TABLE"));
        let injected = shop.tables.faults().inject(lost.times(2), Fault::DropAfter);
        uploads.end_try(&shop.upload, "v", &this).await.unwrap();
        assert_eq!(injected.hits(), 2);
        uploads.end_try(&shop.upload, "v", &this).await.unwrap();
        let next = claim(&uploads, &shop.upload, "v").await.unwrap();
        assert_eq!(next.tries, 2, "the first one stays counted");
    }

    #[tokio::test]
    async fn a_try_that_was_never_counted_takes_no_other_back() {
        let shop = Shop::open().await;
        let uploads: Uploads = shop.tables.open();
        assert!(claim(&uploads, &shop.upload, "v").await.is_some());
        let calls = Calls::of("UpdateItem").on(shop.tables.table("UPLOADS_TABLE"));
        let faults = shop.tables.faults();
        let injected = faults.inject(calls.times(99), Fault::FailBefore);
        let this = TryId::generate().unwrap();
        assert!(uploads.claim(&shop.upload, "v", &this).await.is_err());
        drop(injected);
        faults.clear();
        uploads.end_try(&shop.upload, "v", &this).await.unwrap();
        let next = claim(&uploads, &shop.upload, "v").await.unwrap();
        assert_eq!(next.tries, 2, "the first one stays counted");
    }

    #[tokio::test]
    async fn a_file_that_takes_all_the_time_that_there_is_is_rejected() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"slow").await;
        let judging = JudgeUploads::<Bucket>::from_env(&shop.env(&shop.files.url())).unwrap();
        // As a decoder does, which lets nothing else run meanwhile.
        let judge = |_: &[u8], has_time: &dyn Fn() -> bool| {
            while has_time() {
                std::hint::spin_loop();
            }
            Err("It takes too long.".to_owned())
        };
        let end = clock::monotonic() + Duration::from_secs(6);
        let judged = retrying_until(end, judging.judge(&arrived, judge));
        judged.await.unwrap();
        let upload = shop.upload().await;
        assert_eq!(upload.status, UploadStatus::Rejected);
        assert_eq!(upload.reason.as_deref(), Some("It takes too long."));
        assert_eq!(shop.kept(), [""; 0]);
    }

    #[tokio::test]
    async fn the_files_that_a_refused_picture_still_has_go_with_the_next_delivery() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        let uploads: Uploads = shop.tables.open();
        let refused = uploads.mark_refused(&shop.upload, "It has no product.");
        let refused = Transaction::new().with((), refused);
        refused.commit(uploads.table.client()).await.unwrap();
        assert_eq!(shop.kept(), shop.keys());
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        assert_eq!(shop.kept(), [""; 0]);
        assert_eq!(shop.upload().await.status, UploadStatus::Rejected);
        assert_eq!(shop.judged.get(), 1);
    }

    #[tokio::test]
    async fn a_delivery_that_judges_late_leaves_what_was_published() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        let uploads: Uploads = shop.tables.open();
        let version = &arrived.0[0].version;
        let late = claim(&uploads, &shop.upload, version).await.unwrap();
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        let attached = Transaction::new().with((), uploads.mark_attached(&shop.upload));
        attached.commit(uploads.table.client()).await.unwrap();
        let bucket = Bucket::from_env(&shop.env(&shop.files.url())).unwrap();
        for key in shop.keys() {
            assert!(bucket.set_tag(&key, "public", "true").await.unwrap());
        }
        let judging = JudgeUploads::<Bucket>::from_env(&shop.env(&shop.files.url())).unwrap();
        let sizes = sizes(b"yes, too");
        judging.keep(&late.upload, version, &sizes).await.unwrap();
        shop.is_ready().await;
        for key in shop.keys() {
            let tags = shop.files.tags(shop.bucket(), &key).unwrap();
            assert_eq!(tags, [("public".to_owned(), "true".to_owned())], "{key}");
        }
    }

    #[tokio::test]
    async fn the_files_of_a_picture_that_was_rejected_meanwhile_are_deleted_again() {
        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        let uploads: Uploads = shop.tables.open();
        let version = &arrived.0[0].version;
        let late = claim(&uploads, &shop.upload, version).await.unwrap();
        let rejected = uploads.mark_rejected(&shop.upload, version, UNFINISHED);
        assert!(rejected.await.unwrap());
        let judging = JudgeUploads::<Bucket>::from_env(&shop.env(&shop.files.url())).unwrap();
        let kept = judging.keep(&late.upload, version, &sizes(b"yes")).await;
        kept.unwrap();
        assert_eq!(shop.kept(), [shop.upload.pending()]);
        assert_eq!(shop.upload().await.status, UploadStatus::Rejected);
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_or_gone_is_rejected_with_that_reason() {
        let shop = Shop::open().await;
        let most = usize::try_from(MAX_PICTURE).unwrap();
        let arrived = shop
            .arrive(&shop.upload.pending(), &vec![7; most + 1])
            .await;
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        assert_eq!(shop.upload().await.reason.as_deref(), Some(TOO_LARGE));
        assert_eq!(shop.kept(), [""; 0]);

        let shop = Shop::open().await;
        let arrived = shop.arrive(&shop.upload.pending(), b"yes").await;
        let bucket = Bucket::from_env(&shop.env(&shop.files.url())).unwrap();
        let (key, version) = (shop.upload.pending(), &arrived.0[0].version);
        bucket.delete_version(&key, version).await.unwrap();
        shop.judge(&arrived, &shop.files.url()).await.unwrap();
        assert_eq!(shop.upload().await.reason.as_deref(), Some(REMOVED));
        assert_eq!(shop.judged.get(), 0);
    }
}
