//! `POST /api/admin/customers/search`: a customer, by their address or an order's
//! id.

use shared::customers::{CustomerRecord, CustomerSearch, SearchCustomers};
use shared::http::{Json, Private, Problem, StartError};
use shared::identity::Staff;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_search_customers)
}

/// Answers a customer with their newest orders. Each look leaves a record with its
/// reason before anything is answered. What is personal stands in bodies, never in
/// an address.
async fn admin_search_customers(
    staff: Staff,
    Json(search): Json<CustomerSearch>,
    customers: SearchCustomers,
) -> Result<Private<CustomerRecord>, Problem> {
    let record = customers.search(&staff, &search).await?;
    Ok(Private(record))
}
