//! The program of `get-cart`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(get_cart::get_cart)
}
