//! What the shop sells: the product as it is kept, and as each kind of caller
//! may see it.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::http::{PublicBody, sealed};
use crate::input::{
    Field, Fields, FromJson, FromQuery, Parameters, Price, Reason, line, paragraphs, word,
};
use crate::values::{ImageId, Money, ProductId, Timestamp};

/// From how many pieces down the shop calls a product low in stock.
pub(crate) const LOW_STOCK: u32 = 5;
/// The most pieces of one product that the shop keeps account of.
const MAX_STOCK: i64 = 1_000_000;

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

/// The slug of a category, such as `coffee-mugs`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CategorySlug(String);

impl CategorySlug {
    /// Reads lower-case words of letters and digits joined by hyphens, at
    /// most 64 characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (text.len() <= 64 && text.split('-').all(word)).then(|| Self(text.to_owned()))
    }

    /// Returns the slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::parse(field.text()?).ok_or_else(|| {
            "must be lower-case words of letters and digits joined by hyphens, at most 64 \
             characters"
                .into()
        })
    }
}

/// A picture of a product, by its key in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its key under the public prefix.
    pub key: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A product as it is kept.
#[derive(Clone, Debug)]
pub struct Product {
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
    /// Counts the changes; a checkout is refused if it changed in between.
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
}

impl FromJson for NewProduct {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", |v| line(v, 3..=200));
        let description = fields.optional("description", |v| paragraphs(v, 0..=10_000));
        let price = fields.object::<Price>("price");
        let category = fields.required("category", CategorySlug::read);
        let status = fields.required("status", word);
        let stock = fields.optional("stock", |v| v.integer(0..=MAX_STOCK));
        Some(Self {
            name: name?,
            description: description?.unwrap_or_default(),
            price: price?.0,
            category: category?,
            status: status?,
            stock: u32::try_from(stock?.unwrap_or(0)).ok()?,
        })
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

/// A product in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductCard {
    pub(crate) product_id: ProductId,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) category: CategorySlug,
    pub(crate) image_url: Option<String>,
    pub(crate) availability: Availability,
}

/// One page of the catalogue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductPage {
    pub(crate) items: Vec<ProductCard>,
    pub(crate) next_cursor: Option<String>,
}

/// A picture as the public sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageView {
    image_id: ImageId,
    url: String,
    width: u32,
    height: u32,
    variants: Vec<ImageVariant>,
}

/// A picture in another size.
#[derive(Debug, Serialize)]
pub(crate) struct ImageVariant {
    url: String,
    width: u32,
    height: u32,
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
    available: u32,
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

    /// Returns the public view, with today's stock. `images_url` is what the keys of
    /// pictures are relative to.
    #[must_use]
    pub fn detail(self, available: u32, images_url: &str) -> ProductDetail {
        let images: Vec<ImageView> = self
            .images
            .into_iter()
            .map(|image| ImageView {
                image_id: image.id,
                url: format!("{images_url}/{}", image.key),
                width: image.width,
                height: image.height,
                variants: Vec::new(),
            })
            .collect();
        ProductDetail {
            card: ProductCard {
                product_id: self.id,
                name: self.name,
                price: self.price,
                category: self.category,
                image_url: images.first().map(|image| image.url.clone()),
                availability: Availability::of(available),
            },
            description: self.description,
            images,
            created_at: self.created_at,
        }
    }

    /// Returns the view of the shop's staff.
    #[must_use]
    pub fn for_staff(self, available: u32) -> StaffProduct {
        StaffProduct {
            product_id: self.id,
            name: self.name,
            description: self.description,
            price: self.price,
            category: self.category,
            status: self.status,
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
    fn a_slug_is_lower_case_words_joined_by_hyphens() {
        assert!(CategorySlug::parse("coffee-mugs-2").is_some());
        for text in ["", "-", "a--b", "A", "a b", "a#b", "-a", "\u{e4}"] {
            assert!(CategorySlug::parse(text).is_none(), "{text}");
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
