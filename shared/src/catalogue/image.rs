//! Pictures of products: their files in the bucket, and as callers see them.

use std::time::Duration;

use serde::Serialize;

use crate::aws::{BucketSigner, Env, FromEnv, StartError};
use crate::values::ImageId;

/// The size that lists show, which a picture fits into: pixels across and down.
const LISTED_SIZE: (u32, u32) = (800, 600);
/// How long a link to a picture that the public can't see is good.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A picture of a product, by its key in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// The key of its largest file.
    pub key: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The same picture in other sizes, the smallest first.
    pub variants: Vec<ImageFile>,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// Its key in the bucket.
    pub key: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Image {
    /// Returns the key of the file that lists show: the largest that fits 800×600, or the
    /// smallest if none does.
    pub(crate) fn listed_key(&self) -> &str {
        let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
        let variants = self
            .variants
            .iter()
            .map(|it| (&it.key, it.width, it.height));
        let all = variants.chain([(&self.key, self.width, self.height)]);
        let fits = |width, height| width <= LISTED_SIZE.0 && height <= LISTED_SIZE.1;
        let fitting = all
            .clone()
            .filter(|(_, width, height)| fits(*width, *height));
        let largest = fitting.max_by_key(|(_, width, height)| area(*width, *height));
        let chosen = largest.or_else(|| all.min_by_key(|(_, w, h)| area(*w, *h)));
        chosen.map_or(&self.key, |(key, _, _)| key)
    }
}

/// What the keys of published pictures are relative to.
#[derive(Clone)]
pub(crate) struct ImageUrls(String);

impl FromEnv for ImageUrls {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self(env.variable("IMAGES_URL")?))
    }
}

impl ImageUrls {
    /// Returns where a file is to be had.
    pub(crate) fn of_key(&self, key: &str) -> String {
        format!("{}/{key}", self.0)
    }

    /// Returns a picture with where its files are to be had.
    pub(crate) fn view(&self, image: &Image) -> ImageView {
        view(image, |key| self.of_key(key))
    }
}

fn view(image: &Image, url: impl Fn(&str) -> String) -> ImageView {
    let variants = image.variants.iter().map(|file| ImageVariant {
        url: url(&file.key),
        width: file.width,
        height: file.height,
    });
    ImageView {
        image_id: image.id.clone(),
        url: url(&image.key),
        width: image.width,
        height: image.height,
        variants: variants.collect(),
    }
}

/// Where the staff find pictures, those of drafts too.
#[derive(Clone)]
pub(crate) struct StaffImageUrls {
    published: ImageUrls,
    signer: BucketSigner,
}

impl FromEnv for StaffImageUrls {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            published: ImageUrls::from_env(env)?,
            signer: BucketSigner::from_env(env)?,
        })
    }
}

impl StaffImageUrls {
    /// Returns where a file is to be had: one that the public can't see, by a link that is
    /// signed for a while.
    pub(crate) fn of_key(&self, key: &str, is_public: bool) -> String {
        let published = || self.published.of_key(key);
        if is_public {
            return published();
        }
        // Signing fails for no key that there is; nobody sees what the other link leads to.
        let signed = self.signer.presigned(key, LINK_LIFETIME);
        signed.unwrap_or_else(|_| published())
    }

    /// Returns a picture with where its files are to be had.
    pub(crate) fn view(&self, image: &Image, is_public: bool) -> ImageView {
        view(image, |key| self.of_key(key, is_public))
    }
}

/// A picture as its callers see it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageView {
    image_id: ImageId,
    url: String,
    width: u32,
    height: u32,
    variants: Vec<ImageVariant>,
}

/// A picture in another size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ImageVariant {
    url: String,
    width: u32,
    height: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(sizes: &[(u32, u32)]) -> Image {
        let mut files: Vec<ImageFile> = sizes
            .iter()
            .map(|(width, height)| ImageFile {
                key: format!("{width}x{height}"),
                width: *width,
                height: *height,
            })
            .collect();
        let main = files.pop().unwrap();
        Image {
            id: ImageId::generate().unwrap(),
            key: main.key,
            width: main.width,
            height: main.height,
            variants: files,
        }
    }

    #[test]
    fn lists_show_the_largest_file_that_fits_800_by_600_or_the_smallest() {
        for (sizes, listed) in [
            (&[(320, 240), (800, 600), (1600, 1200)][..], "800x600"),
            (&[(180, 240), (450, 600), (900, 1200)], "450x600"),
            (&[(320, 200), (400, 250)], "400x250"),
            (&[(50, 40)], "50x40"),
            (&[(900, 700), (1600, 1200)], "900x700"),
        ] {
            assert_eq!(image(sizes).listed_key(), listed);
        }
    }
}
