//! The program of `cancel-order`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(cancel_order::cancel_order)
}
