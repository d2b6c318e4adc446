//! The program of `admin-set-stock`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_set_stock::admin_set_stock)
}
