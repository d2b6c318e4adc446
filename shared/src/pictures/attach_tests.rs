//! Tests of putting pictures on products.

use cloud::{Calls, Fault, ObjectStore};
use serde_json::json;

use super::*;
use crate::dynamodb::{Attribute, Attributes, ItemBuilder, Outcome, list, text, word};
use crate::pictures::Bucket;
use crate::pictures::upload::{PictureFile, PictureType, UploadRequest};
use crate::testing::{Tables, files, tables};
use crate::values::{ImageId, ProductId, Timestamp, UploadId, UserId};

const SIZES: [(u32, u32); 2] = [(800, 600), (320, 240)];

/// A shop with one published product.
struct Shop {
    tables: Tables,
    files: ObjectStore,
    product: ProductId,
}

impl Shop {
    async fn open() -> Self {
        let (tables, files) = (tables().await, files().await);
        let product = tables.product(1).await;
        Self {
            tables,
            files,
            product,
        }
    }

    /// Makes an upload whose picture is ready, with its files.
    async fn ready(&self) -> ReadyUpload {
        let key = UploadKey {
            user: UserId::generate().unwrap(),
            upload: UploadId::generate().unwrap(),
        };
        let wanted = UploadRequest {
            product_id: self.product.clone(),
            content_type: PictureType::Png,
            content_length: 3,
        };
        let uploads: Uploads = self.tables.open();
        let put = uploads.put_new(&key, &wanted, Timestamp::now());
        let put = Transaction::new().with((), put);
        let put = put.commit(uploads.table.client()).await;
        assert_eq!(put.unwrap(), Outcome::Committed);
        let folder = format!(
            "ecommerce-products/{}/{}",
            self.product,
            ImageId::of_upload(&key.upload)
        );
        let files = SIZES.map(|(width, height)| PictureFile {
            key: format!("{folder}/{width}x{height}.jpg"),
            width,
            height,
        });
        let bucket = self.tables.table("IMAGES_BUCKET");
        for file in &files {
            self.files.put(bucket, &file.key, vec![7]).await.unwrap();
        }
        let files = files.iter().map(|file| {
            ItemBuilder::new()
                .text("key", &file.key)
                .number("width", file.width)
                .number("height", file.height)
        });
        let values = [
            ("status".to_owned(), word(UploadStatus::Ready)),
            ("files".to_owned(), list(files)),
        ];
        self.change_upload(&key, Attributes::from(values)).await;
        ReadyUpload { key }
    }

    async fn change_upload(&self, key: &UploadKey, values: Attributes) {
        let key = ItemBuilder::new()
            .text("userId", key.user.as_str())
            .text("uploadId", key.upload.as_str());
        let key = key.into_attributes();
        self.tables.change("UPLOADS_TABLE", key, values).await;
    }

    async fn change_product(&self, name: &str, value: Attribute) {
        let key = ItemBuilder::new().text("productId", self.product.as_str());
        let key = key.into_attributes();
        let values = Attributes::from([(name.to_owned(), value)]);
        self.tables.change("PRODUCTS_TABLE", key, values).await;
    }

    async fn attach(&self, ready: &ReadyUpload) -> Result<(), Problem> {
        self.attach_with(ready, &self.files.url()).await
    }

    async fn attach_with(&self, ready: &ReadyUpload, s3: &str) -> Result<(), Problem> {
        let env = self.tables.env_with("AWS_ENDPOINT_URL_S3", s3);
        let pictures = AttachPictures::<Bucket>::from_env(&env).unwrap();
        pictures.attach(ready).await
    }

    /// The ids of the product's pictures.
    async fn pictures(&self) -> Vec<ImageId> {
        let products: Products = self.tables.open();
        let found = products.images(&self.product).await.unwrap().unwrap();
        found.images.into_iter().map(|it| it.id).collect()
    }

    async fn upload(&self, ready: &ReadyUpload) -> Upload {
        let uploads: Uploads = self.tables.open();
        uploads.get(&ready.key).await.unwrap().unwrap()
    }

    /// How many files there are.
    fn kept(&self) -> usize {
        let bucket = self.tables.table("IMAGES_BUCKET");
        self.files.objects(bucket).len()
    }

    /// The picture was refused, and nothing of it is left.
    async fn is_refused(&self, ready: &ReadyUpload, reason: &str) {
        let upload = self.upload(ready).await;
        assert_eq!(upload.status, UploadStatus::Rejected);
        assert_eq!(upload.reason.as_deref(), Some(reason));
        assert!(!upload.is_attached);
        assert_eq!(self.kept(), 0);
    }
}

fn id_of(ready: &ReadyUpload) -> ImageId {
    ImageId::of_upload(&ready.key.upload)
}

#[tokio::test]
async fn a_picture_is_put_on_its_product_once_however_often_it_is_told_of() {
    let shop = Shop::open().await;
    let (first, second) = (shop.ready().await, shop.ready().await);
    for ready in [&first, &first, &second, &first, &second] {
        shop.attach(ready).await.unwrap();
    }
    assert_eq!(shop.pictures().await, [id_of(&first), id_of(&second)]);
    assert!(shop.upload(&first).await.is_attached);
    assert_eq!(shop.kept(), 4);
}

#[tokio::test]
async fn pictures_that_come_at_once_are_all_put_on_their_product() {
    let shop = Shop::open().await;
    let (a, b, c) = (shop.ready().await, shop.ready().await, shop.ready().await);
    let done = tokio::join!(
        shop.attach(&a),
        shop.attach(&b),
        shop.attach(&c),
        shop.attach(&a)
    );
    for done in [done.0, done.1, done.2, done.3] {
        done.unwrap();
    }
    let mut found = shop.pictures().await;
    let mut expected = [&a, &b, &c].map(id_of);
    found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_picture_that_was_taken_off_does_not_come_back_with_its_record() {
    let shop = Shop::open().await;
    let ready = shop.ready().await;
    shop.attach(&ready).await.unwrap();
    shop.change_product("images", list(std::iter::empty()))
        .await;
    shop.attach(&ready).await.unwrap();
    assert_eq!(shop.pictures().await, []);
}

#[tokio::test]
async fn a_product_that_is_full_gone_or_purged_refuses_a_picture_and_its_files_go() {
    let full = |shop: &Shop| {
        let key = format!("ecommerce-products/{}/x.jpg", shop.product);
        let images = (0..MAX_PICTURES).map(|_| {
            ItemBuilder::new()
                .text("imageId", ImageId::generate().unwrap().as_str())
                .text("key", &key)
                .number("width", 1u32)
                .number("height", 1u32)
        });
        list(images)
    };
    let shop = Shop::open().await;
    let ready = shop.ready().await;
    shop.change_product("images", full(&shop)).await;
    for _ in 0..2 {
        shop.attach(&ready).await.unwrap();
        shop.is_refused(&ready, FULL).await;
    }
    assert_eq!(shop.pictures().await.len(), MAX_PICTURES);

    let shop = Shop::open().await;
    let ready = shop.ready().await;
    let now = text(Timestamp::now().to_string());
    shop.change_product("deletedAt", now).await;
    shop.attach(&ready).await.unwrap();
    shop.is_refused(&ready, GONE).await;
    assert_eq!(shop.pictures().await, []);

    let mut shop = Shop::open().await;
    shop.product = ProductId::generate().unwrap();
    let ready = shop.ready().await;
    shop.attach(&ready).await.unwrap();
    shop.is_refused(&ready, GONE).await;
}

#[tokio::test]
async fn a_refusal_that_ends_between_two_steps_is_taken_up_by_the_next_try() {
    let nobody = "http://127.0.0.1:1";
    for (fault, marked) in [
        (Some(Fault::FailBefore), UploadStatus::Ready),
        (Some(Fault::FailAfter), UploadStatus::Rejected),
        // The mark stands, and the files can't be deleted.
        (None, UploadStatus::Rejected),
    ] {
        let shop = Shop::open().await;
        let ready = shop.ready().await;
        let now = text(Timestamp::now().to_string());
        shop.change_product("deletedAt", now).await;
        let faults = shop.tables.faults();
        let s3 = match &fault {
            Some(_) => shop.files.url(),
            None => nobody.to_owned(),
        };
        if let Some(fault) = fault.clone() {
            let marks = Calls::of("TransactWriteItems").on(shop.tables.table("UPLOADS_TABLE"));
            let _ = faults.inject(marks.always(), fault);
        }
        let tried = shop.attach_with(&ready, &s3).await;
        assert!(tried.is_err(), "{fault:?}");
        // No file is gone before the mark says that nobody needs it.
        assert_eq!(shop.kept(), SIZES.len(), "{fault:?}");
        assert_eq!(shop.upload(&ready).await.status, marked, "{fault:?}");
        faults.clear();
        shop.attach(&ready).await.unwrap();
        shop.is_refused(&ready, GONE).await;
    }
}

#[tokio::test]
async fn an_upload_that_names_anothers_file_is_an_error_and_deletes_nothing() {
    let shop = Shop::open().await;
    let (ready, other) = (shop.ready().await, shop.ready().await);
    let others = shop.upload(&other).await.files.remove(0);
    let file = ItemBuilder::new()
        .text("key", &others.key)
        .number("width", others.width)
        .number("height", others.height);
    let files = list(std::iter::once(file));
    let values = Attributes::from([("files".to_owned(), files)]);
    shop.change_upload(&ready.key, values).await;
    let now = text(Timestamp::now().to_string());
    shop.change_product("deletedAt", now).await;
    assert!(shop.attach(&ready).await.is_err());
    assert_eq!(shop.kept(), 2 * SIZES.len());
}

/// Reads a record of the stream with this upload in it.
fn of_record(upload: &UploadKey, status: &str, more: &serde_json::Value) -> Option<UploadKey> {
    let mut image = json!({
        "userId": { "S": upload.user.as_str() }, "uploadId": { "S": upload.upload.as_str() },
        "productId": { "S": "prod_01arz3ndektsv4rrffq69g5fav" }, "status": { "S": status },
        "createdAt": { "S": "2026-11-21T10:00:10Z" },
    });
    for (name, value) in more.as_object().unwrap() {
        image[name] = value.clone();
    }
    let record = json!({ "dynamodb": { "SequenceNumber": "1", "NewImage": image } }).to_string();
    let record: StreamRecord = serde_json::from_str(&record).unwrap();
    let ready = ReadyUpload::of_record(&record).unwrap();
    ready.map(|it| it.key)
}

#[test]
fn only_what_is_ready_and_nowhere_yet_is_looked_at() {
    let key = UploadKey {
        user: UserId::generate().unwrap(),
        upload: UploadId::generate().unwrap(),
    };
    let attached = json!({ "attachedAt": { "S": "2026-11-21T10:00:12Z" } });
    assert_eq!(of_record(&key, "ready", &json!({})), Some(key.clone()));
    assert_eq!(of_record(&key, "ready", &attached), None);
    for status in ["pending", "judging", "rejected"] {
        assert_eq!(of_record(&key, status, &json!({})), None, "{status}");
    }
}
