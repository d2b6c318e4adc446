//! What an upload of a picture may be.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::identity::{Admin, Identity};
use crate::input::{Fields, FromJson, word};
use crate::values::{ImageId, PathId, ProductId, UploadId, UserId};

/// The largest picture: 5 MiB.
pub(crate) const MAX_PICTURE: u64 = 5 * 1024 * 1024;
/// What a picture may be. Not SVG, which can hold programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
pub enum PictureType {
    /// `image/jpeg`
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// `image/png`
    #[strum(serialize = "image/png")]
    Png,
    /// `image/webp`
    #[strum(serialize = "image/webp")]
    WebP,
}

/// What an admin sends to get a form.
pub struct UploadRequest {
    /// Which product the picture is of.
    pub product_id: ProductId,
    /// What kind of picture it is.
    pub content_type: PictureType,
    /// How many bytes it has.
    pub content_length: u64,
}

/// A file of a picture that is ready to be shown: one of its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureFile {
    pub(crate) key: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum UploadStatus {
    /// Nothing has looked at the picture yet.
    Pending,
    /// The file has arrived and is being looked at.
    #[serde(rename = "pending")]
    Judging,
    /// The file is a picture that the shop takes. It is on its product once the row has
    /// `attachedAt`.
    Ready,
    /// The file is no picture that the shop takes, or its product is gone or full.
    Rejected,
}

impl FromJson for UploadRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let product_id = fields.required("productId", |v| {
            ProductId::parse(v.text()?).ok_or_else(|| "must be a product's id".into())
        });
        let content_type = fields.required("contentType", word);
        // The declared length is checked here so that a picture which is too
        // large is refused before it is sent; the policy holds either way.
        let max = i64::try_from(MAX_PICTURE).unwrap_or(i64::MAX);
        let length = fields.required("contentLength", |v| v.integer(1..=max));
        Some(Self {
            product_id: product_id?,
            content_type: content_type?,
            content_length: u64::try_from(length?).ok()?,
        })
    }
}

/// Whose upload it is, and which: the key of its row, and of its file in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadKey {
    pub(crate) user: UserId,
    pub(crate) upload: UploadId,
}

impl UploadKey {
    /// Names an upload that an admin asked for.
    pub(crate) fn of(by: &Admin, upload: UploadId) -> Self {
        let user = by.user_id().clone();
        Self { user, upload }
    }

    /// Returns the key under which the file waits to be judged, where nobody can read it.
    pub(crate) fn pending(&self) -> String {
        format!("pending/{}/{}", self.user, self.upload)
    }

    /// Reads the key of a file that was made of this upload for its product; `None` if it is any
    /// other one.
    pub(crate) fn file_of(&self, product: &ProductId, key: &str) -> Option<String> {
        let image = ImageId::of_upload(&self.upload);
        let folder = format!("ecommerce-products/{product}/{image}/");
        let name = key.strip_prefix(&folder)?;
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || b".-_".contains(&it);
        (!name.is_empty() && name.bytes().all(is_plain)).then(|| key.to_owned())
    }

    /// Reads the key of a pending file; `None` if it is another one.
    pub(crate) fn of_pending(key: &str) -> Option<Self> {
        let (user, upload) = key.strip_prefix("pending/")?.split_once('/')?;
        Some(Self {
            user: UserId::parse(user)?,
            upload: UploadId::parse(upload)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_three_kinds_of_pictures_up_to_5_mib_may_be_asked_for() {
        let ask = |kind: &str, length: u64| {
            let body = json!({
                "productId": "prod_01arz3ndektsv4rrffq69g5fav",
                "contentType": kind, "contentLength": length,
            });
            crate::input::parse_json::<UploadRequest>(body.to_string().as_bytes())
        };
        assert!(ask("image/webp", 5_242_880).is_ok());
        assert!(ask("image/webp", 5_242_881).is_err());
        assert!(ask("image/webp", 0).is_err());
        assert!(ask("image/svg+xml", 1).is_err());
        assert!(ask("image/gif", 1).is_err());
    }

    #[test]
    fn a_pending_files_key_names_its_upload_and_nothing_else_does() {
        let key = UploadKey {
            user: UserId::generate().unwrap(),
            upload: UploadId::generate().unwrap(),
        };
        let text = key.pending();
        assert_eq!(UploadKey::of_pending(&text), Some(key));
        for other in [
            format!("{text}/more"),
            format!("{text}.png"),
            format!("/{text}"),
            text.to_uppercase(),
            text.replace("pending/", "ecommerce-products/"),
            "pending/upl_01arz3ndektsv4rrffq69g5fav".to_owned(),
            "pending/".to_owned(),
        ] {
            assert_eq!(UploadKey::of_pending(&other), None, "{other}");
        }
    }

    #[test]
    fn a_pictures_file_lies_in_its_own_folder_and_nowhere_else() {
        let key = UploadKey {
            user: UserId::generate().unwrap(),
            upload: UploadId::generate().unwrap(),
        };
        let (product, other) = (
            ProductId::generate().unwrap(),
            ProductId::generate().unwrap(),
        );
        let image = ImageId::of_upload(&key.upload);
        let others = ImageId::generate().unwrap();
        let file = format!("ecommerce-products/{product}/{image}/800x600.jpg");
        assert_eq!(key.file_of(&product, &file), Some(file.clone()));
        for wrong in [
            format!("ecommerce-products/{other}/{image}/800x600.jpg"),
            format!("ecommerce-products/{product}/{others}/800x600.jpg"),
            format!("ecommerce-products/{product}/{image}/"),
            format!("ecommerce-products/{product}/{image}/../{others}/800x600.jpg"),
            format!("ecommerce-products/{product}/{image}"),
            format!("/{file}"),
            key.pending(),
            String::new(),
        ] {
            assert_eq!(key.file_of(&product, &wrong), None, "{wrong}");
        }
    }
}
