//! Orders: placed from a cart, shown and listed to their customers.

mod cart_snapshot;
mod customer_orders;
mod order;
mod place;
mod table;

pub use customer_orders::CustomerOrders;
pub use order::{Order, OrderDraft, OrderFilter, OrderPage};
#[cfg(test)]
pub(crate) use order::{PaymentMethod, ShippingAddress};
pub use place::PlaceOrder;
