//! The staff's list of all products.

use super::category::CategorySlug;
use super::image::StaffImageUrls;
use super::product::{ProductStatus, StaffFilter, StaffProductCard, StaffProductPage};
use super::stock_table::Inventory;
use super::table::{self, ListedImage, Listing, Products};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Corrupt, ItemReader, PageQuery};
use crate::http::{PageRequest, Problem};
use crate::identity::{Cursors, Staff, StaffRealm};
use crate::values::{Currency, Money};

/// How many queries one page may take: a filter is applied after reading, so that a rare
/// product is found over several.
const MAX_QUERIES: u32 = 10;

/// All products, drafts too, in pages.
#[derive(Clone)]
pub struct StaffCatalogue {
    products: Products,
    inventory: Inventory,
    urls: StaffImageUrls,
    cursors: Cursors<StaffRealm>,
}

impl FromEnv for StaffCatalogue {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            inventory: Inventory::from_env(env)?,
            urls: StaffImageUrls::from_env(env)?,
            cursors: Cursors::from_env(env)?,
        })
    }
}

impl StaffCatalogue {
    /// Returns one page, the newest first, with how many pieces there now are. Which are low in
    /// stock, the label says that lists show.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(
        &self,
        _by: &Staff,
        filter: &StaffFilter,
        page: &PageRequest,
    ) -> Result<StaffProductPage, Problem> {
        let Listing { name, query, key } = self.products.staff_listing(filter);
        let after = self.cursors.open(&name, page.cursor.as_deref()).await?;
        let mut products = PageQuery::new(page.limit, &key, MAX_QUERIES);
        let stopped = products.read(&query, after, |item| self.card(item)).await?;
        let (mut items, last) = products.into_page(stopped);
        let stock = self
            .inventory
            .get_all(items.iter().map(|it| &it.product_id));
        for (id, stock) in stock.await? {
            let of_product = items.iter_mut().filter(|it| it.product_id == id);
            of_product.for_each(|it| it.available = stock.available);
        }
        Ok(StaffProductPage {
            items,
            next_cursor: self.cursors.seal(&name, last.as_ref()).await?,
        })
    }

    /// Reads a card, but for its stock.
    fn card(&self, item: ItemReader<'_>) -> Result<StaffProductCard, Corrupt> {
        let currency = item.parsed("currency", Currency::parse)?;
        let key = match table::read_listed_image(item)? {
            ListedImage::None => None,
            ListedImage::Key(key) => Some(key),
            ListedImage::Image(image) => Some(image.listed_key().to_owned()),
        };
        let status: ProductStatus = item.word("status")?;
        let is_public = status == ProductStatus::Published;
        Ok(StaffProductCard {
            product_id: item.id("productId")?,
            name: item.text("name")?.to_owned(),
            price: Money::new(item.number("price")?, currency),
            category: item.parsed("category", CategorySlug::parse)?,
            status,
            sku: table::read_sku(item)?,
            image_url: key.map(|key| self.urls.of_key(&key, is_public)),
            available: 0,
            version: item.number("version")?,
            created_at: item.time("createdAt")?,
        })
    }
}
