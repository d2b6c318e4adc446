//! Orders: placed from a cart, shown and listed to their customers.

mod cart_snapshot;
mod customer_orders;
mod order;
mod place;
mod table;

pub use crate::values::OrderId;
pub use customer_orders::CustomerOrders;
pub use order::{
    Order, OrderDraft, OrderFilter, OrderLine, OrderPage, OrderStatus, Payment, PaymentMethod,
    PaymentStatus, ShippingAddress, StatusChange,
};
pub use place::PlaceOrder;
