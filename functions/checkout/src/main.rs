//! The program of `checkout`.

use shared::http::StartError;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(checkout::checkout)
}
