//! The program of `get-product`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(get_product::get_product)
}
