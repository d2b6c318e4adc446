//! What the shop sells: products, their stock, and how they are listed, shown
//! and made.

mod answer_cache;
mod create;
mod currency;
mod get;
mod list;
mod offer;
mod product;
mod stock_table;
mod table;

pub use create::CreateProduct;
pub(crate) use currency::currency;
pub use get::PublishedProducts;
pub use list::Catalogue;
pub(crate) use offer::{Offer, Offers};
pub(crate) use product::{Availability, Product};
pub use product::{
    CategorySlug, Image, NewProduct, ProductDetail, ProductFilter, ProductPage, ProductStatus,
    StaffProduct,
};
#[cfg(test)]
pub(crate) use stock_table::Inventory;
pub(crate) use table::Products;
