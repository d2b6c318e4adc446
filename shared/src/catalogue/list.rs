//! Lists of published products.

use super::product::{CategorySlug, ProductCard, ProductFilter, ProductPage, ProductSort};
use super::table::LISTED;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Attributes, Corrupt, ItemReader, PageQuery, Table, text};
use crate::http::{PageRequest, Problem};
use crate::identity::Cursors;
use crate::values::{Currency, Money};

/// The published products, in pages.
#[derive(Clone)]
pub struct Catalogue {
    products: Table,
    images_url: String,
    cursors: Cursors,
}

impl FromEnv for Catalogue {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Table::from_env(env, "PRODUCTS_TABLE")?,
            images_url: env.variable("IMAGES_URL")?,
            cursors: Cursors::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.cursors.warm().await;
    }
}

impl Catalogue {
    /// Returns one page, by one query of the index that is in the order asked
    /// for: its cost grows with the page and never with the catalogue.
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
        let query = self
            .products
            .query()
            .index_name(format!("{scope}-{by}"))
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":partition", text(partition))
            .scan_index_forward(upwards);
        let mut products = PageQuery::new(page.limit, 1);
        let stopped = products.read(&query, after).await?;
        let key = ["productId", attribute, sort_key];
        let (items, last) = products.into_page(stopped, &key);
        let items = items.iter().map(|item| self.card(item));
        Ok(ProductPage {
            items: items.collect::<Result<_, _>>()?,
            next_cursor: self.cursors.seal(&list, last.as_ref()).await?,
        })
    }

    fn card(&self, item: &Attributes) -> Result<ProductCard, Corrupt> {
        let item = ItemReader(item);
        let currency = item.parsed("currency", Currency::parse)?;
        let image = item.optional_text("image")?;
        Ok(ProductCard {
            product_id: item.id("productId")?,
            name: item.text("name")?.to_owned(),
            price: Money::new(item.number("price")?, currency),
            category: item.parsed("category", CategorySlug::parse)?,
            image_url: image.map(|key| format!("{}/{key}", self.images_url)),
            availability: item.word("availability")?,
        })
    }
}
