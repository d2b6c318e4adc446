//! The table `products` as checkout, carts and admins use it. What the public
//! sees of it is in `catalogue.rs`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem};

use crate::audit::{Action, Record};
use crate::auth::Admin;
use crate::env::{Env, FromEnv, StartError};
use crate::ids::{ImageId, ProductId};
use crate::money::Currency;
use crate::problem::{InvalidField, Problem};
use crate::product::{
    Availability, CategorySlug, Image, NewProduct, Product, ProductStatus, StaffProduct,
};
use crate::store::audit::AuditLog;
use crate::store::inventory::stock_row;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::transaction::Written;
use crate::store::{Corrupt, condition_failed, failed, pause};
use crate::text::Word;
use crate::time::Timestamp;

/// The partition of the indexes that list the whole catalogue.
pub(crate) const LISTED: &str = "main";

/// Products by id.
#[derive(Clone)]
pub(crate) struct ProductStore {
    client: Client,
    pub(crate) table: String,
}

impl FromEnv for ProductStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("PRODUCTS_TABLE")?,
        })
    }
}

impl ProductStore {
    /// The product, whatever its status.
    ///
    /// # Errors
    /// When the table can't be read.
    pub(crate) async fn find(&self, id: &ProductId) -> Result<Option<Product>, Problem> {
        self.get(id, false).await
    }

    /// The product as it now is, for whoever may have made it just before.
    ///
    /// # Errors
    /// When the table can't be read.
    pub(crate) async fn find_latest(&self, id: &ProductId) -> Result<Option<Product>, Problem> {
        self.get(id, true).await
    }

    async fn get(&self, id: &ProductId, consistent: bool) -> Result<Option<Product>, Problem> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("productId", text(id.as_str()))
            .consistent_read(consistent)
            .send()
            .await
            .map_err(failed)?;
        Ok(found.item.as_ref().map(read).transpose()?)
    }

    /// The products of those ids, in no order; ids of nothing are left out.
    ///
    /// # Errors
    /// When the table can't be read.
    pub(crate) async fn find_all<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
    ) -> Result<Vec<Product>, Problem> {
        let keys = self.keys(ids, false)?;
        let Some(keys) = keys else {
            return Ok(Vec::new());
        };
        let items = batch_get(&self.client, &[(&self.table, keys)]).await?;
        let products = items.iter().map(|(_, item)| read(item));
        Ok(products.collect::<Result<_, _>>()?)
    }

    /// The keys of products for a batch read; nothing for no ids, since
    /// DynamoDB refuses an empty batch.
    pub(crate) fn keys<'a>(
        &self,
        ids: impl Iterator<Item = &'a ProductId>,
        consistent: bool,
    ) -> Result<Option<KeysAndAttributes>, Problem> {
        keys_of(
            ids.map(|id| Item::new().text("productId", id.as_str()).into_attributes()),
            consistent,
        )
    }

    /// Sets the label that lists show, if it is newer than the one there.
    /// `stock_version` is the stock row's at the moment that the label is of.
    ///
    /// # Errors
    /// When the table can't be written.
    pub(crate) async fn relabel(
        &self,
        id: &ProductId,
        availability: Availability,
        stock_version: u64,
    ) -> Result<(), Problem> {
        let set = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("productId", text(id.as_str()))
            .update_expression("SET availability = :label, stockVersion = :v")
            .condition_expression(
                "attribute_exists(productId) AND \
                 (attribute_not_exists(stockVersion) OR stockVersion < :v)",
            )
            .expression_attribute_values(":label", text(availability.as_str()))
            .expression_attribute_values(":v", number(stock_version))
            .send()
            .await;
        match set {
            Ok(_) => Ok(()),
            // Somebody set a newer one.
            Err(error) if condition_failed(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// The door for those who make products.
#[derive(Clone)]
pub struct ProductDesk {
    products: ProductStore,
    inventory_table: String,
    currency: Currency,
    audit: AuditLog,
}

impl FromEnv for ProductDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: ProductStore::from_env(env)?,
            inventory_table: env.variable("INVENTORY_TABLE")?,
            currency: env.currency()?,
            audit: AuditLog::from_env(env)?,
        })
    }
}

impl ProductDesk {
    /// Makes a product and its stock row, both or neither.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a price in another currency than the shop's.
    pub async fn create(&self, by: &Admin, new: NewProduct) -> Result<StaffProduct, Problem> {
        let id = ProductId::generate()?;
        let thing = id.to_string();
        let record = Record::by(by, Action::ProductCreated, &thing, Vec::new());
        self.put(id, new, Vec::new(), &[record]).await
    }

    /// Makes a product under a given id and with pictures. The demo shop is
    /// filled this way; no function is.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn insert(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
    ) -> Result<StaffProduct, Problem> {
        self.put(id, new, images, &[]).await
    }

    async fn put(
        &self,
        id: ProductId,
        new: NewProduct,
        images: Vec<Image>,
        records: &[Record<'_>],
    ) -> Result<StaffProduct, Problem> {
        if new.price.currency() != self.currency {
            let detail = format!(
                "must be {}, the currency of this shop",
                self.currency.as_str()
            );
            let field = InvalidField::new("/price/currency", detail);
            return Err(Problem::Invalid(vec![field]));
        }
        let stock = new.stock;
        let product = Product {
            id,
            name: new.name,
            description: new.description,
            price: new.price,
            category: new.category,
            status: new.status,
            availability: Availability::of(stock),
            images,
            version: 1,
            created_at: Timestamp::now(),
        };
        let put_product = Put::builder()
            .table_name(&self.products.table)
            .set_item(Some(write(&product)))
            .condition_expression("attribute_not_exists(productId)")
            .build()
            .map_err(Problem::internal)?;
        let put_stock = Put::builder()
            .table_name(&self.inventory_table)
            .set_item(Some(stock_row(&product.id, stock)))
            .condition_expression("attribute_not_exists(productId)")
            .build()
            .map_err(Problem::internal)?;
        let actions = vec![
            TransactWriteItem::builder().put(put_product).build(),
            TransactWriteItem::builder().put(put_stock).build(),
        ];
        match self.audit.write(actions, records).await? {
            Written::Done => Ok(product.for_staff(stock)),
            Written::Refused(_) => Err(Problem::internal("a new id is some product's")),
        }
    }
}

/// The keys of one table for a batch read.
pub(crate) fn keys_of(
    keys: impl Iterator<Item = Attributes>,
    consistent: bool,
) -> Result<Option<KeysAndAttributes>, Problem> {
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(consistent)
        .build()
        .map_err(Problem::internal)?;
    Ok(Some(keys))
}

/// Reads rows of several tables at once: each item with its table's name.
/// What DynamoDB leaves unprocessed is asked for again.
pub(crate) async fn batch_get(
    client: &Client,
    tables: &[(&str, KeysAndAttributes)],
) -> Result<Vec<(String, Attributes)>, Problem> {
    /// Each attempt is one that the SDK has already retried.
    const ATTEMPTS: u32 = 4;
    let mut wanted: std::collections::HashMap<String, KeysAndAttributes> = tables
        .iter()
        .map(|(table, keys)| ((*table).to_owned(), keys.clone()))
        .collect();
    let mut found = Vec::new();
    for tried in 0..ATTEMPTS {
        if tried > 0 {
            tokio::time::sleep(pause(tried)?).await;
        }
        let batch = client
            .batch_get_item()
            .set_request_items(Some(wanted))
            .send()
            .await
            .map_err(failed)?;
        for (table, items) in batch.responses.unwrap_or_default() {
            found.extend(items.into_iter().map(|item| (table.clone(), item)));
        }
        wanted = batch.unprocessed_keys.unwrap_or_default();
        if wanted.is_empty() {
            return Ok(found);
        }
    }
    Err(Problem::unavailable("DynamoDB left keys unprocessed"))
}

/// A product as an item. The attributes that the listing indexes need are
/// there only while it is published, which keeps drafts out of every list.
fn write(product: &Product) -> Attributes {
    let item = Item::new()
        .text("productId", product.id.as_str())
        .text("name", &product.name)
        .text("description", &product.description)
        .number("price", product.price.amount())
        .text("currency", product.price.currency())
        .text("category", product.category.as_str())
        .text("status", product.status.as_str())
        .text("availability", product.availability.as_str())
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
    .into_attributes()
}

fn write_image(image: &Image) -> Item {
    Item::new()
        .text("imageId", image.id.as_str())
        .text("key", &image.key)
        .number("width", image.width)
        .number("height", image.height)
}

/// A product from an item.
pub(crate) fn read(item: &Attributes) -> Result<Product, Corrupt> {
    let row = Row(item);
    let images = row.list("images")?.into_iter().map(read_image);
    let currency = row.parsed("currency", Currency::parse)?;
    Ok(Product {
        id: row.id("productId")?,
        name: row.text("name")?.to_owned(),
        description: row.text("description")?.to_owned(),
        price: crate::money::Money::new(row.number("price")?, currency),
        category: row.parsed("category", CategorySlug::parse)?,
        status: row.parsed("status", ProductStatus::parse)?,
        availability: row.parsed("availability", Availability::parse)?,
        images: images.collect::<Result<_, _>>()?,
        version: row.number("version")?,
        created_at: row.time("createdAt")?,
    })
}

fn read_image(row: Row<'_>) -> Result<Image, Corrupt> {
    Ok(Image {
        id: row.id::<ImageId>("imageId")?,
        key: row.text("key")?.to_owned(),
        width: row.number("width")?,
        height: row.number("height")?,
    })
}
