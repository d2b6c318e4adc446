//! The program of `admin-delete-product`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_delete_product::admin_delete_product)
}
