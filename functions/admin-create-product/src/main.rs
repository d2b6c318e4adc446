//! The program of `admin-create-product`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_create_product::admin_create_product)
}
