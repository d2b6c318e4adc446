//! The program of `get-orders`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(get_orders::get_orders)
}
