//! The program of `get-order`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(get_order::get_order)
}
