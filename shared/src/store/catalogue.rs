//! The table `products` as the public sees it: published products, page by
//! page from an index, or one by its id.

use aws_sdk_dynamodb::Client;

use crate::cursor::Cursors;
use crate::env::{Env, FromEnv, StartError};
use crate::extract::PageRequest;
use crate::ids::ProductId;
use crate::money::{Currency, Money};
use crate::problem::Problem;
use crate::product::{
    Availability, CategorySlug, ProductCard, ProductDetail, ProductFilter, ProductPage,
    ProductSort, ProductStatus,
};
use crate::store::inventory::InventoryStore;
use crate::store::item::{Attributes, Row, text};
use crate::store::products::{LISTED, ProductStore};
use crate::store::{Corrupt, failed};
use crate::text::Word;

/// The published products, in pages.
#[derive(Clone)]
pub struct CatalogueStore {
    client: Client,
    table: String,
    images_url: String,
    cursors: Cursors,
}

impl FromEnv for CatalogueStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("PRODUCTS_TABLE")?,
            images_url: env.variable("IMAGES_URL")?,
            cursors: Cursors::new(env.key_ring()?),
        })
    }

    async fn warm(&self) {
        self.cursors.warm().await;
    }
}

impl CatalogueStore {
    /// One page: one query of the index that is in the order asked for, so
    /// that its cost grows with the page and never with the catalogue.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        filter: &ProductFilter,
        page: &PageRequest,
    ) -> Result<ProductPage, Problem> {
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
        let list = format!("products {scope} {partition} {by} {upwards}");
        let after = self.cursors.open(&list, page.cursor.as_deref()).await?;
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(format!("{scope}-{by}"))
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":partition", text(partition))
            .scan_index_forward(upwards)
            // One more than the page holds tells whether there is a next one.
            .limit(i32::from(page.limit) + 1)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(failed)?;
        let limit = usize::from(page.limit);
        let shown = found.items().iter().take(limit);
        let items = shown.map(|item| self.card(item));
        let items = items.collect::<Result<_, _>>()?;
        let last = found.items().get(limit).and(found.items().get(limit - 1));
        let next_cursor = match last {
            Some(last) => {
                let position = position(last, &["productId", attribute, sort_key]);
                Some(self.cursors.seal(&list, &position).await?)
            }
            None => None,
        };
        Ok(ProductPage { items, next_cursor })
    }

    fn card(&self, item: &Attributes) -> Result<ProductCard, Corrupt> {
        let row = Row(item);
        let currency = row.parsed("currency", Currency::parse)?;
        let image = row.optional_text("image")?;
        Ok(ProductCard {
            product_id: row.id("productId")?,
            name: row.text("name")?.to_owned(),
            price: Money::new(row.number("price")?, currency),
            category: row.parsed("category", CategorySlug::parse)?,
            image_url: image.map(|key| format!("{}/{key}", self.images_url)),
            availability: row.parsed("availability", Availability::parse)?,
        })
    }
}

/// The key of an index at which an item stands: its own key and the index's.
fn position(item: &Attributes, key: &[&str]) -> Attributes {
    let parts = key.iter().filter_map(|name| item.get_key_value(*name));
    parts
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// One published product at a time, with its stock.
#[derive(Clone)]
pub struct ShopWindow {
    products: ProductStore,
    inventory: InventoryStore,
    images_url: String,
}

impl FromEnv for ShopWindow {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: ProductStore::from_env(env)?,
            inventory: InventoryStore::from_env(env)?,
            images_url: env.variable("IMAGES_URL")?,
        })
    }

    async fn warm(&self) {
        // A product that nobody can have made: half a read unit.
        if let Ok(id) = ProductId::generate() {
            let _ = self.products.find(&id).await;
        }
    }
}

impl ShopWindow {
    /// The product, if customers may see it.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for one that is absent or a draft.
    pub async fn show(&self, id: &ProductId) -> Result<ProductDetail, Problem> {
        let (product, available) =
            tokio::try_join!(self.products.find(id), self.inventory.available(id))?;
        let product = product
            .filter(|product| product.status == ProductStatus::Published)
            .ok_or(Problem::NotFound)?;
        Ok(product.detail(available, &self.images_url))
    }
}
