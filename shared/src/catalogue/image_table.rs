//! The pictures in a product's row. Their changes are counted apart from the product's, so that
//! one that arrives while somebody edits the product makes nothing stale.

use super::image::Image;
use super::product::ProductStatus;
use super::table::{Products, key, read_image, write_image};
use crate::aws::AwsError;
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, SingleWrite,
    WriteAction, is_condition_failed, number, scan_having,
};
use crate::values::ProductId;

/// The pictures of a product, as they were read.
#[derive(Debug)]
pub(crate) struct ProductImages {
    /// The main one first.
    pub(crate) images: Vec<Image>,
    /// Whether anybody may see them.
    pub(crate) is_public: bool,
    /// Whether the product was deleted, and is kept for a while.
    pub(crate) is_deleted: bool,
    /// Counts the changes of the pictures; none yet for `None`.
    pub(crate) version: Option<u64>,
}

impl ProductImages {
    /// Reads those of a row of the table, from wherever it comes.
    pub(crate) fn read(item: ItemReader<'_>) -> Result<Self, Corrupt> {
        let images = item.list("images")?.into_iter().map(read_image);
        let is_deleted = item.optional_text("deletedAt")?.is_some();
        let status: ProductStatus = item.word("status")?;
        Ok(Self {
            images: images.collect::<Result<_, _>>()?,
            is_public: status == ProductStatus::Published && !is_deleted,
            is_deleted,
            version: item.optional_number("imagesVersion")?,
        })
    }
}

impl Products {
    /// Reads the pictures of a product as they now are; `None` once it is purged.
    pub(crate) async fn images(
        &self,
        id: &ProductId,
    ) -> Result<Option<ProductImages>, DynamoDbError> {
        let found: Option<Attributes> = self.table.get(key(id)).await?;
        let found = found.map(|item| ProductImages::read(ItemReader::from(&item)));
        Ok(found.transpose()?)
    }

    /// Returns the action that gives a product these pictures, the main one first: refused if
    /// they were changed since they were read, or if the product was deleted.
    pub(crate) fn set_images(
        &self,
        id: &ProductId,
        read: &ProductImages,
        images: &[Image],
    ) -> WriteAction {
        let written = ItemBuilder::new()
            .list("images", images.iter().map(write_image))
            .optional_map("image", images.first().map(write_image));
        let mut change = self
            .table
            .change(key(id))
            .set("imagesVersion", number(read.version.unwrap_or(0) + 1))
            .only_if_exists("productId")
            .only_if_absent("deletedAt");
        for (name, value) in written.into_attributes() {
            change = change.set(&name, value);
        }
        if images.is_empty() {
            change = change.remove("image");
        }
        let change = match read.version {
            Some(version) => change.only_if("imagesVersion", Comparison::Equal, number(version)),
            None => change.only_if_absent("imagesVersion"),
        };
        change.into_update()
    }

    /// Reads the ids of some of the products that have pictures, deleted ones too, and where to
    /// read on: a call that no function's role allows.
    pub(crate) async fn with_pictures(
        &self,
        after: Option<Attributes>,
    ) -> Result<(Vec<ProductId>, Option<Attributes>), DynamoDbError> {
        // Rows of codes have other keys.
        let products = ("productId", "prod_");
        let (items, last) = scan_having(&self.table, "image", products, after).await?;
        let ids = items
            .iter()
            .map(|item| ItemReader::from(item).id("productId"));
        Ok((ids.collect::<Result<_, _>>()?, last))
    }

    /// Counts a change of a product's pictures though there was none, so that the table's stream
    /// tells of the product once more. Returns false if there is no such product.
    pub(crate) async fn touch_images(&self, id: &ProductId) -> Result<bool, AwsError> {
        let touched = self
            .table
            .update(key(id))
            .update_expression("SET imagesVersion = if_not_exists(imagesVersion, :zero) + :one")
            .condition_expression("attribute_exists(productId)")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1));
        match touched.commit().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
