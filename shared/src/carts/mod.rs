//! A customer's cart: shown at today's prices, filled line by line, emptied by
//! checkout.

mod cart;
mod priced;
mod table;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use cart::Quantity;
pub use cart::{Cart, SetQuantity};
pub(crate) use cart::{CartLine, MAX_LINES};
pub use priced::PricedCarts;
pub use table::Carts;
