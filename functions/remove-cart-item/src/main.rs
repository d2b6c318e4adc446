//! The program of `remove-cart-item`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(remove_cart_item::remove_cart_item)
}
