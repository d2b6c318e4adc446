//! Lists of published products.

use super::answer_cache::AnswerCache;
use super::category::CategorySlug;
use super::image::ImageUrls;
use super::product::{ProductCard, ProductFilter, ProductPage};
use super::table::{self, ListedImage, Listing, Products};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Corrupt, ItemReader, PageQuery};
use crate::http::{PageRequest, Problem, Public};
use crate::identity::{Cursors, CustomerRealm};
use crate::values::{Currency, Money};

/// The published products, in pages.
#[derive(Clone)]
pub struct Catalogue {
    products: Products,
    urls: ImageUrls,
    cursors: Cursors<CustomerRealm>,
    pub(super) cache: AnswerCache<(ProductFilter, PageRequest), ProductPage>,
}

impl FromEnv for Catalogue {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            urls: ImageUrls::from_env(env)?,
            cursors: Cursors::from_env(env)?,
            cache: AnswerCache::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.cursors.warm().await;
    }
}

impl Catalogue {
    /// Returns one page, as it is or was a few seconds ago.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        filter: ProductFilter,
        page: PageRequest,
    ) -> Result<Public<ProductPage>, Problem> {
        let vacant = match self.cache.get((filter.clone(), page.clone())) {
            Ok(answer) => return Ok(answer),
            Err(vacant) => vacant,
        };
        let products = self.read(&filter, &page).await?;
        vacant.insert(&products)
    }

    /// Reads one page, by one query of the index that is in the order asked for:
    /// its cost grows with the page and never with the catalogue.
    async fn read(
        &self,
        filter: &ProductFilter,
        page: &PageRequest,
    ) -> Result<ProductPage, Problem> {
        let Listing { name, query, key } = self.products.listing(filter);
        let after = self.cursors.open(&name, page.cursor.as_deref()).await?;
        let mut products = PageQuery::new(page.limit, &key, 1);
        let stopped = products.read(&query, after, |item| self.card(item)).await?;
        let (items, last) = products.into_page(stopped);
        Ok(ProductPage {
            items,
            next_cursor: self.cursors.seal(&name, last.as_ref()).await?,
        })
    }

    fn card(&self, item: ItemReader<'_>) -> Result<ProductCard, Corrupt> {
        let currency = item.parsed("currency", Currency::parse)?;
        let (image_url, image) = match table::read_listed_image(item)? {
            ListedImage::None => (None, None),
            ListedImage::Key(key) => (Some(self.urls.of_key(&key)), None),
            ListedImage::Image(image) => {
                let url = self.urls.of_key(image.listed_key());
                (Some(url), Some(self.urls.view(&image)))
            }
        };
        Ok(ProductCard {
            product_id: item.id("productId")?,
            name: item.text("name")?.to_owned(),
            price: Money::new(item.number("price")?, currency),
            category: item.parsed("category", CategorySlug::parse)?,
            image_url,
            image,
            availability: item.word("availability")?,
        })
    }
}
