//! `PUT /api/admin/password`: changes the password of the member of the staff who
//! asks.

use shared::accounts::{ChangePassword, PasswordChange};
use shared::http::{Deadline, Json, NoContent, Problem, StartError};
use shared::identity::{Staff, StaffRealm};
use shared::limits::Address;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_change_password)
}

/// Takes the old password and the new one. Ends all other sessions of the
/// caller, and keeps this one.
async fn admin_change_password(
    caller: Staff,
    Json(wanted): Json<PasswordChange<StaffRealm>>,
    address: Address,
    deadline: Deadline,
    passwords: ChangePassword<StaffRealm>,
) -> Result<NoContent, Problem> {
    passwords
        .change(&caller, wanted, &address, deadline)
        .await?;
    Ok(NoContent)
}
