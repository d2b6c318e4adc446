//! Orders: placed from a cart, shown and listed to their customers and to the
//! staff, cancelled by customers, and moved along by the staff.

mod cancel;
mod cart_snapshot;
mod commit_change;
mod customer_orders;
mod fill_index;
mod order;
mod order_change;
#[cfg(test)]
mod ordered;
mod place;
mod staff_order;
mod staff_orders;
mod table;
mod transition;
mod update;

pub use cancel::CancelOrder;
pub use customer_orders::CustomerOrders;
pub use fill_index::FillStatusIndex;
pub use order::{Order, OrderDraft, OrderFilter, OrderPage};
#[cfg(test)]
pub(crate) use order::{PaymentMethod, ShippingAddress};
pub use place::PlaceOrder;
pub(crate) use staff_order::StaffOrderSummary;
pub use staff_order::{StaffOrder, StaffOrderPage};
pub use staff_orders::StaffOrders;
pub use update::{OrderUpdate, UpdateOrder};
