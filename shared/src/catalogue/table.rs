//! The table `products`.

use super::product::{
    Availability, CategorySlug, Image, Product, ProductFilter, ProductSort, ProductStatus,
};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, BatchGet, Corrupt, DynamoDbError, ItemBuilder, ItemReader, QueryFluentBuilder,
    SingleWrite, Table, WriteAction, is_condition_failed, number, text,
};
use crate::values::{Currency, ImageId, Money, ProductId};

/// The partition of the indexes that list the whole catalogue.
const LISTED: &str = "main";

/// Products by id.
#[derive(Clone)]
pub(crate) struct Products {
    pub(super) table: Table,
}

/// A list of published products.
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
        Ok(found.as_ref().map(read).transpose()?)
    }

    /// Reads a product as it now is, for whoever may have made it just before.
    pub(crate) async fn get(&self, id: &ProductId) -> Result<Option<Product>, DynamoDbError> {
        let found = self.table.get(key(id)).await?;
        Ok(found.as_ref().map(read).transpose()?)
    }

    /// Reads the products of up to 100 ids as they are or were a moment ago, in
    /// no order. Ids of nothing are left out.
    pub(crate) async fn get_all<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
    ) -> Result<Vec<Product>, DynamoDbError> {
        let batch = BatchGet::default().with_eventually(&self.table, ids.map(key));
        self.read_batch(batch).await
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
        let products = items.iter().map(|(_, item)| read(item));
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
            None => ("catalogue", "listed", LISTED),
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

pub(super) fn key(id: &ProductId) -> Attributes {
    let key = ItemBuilder::new().text("productId", id.as_str());
    key.into_attributes()
}

/// Writes a product. The attributes that the listing indexes need are
/// there only while it is published, which keeps drafts out of every list.
fn write(product: &Product) -> ItemBuilder {
    let item = ItemBuilder::new()
        .text("productId", product.id.as_str())
        .text("name", &product.name)
        .text("description", &product.description)
        .number("price", product.price.amount())
        .text("currency", product.price.currency())
        .text("category", product.category.as_str())
        .word("status", product.status)
        .word("availability", product.availability)
        .optional_text("image", product.images.first().map(|i| i.key.as_str()))
        .list("images", product.images.iter().map(write_image))
        .number("version", product.version)
        .time("createdAt", product.created_at);
    match product.status {
        ProductStatus::Draft => item,
        ProductStatus::Published => item
            .text("listed", LISTED)
            .text("listedCategory", product.category.as_str())
            // Upper and lower case sort together; the length of a key is
            // bounded by DynamoDB at 1,024 bytes, and 200 characters are 800.
            .text("nameKey", product.name.to_lowercase()),
    }
}

fn write_image(image: &Image) -> ItemBuilder {
    ItemBuilder::new()
        .text("imageId", image.id.as_str())
        .text("key", &image.key)
        .number("width", image.width)
        .number("height", image.height)
}

/// Reads a product.
pub(super) fn read(item: &Attributes) -> Result<Product, Corrupt> {
    let item = ItemReader::from(item);
    let images = item.list("images")?.into_iter().map(read_image);
    let currency = item.parsed("currency", Currency::parse)?;
    Ok(Product {
        id: item.id("productId")?,
        name: item.text("name")?.to_owned(),
        description: item.text("description")?.to_owned(),
        price: Money::new(item.number("price")?, currency),
        category: item.parsed("category", CategorySlug::parse)?,
        status: item.word("status")?,
        availability: item.word("availability")?,
        images: images.collect::<Result<_, _>>()?,
        version: item.number("version")?,
        created_at: item.time("createdAt")?,
    })
}

fn read_image(item: ItemReader<'_>) -> Result<Image, Corrupt> {
    Ok(Image {
        id: item.id::<ImageId>("imageId")?,
        key: item.text("key")?.to_owned(),
        width: item.number("width")?,
        height: item.number("height")?,
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
