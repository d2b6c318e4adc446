//! What the shop sells: products, their categories and stock, and how they are listed,
//! shown, made, changed and deleted.

mod answer_cache;
mod category;
mod category_table;
mod complete;
mod create;
mod currency;
mod delete;
mod delete_category;
mod get;
mod get_for_staff;
mod image;
mod image_table;
mod labels;
mod list;
mod list_categories;
mod list_for_staff;
mod movements_table;
mod offer;
mod product;
mod purge;
mod save_category;
mod set_stock;
mod sku;
mod stock_table;
mod table;
mod update;

pub use category::{CategoryContent, CategoryList, CategorySlug, StaffCategory};
pub use complete::CompleteCatalogue;
pub use create::CreateProduct;
pub(crate) use currency::currency;
pub use delete::DeleteProduct;
pub use delete_category::DeleteCategory;
pub use get::PublishedProducts;
pub use get_for_staff::StaffProducts;
pub use image::Image;
pub(crate) use image::{ImageFile, ImageView, StaffImageUrls};
pub(crate) use image_table::ProductImages;
pub use list::Catalogue;
pub use list_categories::PublicCategories;
pub use list_for_staff::StaffCatalogue;
pub(crate) use offer::{Offer, Offers};
pub(crate) use product::{Availability, Product};
pub use product::{
    NewProduct, ProductChange, ProductDetail, ProductFilter, ProductPage, ProductStatus,
    StaffFilter, StaffProduct, StaffProductPage,
};
pub use purge::PurgeProducts;
pub use save_category::SaveCategory;
pub use set_stock::{SetStock, StockChange, StockLevel};
#[cfg(test)]
pub(crate) use stock_table::Inventory;
pub(crate) use table::{Products, Stored};
pub use update::UpdateProduct;
