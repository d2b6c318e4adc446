//! `PUT /api/account/password`: changes the customer's password.

use shared::accounts::{ChangePassword, PasswordChange};
use shared::http::{Deadline, Json, NoContent, Problem, StartError};
use shared::identity::{Customer, CustomerRealm};
use shared::limits::Address;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(change_password)
}

/// Takes the old password and the new one. Ends all other sessions of the
/// customer, and keeps this one.
async fn change_password(
    customer: Customer,
    Json(wanted): Json<PasswordChange<CustomerRealm>>,
    address: Address,
    deadline: Deadline,
    passwords: ChangePassword<CustomerRealm>,
) -> Result<NoContent, Problem> {
    passwords
        .change(&customer, wanted, &address, deadline)
        .await?;
    Ok(NoContent)
}
