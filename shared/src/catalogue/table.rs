//! The table `products`: a row for each product, and one for each code that a product has,
//! so that no two have the same. What was deleted is kept for a while, and is absent for
//! whoever reads products.

use super::category::CategorySlug;
use super::image::{Image, ImageFile};
use super::product::{
    Availability, Product, ProductFilter, ProductSort, ProductStatus, StaffFilter,
};
use super::sku::Sku;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, BatchGet, Comparison, Corrupt, DynamoDb, DynamoDbError, ItemBuilder, ItemReader,
    QueryFluentBuilder, SingleWrite, Table, Update, WriteAction, is_condition_failed, number,
    read_all, scan_lacking, text, word,
};
use crate::values::{Currency, ImageId, Money, ProductId, Timestamp};

/// The partition of the indexes that list the whole catalogue, all that the staff see, and
/// what was deleted.
const ALL: &str = "main";
/// The partition of the index that lists products for the staff: what was not deleted has it.
const CATALOGUED: &str = "catalogued";

/// Products by id.
#[derive(Clone)]
pub(crate) struct Products {
    pub(super) table: Table,
}

/// What there is of a product's id.
pub(crate) enum Stored {
    Absent,
    /// Deleted, and not yet purged.
    Deleted,
    Live(Box<Product>),
}

/// A product that no category counts, or that the staff's list lacks.
pub(super) struct Incomplete {
    pub(super) id: ProductId,
    /// The category that it has.
    pub(super) category: CategorySlug,
    /// Whether that category counts it.
    pub(super) counted: bool,
}

/// A list of products.
pub(super) struct Listing {
    /// Tells this list from every other.
    pub(super) name: String,
    pub(super) query: QueryFluentBuilder,
    /// The attributes of a key of its index.
    pub(super) key: [&'static str; 3],
}

impl FromEnv for Products {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "PRODUCTS_TABLE")?,
        })
    }
}

impl Products {
    /// Reads a product, whatever its status, as it is or was a moment ago.
    pub(crate) async fn get_eventually(
        &self,
        id: &ProductId,
    ) -> Result<Option<Product>, DynamoDbError> {
        let found = self.table.get_eventually(key(id)).await?;
        Ok(found.as_ref().map(read).transpose()?.flatten())
    }

    /// Reads a product as it now is, for whoever may have made it just before.
    pub(crate) async fn get(&self, id: &ProductId) -> Result<Option<Product>, DynamoDbError> {
        match self.stored(id).await? {
            Stored::Live(product) => Ok(Some(*product)),
            Stored::Absent | Stored::Deleted => Ok(None),
        }
    }

    /// Reads what there now is of an id.
    pub(crate) async fn stored(&self, id: &ProductId) -> Result<Stored, DynamoDbError> {
        let Some(found) = self.table.get(key(id)).await? else {
            return Ok(Stored::Absent);
        };
        Ok(match read(&found)? {
            Some(product) => Stored::Live(Box::new(product)),
            None => Stored::Deleted,
        })
    }

    /// Reads the products of up to 100 ids as they now are, in no order. Ids of
    /// nothing are left out.
    pub(crate) async fn get_all_consistent<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
    ) -> Result<Vec<Product>, DynamoDbError> {
        let batch = BatchGet::default().with(&self.table, ids.map(key));
        self.read_batch(batch).await
    }

    async fn read_batch(&self, batch: BatchGet) -> Result<Vec<Product>, DynamoDbError> {
        let items = batch.read(self.table.client()).await?;
        let products = items.iter().filter_map(|(_, item)| read(item).transpose());
        Ok(products.collect::<Result<_, _>>()?)
    }

    /// Begins a query of published products, by the index that is in the order
    /// asked for.
    pub(super) fn listing(&self, filter: &ProductFilter) -> Listing {
        let (by, sort_key) = match filter.sort {
            ProductSort::Newest => ("newest", "productId"),
            ProductSort::PriceUp | ProductSort::PriceDown => ("price", "price"),
            ProductSort::Name => ("name", "nameKey"),
        };
        let (scope, attribute, partition) = match &filter.category {
            Some(category) => ("category", "listedCategory", category.as_str()),
            None => ("catalogue", "listed", ALL),
        };
        let upwards = matches!(filter.sort, ProductSort::PriceUp | ProductSort::Name);
        let query = self
            .table
            .query()
            .index_name(format!("{scope}-{by}"))
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":partition", text(partition))
            .scan_index_forward(upwards);
        Listing {
            name: format!("products {scope} {partition} {by} {upwards}"),
            query,
            key: ["productId", attribute, sort_key],
        }
    }

    /// Begins a query of all products that the staff see, drafts too, the newest first.
    pub(super) fn staff_listing(&self, filter: &StaffFilter) -> Listing {
        let mut query = self
            .table
            .query()
            .index_name("staff-newest")
            .key_condition_expression("#all = :all")
            .expression_attribute_names("#all", CATALOGUED)
            .expression_attribute_values(":all", text(ALL))
            .scan_index_forward(false);
        let mut conditions = Vec::new();
        if let Some(status) = filter.status {
            conditions.push("#status = :status");
            query = query
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", word(status));
        }
        if let Some(category) = &filter.category {
            conditions.push("#category = :category");
            query = query
                .expression_attribute_names("#category", "category")
                .expression_attribute_values(":category", text(category.as_str()));
        }
        if let Some(low) = filter.low_stock {
            conditions.push(match low {
                true => "#availability <> :enough",
                false => "#availability = :enough",
            });
            query = query
                .expression_attribute_names("#availability", "availability")
                .expression_attribute_values(":enough", word(Availability::InStock));
        }
        let conditions = conditions.join(" AND ");
        let name = format!("staff's products {filter:?}");
        Listing {
            name,
            query: query.set_filter_expression((!conditions.is_empty()).then_some(conditions)),
            key: ["productId", CATALOGUED, "productId"],
        }
    }

    /// Returns the ids of what was deleted before a moment and is not yet purged.
    pub(crate) async fn deleted_before(
        &self,
        end: Timestamp,
    ) -> Result<Vec<ProductId>, DynamoDbError> {
        let deleted = self
            .table
            .query()
            .index_name("deleted")
            .key_condition_expression("#all = :all AND deletedAt < :end")
            .expression_attribute_names("#all", "deleted")
            .expression_attribute_values(":all", text(ALL))
            .expression_attribute_values(":end", text(end.to_string()));
        read_all(&deleted, |row| row.id("productId").map(Some)).await
    }

    /// Removes what was deleted, for good; a product that is not deleted stays.
    pub(crate) async fn purge(&self, id: &ProductId) -> Result<(), AwsError> {
        let purged = self
            .table
            .delete(key(id))
            .condition_expression("attribute_exists(deletedAt)")
            .commit()
            .await;
        match purged {
            Err(error) if !is_condition_failed(&error) => Err(error.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Reads some of the products that no category counts or that the staff's list lacks, whatever
    /// their status, and where to read on: a call that no function's role allows.
    pub(super) async fn incomplete(
        &self,
        after: Option<Attributes>,
    ) -> Result<(Vec<Incomplete>, Option<Attributes>), DynamoDbError> {
        // Rows of codes have other keys.
        let products = ("productId", "prod_");
        let (items, last) =
            scan_lacking(&self.table, &["counted", CATALOGUED], products, after).await?;
        let mut incomplete = Vec::new();
        for item in &items {
            let item = ItemReader::from(item);
            if item.optional_text("deletedAt")?.is_none() {
                incomplete.push(Incomplete {
                    id: item.id("productId")?,
                    category: item.parsed("category", CategorySlug::parse)?,
                    counted: item.optional_text("counted")?.is_some(),
                });
            }
        }
        Ok((incomplete, last))
    }

    /// Returns the action that marks a product as counted and lists it for the staff: refused
    /// if somebody has counted, moved or deleted it since it was read.
    pub(super) fn complete(&self, product: &Incomplete) -> WriteAction {
        let category = text(product.category.as_str());
        let change = self
            .table
            .change(key(&product.id))
            .set(CATALOGUED, text(ALL))
            .set("counted", category.clone())
            .only_if("category", Comparison::Equal, category)
            .only_if_absent("deletedAt");
        only_if_counted(change, product.counted, &product.category).into_update()
    }

    /// Returns the client with which transactions are sent.
    pub(super) fn client(&self) -> &DynamoDb {
        self.table.client()
    }

    /// Returns the action that makes a product of what was read into what it is to be:
    /// refused if it was changed since. It writes what differs and no picture.
    pub(super) fn change(&self, before: &Product, after: &Product) -> WriteAction {
        let (mut old, new) = (
            write_content(before).into_attributes(),
            write_content(after).into_attributes(),
        );
        // Also of a product from before there was the staff's list.
        let mut update = self.change_version(before).set(CATALOGUED, text(ALL));
        for (name, value) in new {
            if old.remove(&name).as_ref() != Some(&value) {
                update = update.set(&name, value);
            }
        }
        for name in old.keys() {
            update = update.remove(name);
        }
        update.into_update()
    }

    /// Returns the action that deletes a product as it was read: it is taken out of every
    /// list, and its row stays until it is purged.
    pub(super) fn delete(&self, product: &Product, now: Timestamp) -> WriteAction {
        let mut update = self
            .change_version(product)
            .set("deleted", text(ALL))
            .set("deletedAt", text(now.to_string()));
        for name in [
            CATALOGUED,
            "counted",
            "listed",
            "listedCategory",
            "nameKey",
            "sku",
        ] {
            update = update.remove(name);
        }
        update.into_update()
    }

    /// Begins a change of a product that is as it was read. An operator's command that has
    /// counted it since leaves the version as it is, so that is asked for apart.
    fn change_version(&self, product: &Product) -> Update {
        let change = self
            .table
            .change(key(&product.id))
            .add("version", 1)
            .only_if("version", Comparison::Equal, number(product.version))
            .only_if_absent("deletedAt");
        only_if_counted(change, product.counted, &product.category)
    }

    /// Returns the action that checks that a product is there.
    pub(super) fn check_there(&self, id: &ProductId) -> WriteAction {
        self.table
            .change(key(id))
            .only_if_exists("productId")
            .only_if_absent("deletedAt")
            .into_check()
    }

    /// Returns the action that takes a code for a product: refused if another one has it.
    pub(super) fn take_sku(&self, sku: &Sku, id: &ProductId) -> WriteAction {
        let item = ItemBuilder::new()
            .text("productId", sku_key(sku))
            .text("product", id.as_str());
        self.table.put_new(item, "productId")
    }

    /// Returns the action that gives a product's code back.
    pub(super) fn free_sku(&self, sku: &Sku, id: &ProductId) -> WriteAction {
        let key = ItemBuilder::new().text("productId", sku_key(sku));
        self.table
            .change(key.into_attributes())
            .only_if("product", Comparison::Equal, text(id.as_str()))
            .into_delete()
    }

    /// Returns the action that puts a new product.
    pub(super) fn put_new(&self, product: &Product) -> WriteAction {
        self.table.put_new(write(product), "productId")
    }

    /// Returns the action that checks that a product is as it was read.
    pub(crate) fn check_unchanged(&self, product: &Product) -> WriteAction {
        let version = ItemBuilder::new().number("version", product.version);
        self.table
            .check(key(&product.id), version.into_attributes())
    }

    /// Sets the label that lists show, unless a newer one is there.
    /// `stock_version` is that of the stock which the label describes.
    pub(super) async fn set_availability(
        &self,
        id: &ProductId,
        availability: Availability,
        stock_version: u64,
    ) -> Result<(), AwsError> {
        let label: &str = availability.into();
        let set = self
            .table
            .update(key(id))
            .update_expression("SET availability = :label, stockVersion = :v")
            .condition_expression(
                "attribute_exists(productId) AND \
                 (attribute_not_exists(stockVersion) OR stockVersion < :v)",
            )
            .expression_attribute_values(":label", text(label))
            .expression_attribute_values(":v", number(stock_version))
            .commit()
            .await;
        match set {
            Ok(_) => Ok(()),
            // Somebody set a newer one.
            Err(error) if is_condition_failed(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Demands that a product is counted by its category, or by none.
fn only_if_counted(change: Update, counted: bool, category: &CategorySlug) -> Update {
    match counted {
        true => change.only_if("counted", Comparison::Equal, text(category.as_str())),
        false => change.only_if_absent("counted"),
    }
}

pub(super) fn key(id: &ProductId) -> Attributes {
    let key = ItemBuilder::new().text("productId", id.as_str());
    key.into_attributes()
}

/// Returns the key of a code's row, which no product's id can be.
fn sku_key(sku: &Sku) -> String {
    format!("sku#{}", sku.folded())
}

/// Writes a product.
fn write(product: &Product) -> ItemBuilder {
    write_content(product)
        .text(CATALOGUED, ALL)
        .text("productId", product.id.as_str())
        .word("availability", product.availability)
        .optional_map("image", product.images.first().map(write_image))
        .list("images", product.images.iter().map(write_image))
        .number("version", product.version)
        .time("createdAt", product.created_at)
}

/// Writes what an edit may change of a product, and what follows from it. The attributes that
/// the public's listing indexes need are there only while it is published, which keeps drafts
/// out of every list.
fn write_content(product: &Product) -> ItemBuilder {
    let counted_by = product.counted.then(|| product.category.as_str());
    let item = ItemBuilder::new()
        .text("name", &product.name)
        .text("description", &product.description)
        .number("price", product.price.amount())
        .text("currency", product.price.currency())
        .text("category", product.category.as_str())
        .word("status", product.status)
        .optional_text("sku", product.sku.as_ref().map(Sku::as_str))
        .optional_text("counted", counted_by);
    match product.status {
        ProductStatus::Draft => item,
        ProductStatus::Published => item
            .text("listed", ALL)
            .text("listedCategory", product.category.as_str())
            // Upper and lower case sort together; the length of a key is
            // bounded by DynamoDB at 1,024 bytes, and 200 characters are 800.
            .text("nameKey", product.name.to_lowercase()),
    }
}

pub(super) fn write_image(image: &Image) -> ItemBuilder {
    let variants = image.variants.iter().map(|file| {
        ItemBuilder::new()
            .text("key", &file.key)
            .number("width", file.width)
            .number("height", file.height)
    });
    ItemBuilder::new()
        .text("imageId", image.id.as_str())
        .text("key", &image.key)
        .number("width", image.width)
        .number("height", image.height)
        .list("variants", variants)
}

/// Reads a product; `None` for one that was deleted.
pub(super) fn read(item: &Attributes) -> Result<Option<Product>, Corrupt> {
    let item = ItemReader::from(item);
    if item.optional_text("deletedAt")?.is_some() {
        return Ok(None);
    }
    let images = item.list("images")?.into_iter().map(read_image);
    let currency = item.parsed("currency", Currency::parse)?;
    Ok(Some(Product {
        id: item.id("productId")?,
        name: item.text("name")?.to_owned(),
        description: item.text("description")?.to_owned(),
        price: Money::new(item.number("price")?, currency),
        category: item.parsed("category", CategorySlug::parse)?,
        status: item.word("status")?,
        availability: item.word("availability")?,
        images: images.collect::<Result<_, _>>()?,
        sku: read_sku(item)?,
        counted: item.optional_text("counted")?.is_some(),
        version: item.number("version")?,
        created_at: item.time("createdAt")?,
    }))
}

/// Reads a product's code.
pub(super) fn read_sku(item: ItemReader<'_>) -> Result<Option<Sku>, Corrupt> {
    let sku = item.optional_text("sku")?;
    let sku = sku.map(|text| Sku::parse(text).ok_or(Corrupt::new("sku")));
    sku.transpose()
}

/// The main picture in a list.
pub(super) enum ListedImage {
    None,
    /// Its key alone: rows from before pictures had several sizes.
    Key(String),
    Image(Image),
}

/// Reads the main picture of a row of an index.
pub(super) fn read_listed_image(item: ItemReader<'_>) -> Result<ListedImage, Corrupt> {
    Ok(match item.optional_text("image") {
        Ok(None) => ListedImage::None,
        Ok(Some(key)) => ListedImage::Key(key.to_owned()),
        Err(_) => ListedImage::Image(read_image(item.map("image")?)?),
    })
}

pub(super) fn read_image(item: ItemReader<'_>) -> Result<Image, Corrupt> {
    let variants = item.list("variants")?.into_iter().map(|item| {
        Ok(ImageFile {
            key: item.text("key")?.to_owned(),
            width: item.number("width")?,
            height: item.number("height")?,
        })
    });
    Ok(Image {
        id: item.id::<ImageId>("imageId")?,
        key: item.text("key")?.to_owned(),
        width: item.number("width")?,
        height: item.number("height")?,
        variants: variants.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tables;

    #[tokio::test]
    async fn of_two_labels_the_one_of_the_newer_stock_wins() {
        let tables = tables().await;
        let id = tables.product(10).await;
        let products: Products = tables.open();
        let set = |label, version| products.set_availability(&id, label, version);
        let label = async || products.get(&id).await.unwrap().unwrap().availability;
        set(Availability::OutOfStock, 9).await.unwrap();
        set(Availability::LowStock, 8).await.unwrap();
        assert_eq!(label().await, Availability::OutOfStock);
        set(Availability::InStock, 10).await.unwrap();
        assert_eq!(label().await, Availability::InStock);
    }
}
