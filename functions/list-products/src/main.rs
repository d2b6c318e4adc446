//! The program of `list-products`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(list_products::list_products)
}
