//! The program of `admin-update-order`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_update_order::admin_update_order)
}
