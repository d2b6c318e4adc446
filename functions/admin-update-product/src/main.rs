//! The program of `admin-update-product`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_update_product::admin_update_product)
}
