//! What the shop sells: the product as it is kept, and as each kind of caller
//! may see it.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::category::CategorySlug;
use super::image::{Image, ImageUrls, ImageView, StaffImageUrls};
use super::sku::Sku;
use crate::http::{PublicBody, sealed};
use crate::input::{Fields, FromJson, FromQuery, Parameters, Price, line, paragraphs, word};
use crate::values::{Money, ProductId, Timestamp};

/// From how many pieces down the shop calls a product low in stock.
pub(crate) const LOW_STOCK: u32 = 5;
/// The most pieces of one product that the shop keeps account of.
pub(crate) const MAX_STOCK: u32 = 1_000_000;

/// How much of a product there is, as far as the public may know: never a
/// number, which would tell a competitor what the shop sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[expect(clippy::enum_variant_names, reason = "the words that clients read")]
pub enum Availability {
    /// More than a few.
    InStock,
    /// A few: five or fewer.
    LowStock,
    /// None.
    OutOfStock,
}

impl Availability {
    /// Returns the label of so many pieces.
    #[must_use]
    pub const fn of(available: u32) -> Self {
        match available {
            0 => Self::OutOfStock,
            1..=LOW_STOCK => Self::LowStock,
            _ => Self::InStock,
        }
    }
}

/// Whether customers see a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ProductStatus {
    /// Only staff see it.
    Draft,
    /// Everybody sees it and may buy it.
    Published,
}

/// A product as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name, 3 to 200 characters.
    pub name: String,
    /// Its description, possibly empty.
    pub description: String,
    /// Today's price of one piece.
    pub price: Money,
    /// Where it is listed.
    pub category: CategorySlug,
    /// Whether customers see it.
    pub status: ProductStatus,
    /// The label that lists show. The stock row is what counts.
    pub availability: Availability,
    /// Its pictures, the main one first.
    pub images: Vec<Image>,
    /// The code by which the shop's people know it.
    pub sku: Option<Sku>,
    /// Whether its category counts it. Products from before there were categories may be
    /// counted by none.
    pub counted: bool,
    /// Counts the changes; a checkout is refused if it changed in between. Pictures don't
    /// count.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an admin sends to make a product.
#[derive(Debug)]
pub struct NewProduct {
    /// Its name, 3 to 200 characters.
    pub name: String,
    /// Its description, possibly empty.
    pub description: String,
    /// The price of one piece.
    pub price: Money,
    /// Where it is listed.
    pub category: CategorySlug,
    /// Whether customers see it at once.
    pub status: ProductStatus,
    /// How many pieces there are.
    pub stock: u32,
    /// The code by which the shop's people are to know it.
    pub sku: Option<Sku>,
}

impl FromJson for NewProduct {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", |v| line(v, 3..=200));
        let description = fields.optional("description", |v| paragraphs(v, 0..=10_000));
        let price = fields.object::<Price>("price");
        let category = fields.required("category", CategorySlug::read);
        let status = fields.required("status", word);
        let stock = fields.optional("stock", |v| v.integer(0..=MAX_STOCK.into()));
        let sku = fields.optional("sku", Sku::read);
        Some(Self {
            name: name?,
            description: description?.unwrap_or_default(),
            price: price?.0,
            category: category?,
            status: status?,
            stock: u32::try_from(stock?.unwrap_or(0)).ok()?,
            sku: sku?,
        })
    }
}

/// What an admin changes of a product.
#[derive(Debug, Default)]
pub struct ProductChange {
    /// Its name, 3 to 200 characters.
    pub name: Option<String>,
    /// Its description, possibly empty.
    pub description: Option<String>,
    /// The price of one piece.
    pub price: Option<Money>,
    /// Where it is to be listed.
    pub category: Option<CategorySlug>,
    /// Whether customers are to see it.
    pub status: Option<ProductStatus>,
    /// Its code; `Some(None)` takes that away.
    pub sku: Option<Option<Sku>>,
    /// Which version the caller has read, if they say so.
    pub version: Option<u64>,
}

impl FromJson for ProductChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name", |v| line(v, 3..=200));
        let description = fields.optional("description", |v| paragraphs(v, 0..=10_000));
        let price = fields.optional_object::<Price>("price");
        let category = fields.optional("category", CategorySlug::read);
        let status = fields.optional("status", word);
        let sku = fields.optional("sku", |v| match v.text()? {
            "" => Ok(None),
            _ => Sku::read(v).map(Some),
        });
        let version = fields.optional("version", |v| {
            v.integer(1..=i64::MAX).map(i64::unsigned_abs)
        });
        let change = Self {
            name: name?,
            description: description?,
            price: price?.map(|price| price.0),
            category: category?,
            status: status?,
            sku: sku?,
            version: version?,
        };
        if change.is_empty() {
            let reason = "is required, unless another field of the product is given";
            fields.refuse("name", reason.into());
            return None;
        }
        Some(change)
    }
}

impl ProductChange {
    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.description.is_none()
            && self.price.is_none()
            && self.category.is_none()
            && self.status.is_none()
            && self.sku.is_none()
    }

    /// Returns a product as it is to be.
    pub(crate) fn apply(&self, product: &Product) -> Product {
        let mut changed = product.clone();
        if let Some(name) = &self.name {
            changed.name.clone_from(name);
        }
        if let Some(description) = &self.description {
            changed.description.clone_from(description);
        }
        if let Some(price) = self.price {
            changed.price = price;
        }
        if let Some(category) = &self.category {
            changed.category.clone_from(category);
        }
        if let Some(status) = self.status {
            changed.status = status;
        }
        if let Some(sku) = &self.sku {
            changed.sku.clone_from(sku);
        }
        changed
    }
}

/// How a listing is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProductSort {
    /// The newest first.
    #[default]
    Newest,
    /// The cheapest first.
    PriceUp,
    /// The dearest first.
    PriceDown,
    /// By name.
    Name,
}

/// Which products to list, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProductFilter {
    /// One category, or all.
    pub category: Option<CategorySlug>,
    /// The order.
    pub sort: ProductSort,
}

impl FromQuery for ProductFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let category = parameters.optional("category", CategorySlug::parse, "a category's slug");
        let sort = parameters.optional(
            "sort",
            |word| match word {
                "newest" => Some(ProductSort::Newest),
                "price" => Some(ProductSort::PriceUp),
                "-price" => Some(ProductSort::PriceDown),
                "name" => Some(ProductSort::Name),
                _ => None,
            },
            "newest, price, -price or name",
        );
        Some(Self {
            category: category?,
            sort: sort?.unwrap_or_default(),
        })
    }
}

/// Which products the staff list.
#[derive(Clone, Debug, Default)]
pub struct StaffFilter {
    /// Drafts or published ones, or both.
    pub status: Option<ProductStatus>,
    /// One category, or all.
    pub category: Option<CategorySlug>,
    /// Those that are low in stock or out of it, or those that are not, or all.
    pub low_stock: Option<bool>,
}

impl FromQuery for StaffFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let status = parameters.optional("status", |it| it.parse().ok(), "draft or published");
        let category = parameters.optional("category", CategorySlug::parse, "a category's slug");
        let low_stock = parameters.optional("lowStock", |it| it.parse().ok(), "true or false");
        Some(Self {
            status: status?,
            category: category?,
            low_stock: low_stock?,
        })
    }
}

/// A product in the staff's list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StaffProductCard {
    pub(crate) product_id: ProductId,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) category: CategorySlug,
    pub(crate) status: ProductStatus,
    pub(crate) sku: Option<Sku>,
    pub(crate) image_url: Option<String>,
    pub(crate) available: u32,
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
}

/// One page of all products.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffProductPage {
    pub(crate) items: Vec<StaffProductCard>,
    pub(crate) next_cursor: Option<String>,
}

/// A product in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductCard {
    pub(crate) product_id: ProductId,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) category: CategorySlug,
    pub(crate) image_url: Option<String>,
    pub(crate) image: Option<ImageView>,
    pub(crate) availability: Availability,
}

/// One page of the catalogue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductPage {
    pub(crate) items: Vec<ProductCard>,
    pub(crate) next_cursor: Option<String>,
}

/// A product with all that the public may know.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductDetail {
    #[serde(flatten)]
    card: ProductCard,
    description: String,
    images: Vec<ImageView>,
    created_at: Timestamp,
}

/// A product as the shop's staff sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffProduct {
    product_id: ProductId,
    name: String,
    description: String,
    price: Money,
    category: CategorySlug,
    status: ProductStatus,
    sku: Option<Sku>,
    available: u32,
    images: Vec<ImageView>,
    version: u64,
    created_at: Timestamp,
}

impl sealed::Sealed for ProductPage {}
impl PublicBody for ProductPage {}
impl sealed::Sealed for ProductDetail {}
impl PublicBody for ProductDetail {}

impl Product {
    /// Returns the product of that id, if customers may buy it.
    pub(crate) fn on_sale<'a>(products: &'a [Self], id: &ProductId) -> Option<&'a Self> {
        products
            .iter()
            .find(|product| product.id == *id && product.status == ProductStatus::Published)
    }

    /// Returns the public view, with today's stock.
    pub(crate) fn detail(self, available: u32, urls: &ImageUrls) -> ProductDetail {
        let images: Vec<ImageView> = self.images.iter().map(|it| urls.view(it)).collect();
        let main = self.images.first();
        ProductDetail {
            card: ProductCard {
                product_id: self.id,
                name: self.name,
                price: self.price,
                category: self.category,
                image_url: main.map(|it| urls.of_key(it.listed_key())),
                image: images.first().cloned(),
                availability: Availability::of(available),
            },
            description: self.description,
            images,
            created_at: self.created_at,
        }
    }

    /// Returns the view of the shop's staff.
    pub(crate) fn for_staff(self, available: u32, urls: &StaffImageUrls) -> StaffProduct {
        let is_public = self.status == ProductStatus::Published;
        let images = self.images.iter().map(|it| urls.view(it, is_public));
        let images = images.collect();
        self.staff_view(available, images)
    }

    /// Returns the view of the shop's staff of a product that was just made, which has no
    /// pictures yet.
    pub(crate) fn without_pictures(self, available: u32) -> StaffProduct {
        self.staff_view(available, Vec::new())
    }

    fn staff_view(self, available: u32, images: Vec<ImageView>) -> StaffProduct {
        StaffProduct {
            images,
            product_id: self.id,
            name: self.name,
            description: self.description,
            price: self.price,
            category: self.category,
            status: self.status,
            sku: self.sku,
            available,
            version: self.version,
            created_at: self.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{InputError, parse_json};

    fn product(name: &str, price: &str) -> Result<NewProduct, InputError> {
        let body = serde_json::json!({
            "name": name, "price": {"amount": 0, "currency": "EUR"},
            "category": "mugs", "status": "draft",
        });
        parse_json(
            body.to_string()
                .replace(":0,", &format!(":{price},"))
                .as_bytes(),
        )
    }

    #[test]
    fn a_name_is_3_to_200_characters_after_trimming() {
        assert!(product("  ab ", "1").is_err());
        assert_eq!(product(" abc ", "1").unwrap().name, "abc");
        assert!(product(&"\u{1f600}".repeat(200), "1").is_ok());
        assert!(product(&"x".repeat(201), "1").is_err());
        assert!(product("a\u{7}bc", "1").is_err());
    }

    #[test]
    fn markup_in_a_name_is_kept_as_it_is() {
        assert_eq!(product("O'Neil & <b>", "1").unwrap().name, "O'Neil & <b>");
    }

    #[test]
    fn a_price_is_an_integer_up_to_a_thousand_million() {
        assert!(product("abc", "0").is_ok());
        assert!(product("abc", "1000000000").is_ok());
        for price in ["1000000001", "-1", "1.5", "1e2", "9007199254740993"] {
            assert!(product("abc", price).is_err(), "{price}");
        }
    }

    #[test]
    fn the_label_tells_no_number() {
        assert_eq!(Availability::of(0), Availability::OutOfStock);
        assert_eq!(Availability::of(1), Availability::LowStock);
        assert_eq!(Availability::of(LOW_STOCK), Availability::LowStock);
        assert_eq!(Availability::of(LOW_STOCK + 1), Availability::InStock);
    }
}
