//! `GET /api/admin/orders`: everybody's orders, by status.

use shared::http::{PageRequest, Private, Problem, Query, StartError};
use shared::identity::Staff;
use shared::orders::{OrderFilter, StaffOrderPage, StaffOrders};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_list_orders)
}

/// Lists orders of all customers, or those of a status, the newest first.
async fn admin_list_orders(
    staff: Staff,
    Query(filter): Query<OrderFilter>,
    page: PageRequest,
    orders: StaffOrders,
) -> Result<Private<StaffOrderPage>, Problem> {
    let page = orders.list(&staff, filter, &page).await?;
    Ok(Private(page))
}
