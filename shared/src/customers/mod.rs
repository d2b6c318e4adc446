//! Customers as the staff serve them: looked up by their address or an order's id,
//! with a reason that is written down.

mod record;
mod search;

pub use record::CustomerRecord;
pub use search::{CustomerSearch, SearchCustomers};
