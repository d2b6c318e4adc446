//! The program of `set-cart-item`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(set_cart_item::set_cart_item)
}
