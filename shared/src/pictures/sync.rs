//! Who may see the files of a product's pictures: everybody, by a tag that the CDN needs, while
//! it is published, and nobody else. What it doesn't have any more is deleted.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};

use crate::aws::{Env, FromEnv, Objects, StartError};
use crate::catalogue::{Image, ProductImages, Products};
use crate::dynamodb::{FromStream, StreamImage, StreamRecord, Unreadable};
use crate::http::Problem;
use crate::values::{PathId, ProductId};

/// The tag of files that the CDN may read. The bucket's policy names it.
const TAG: (&str, &str) = ("public", "true");
/// How often a product's files are made as it is, while others change it.
const ATTEMPTS: u32 = 5;
/// How many calls of S3 are on their way at once.
const AT_ONCE: usize = 8;

/// A change of a product, or of its pictures, after which others may see them.
pub struct PictureChange {
    product: ProductId,
    /// The keys of the files that it had before.
    before: BTreeSet<String>,
}

impl FromStream for PictureChange {
    fn of_record(record: &StreamRecord) -> Result<Option<Self>, Unreadable> {
        let (old, new) = (record.before()?, record.after()?);
        let Some(row) = old.as_ref().or(new.as_ref()) else {
            return Ok(None);
        };
        // Rows of codes stand in the same table.
        let Some(product) = row
            .reader()
            .optional_text("productId")?
            .and_then(ProductId::parse)
        else {
            return Ok(None);
        };
        let (before, after) = (visible(old.as_ref())?, visible(new.as_ref())?);
        // Stock and prices change more often than pictures do.
        let before = (before != after).then_some(before.files);
        Ok(before.map(|before| Self { product, before }))
    }
}

/// What there is to see of a product.
#[derive(Default, PartialEq, Eq)]
struct Visible {
    files: BTreeSet<String>,
    /// Whether the public may see them.
    is_public: bool,
    /// Counts the changes of the pictures. An operator adds one so that a product is looked at
    /// again.
    version: Option<u64>,
}

/// Returns what there is to see of a product.
fn visible(image: Option<&StreamImage<'_>>) -> Result<Visible, Unreadable> {
    let Some(image) = image else {
        return Ok(Visible::default());
    };
    let read = ProductImages::read(image.reader())?;
    Ok(Visible {
        files: keys(&read.images),
        is_public: read.is_public,
        version: read.version,
    })
}

/// Returns the keys of the files of pictures, of all sizes.
fn keys(images: &[Image]) -> BTreeSet<String> {
    let keys = images.iter().flat_map(|image| {
        let variants = image.variants.iter().map(|file| &file.key);
        variants.chain([&image.key])
    });
    keys.cloned().collect()
}

/// Shows, hides and deletes the files of products' pictures.
#[derive(Clone)]
pub struct SyncPictures<B> {
    products: Products,
    bucket: B,
}

impl<B: Objects> FromEnv for SyncPictures<B> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            bucket: B::from_env(env)?,
        })
    }
}

impl<B: Objects> SyncPictures<B> {
    /// Makes the files of a product as the product now is, and looks again when that is done: who
    /// changed it meanwhile may have made them otherwise before. A file with which it fails keeps
    /// no other.
    ///
    /// # Errors
    /// When the table or the bucket can't be reached, for the first file that failed, or while
    /// others go on changing the product.
    pub async fn sync(&self, change: &PictureChange) -> Result<(), Problem> {
        let mut now = self.wanted(&change.product).await?;
        for _ in 0..ATTEMPTS {
            let (files, is_public) = &now;
            let shown = each(files.iter().map(|key| self.show(key, *is_public))).await;
            let removed = change.before.difference(files);
            let removed = removed.map(|key| async { Ok(self.bucket.delete(key).await?) });
            let removed = each(removed).await;
            let then = self.wanted(&change.product).await?;
            if then == now {
                return shown.and(removed);
            }
            now = then;
        }
        Err(Problem::unavailable("the product goes on changing"))
    }

    /// Reads which files a product has, and whether the public may see them.
    async fn wanted(&self, product: &ProductId) -> Result<(BTreeSet<String>, bool), Problem> {
        let found = self.products.images(product).await?;
        Ok(found.map_or_else(Default::default, |it| (keys(&it.images), it.is_public)))
    }

    async fn show(&self, key: &str, is_public: bool) -> Result<(), Problem> {
        // A file that isn't there is one that another change has removed.
        let _ = if is_public {
            self.bucket.set_tag(key, TAG.0, TAG.1).await?
        } else {
            self.bucket.remove_tags(key).await?
        };
        Ok(())
    }
}

/// Does all of this, a few at once, and returns the first failure once all is done.
async fn each<F>(work: impl Iterator<Item = F>) -> Result<(), Problem>
where
    F: Future<Output = Result<(), Problem>>,
{
    let work = stream::iter(work).buffer_unordered(AT_ONCE);
    work.fold(Ok(()), async |done: Result<(), Problem>, one| done.and(one))
        .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloud::{Calls, Fault};
    use serde_json::{Value, json};

    use super::*;
    use crate::dynamodb::{Attributes, ItemBuilder, list, text};
    use crate::pictures::Bucket;
    use crate::testing::{files, tables};

    /// A row of the table with one picture of one file.
    fn row(id: &str, status: &str, file: &str, stock: &str) -> Value {
        json!({
            "productId": { "S": id }, "status": { "S": status }, "availability": { "S": stock },
            "images": { "L": [{ "M": {
                "imageId": { "S": "img_01arz3ndektsv4rrffq69g5fav" }, "key": { "S": file },
                "width": { "N": "4" }, "height": { "N": "3" },
            } }] },
        })
    }

    fn change(old: Option<Value>, new: Option<Value>) -> Option<BTreeSet<String>> {
        let mut dynamodb = json!({ "SequenceNumber": "1" });
        for (name, image) in [("OldImage", old), ("NewImage", new)] {
            if let Some(image) = image {
                dynamodb[name] = image;
            }
        }
        let record = json!({ "dynamodb": dynamodb }).to_string();
        let record: StreamRecord = serde_json::from_str(&record).unwrap();
        PictureChange::of_record(&record)
            .unwrap()
            .map(|it| it.before)
    }

    const ID: &str = "prod_01arz3ndektsv4rrffq69g5fav";

    #[test]
    fn only_changes_of_pictures_and_of_who_may_see_them_count() {
        let draft = || row(ID, "draft", "a", "in-stock");
        let files = |names: &[&str]| Some(names.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(
            change(Some(draft()), Some(row(ID, "draft", "a", "low-stock"))),
            None
        );
        let published = row(ID, "published", "a", "in-stock");
        assert_eq!(
            change(Some(draft()), Some(published.clone())),
            files(&["a"])
        );
        assert_eq!(
            change(Some(draft()), Some(row(ID, "draft", "b", "in-stock"))),
            files(&["a"])
        );
        assert_eq!(change(None, Some(draft())), files(&[]));
        assert_eq!(change(Some(draft()), None), files(&["a"]));
        let mut deleted = published.clone();
        deleted["deletedAt"] = json!({ "S": "2026-11-21T10:00:00Z" });
        assert_eq!(change(Some(published), Some(deleted)), files(&["a"]));
        // An operator wants it looked at again.
        let mut touched = draft();
        touched["imagesVersion"] = json!({ "N": "2" });
        assert_eq!(change(Some(draft()), Some(touched)), files(&["a"]));
        // The row of a code.
        let code = json!({ "productId": { "S": "sku#a-1" }, "product": { "S": ID } });
        assert_eq!(change(None, Some(code)), None);
    }

    #[tokio::test]
    async fn a_file_that_fails_leaves_the_others_as_they_are_to_be() {
        let (tables, store) = (tables().await, files().await);
        let bucket = tables.table("IMAGES_BUCKET");
        // S3 takes no key of more than 1,024 bytes.
        let bad = "k".repeat(1100);
        let keys: Vec<String> = (0..30)
            .map(|it| format!("ecommerce-products/{it}"))
            .collect();
        let mut shown: Vec<&str> = keys.iter().map(String::as_str).collect();
        for key in &keys {
            store.put(bucket, key, vec![7]).await.unwrap();
            store.tag(bucket, key, TAG.0, TAG.1).await.unwrap();
        }
        let (removed, kept) = shown.split_at_mut(10);
        kept.reverse();
        let files = [bad.as_str()].into_iter().chain(kept.iter().copied());
        let image = files.map(|key| {
            ItemBuilder::new()
                .text("imageId", "img_01arz3ndektsv4rrffq69g5fav")
                .text("key", key)
                .number("width", 1u32)
                .number("height", 1u32)
        });
        let product = tables.product(1).await;
        let row = ItemBuilder::new().text("productId", product.as_str());
        let values = [("images", list(image)), ("status", text("draft"))];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let values = Attributes::from(values);
        tables
            .change("PRODUCTS_TABLE", row.into_attributes(), values)
            .await;

        let before = [bad.as_str()].into_iter().chain(removed.iter().copied());
        let change = PictureChange {
            product,
            before: before.map(str::to_owned).collect(),
        };
        let env = tables.env_with("AWS_ENDPOINT_URL_S3", &store.url());
        let pictures = SyncPictures::<Bucket>::from_env(&env).unwrap();
        for _ in 0..2 {
            assert!(pictures.sync(&change).await.is_err(), "one file failed");
            assert_eq!(store.tagged(bucket, TAG.0), [""; 0], "nobody sees a draft");
            assert_eq!(store.objects(bucket).len(), 20, "what was removed is gone");
        }
    }

    #[tokio::test]
    async fn what_is_no_longer_public_once_its_files_are_tagged_is_hidden_again() {
        let (tables, store) = (tables().await, files().await);
        let bucket = tables.table("IMAGES_BUCKET");
        let key = "ecommerce-products/1";
        store.put(bucket, key, vec![7]).await.unwrap();
        let image = ItemBuilder::new()
            .text("imageId", "img_01arz3ndektsv4rrffq69g5fav")
            .text("key", key)
            .number("width", 1u32)
            .number("height", 1u32);
        let product = tables.product(1).await;
        let row = ItemBuilder::new().text("productId", product.as_str());
        let row = row.into_attributes();
        let images = Attributes::from([("images".to_owned(), list([image].into_iter()))]);
        tables.change("PRODUCTS_TABLE", row.clone(), images).await;
        let env = tables.env_with("AWS_ENDPOINT_URL_S3", &store.url());
        let pictures = SyncPictures::<Bucket>::from_env(&env).unwrap();
        // The look after the tagging is held until somebody has made a draft of the product.
        let looks = Calls::of("GetItem").on(tables.table("PRODUCTS_TABLE"));
        let held = Fault::Delay(Duration::from_millis(700));
        let _ = tables.faults().inject(looks.from_nth(2).times(1), held);
        let change = PictureChange {
            product,
            before: BTreeSet::new(),
        };
        let unpublish = async {
            while store.tagged(bucket, TAG.0).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let draft = Attributes::from([("status".to_owned(), text("draft"))]);
            tables.change("PRODUCTS_TABLE", row, draft).await;
        };
        let (synced, ()) = tokio::join!(pictures.sync(&change), unpublish);
        synced.unwrap();
        assert_eq!(store.tagged(bucket, TAG.0), [""; 0], "nobody sees a draft");
    }
}
