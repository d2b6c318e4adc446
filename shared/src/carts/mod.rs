//! A customer's cart: shown at today's prices, filled line by line, emptied by
//! checkout.

mod cart;
mod priced;
mod table;

pub(crate) use cart::MAX_LINES;
pub use cart::{Cart, CartLine, Quantity, SetQuantity};
pub use priced::PricedCarts;
pub use table::{Carts, CustomerCart};
