//! Answers routes that don't exist. A function rather than the gateway's own
//! 404, which carries no `Cache-Control` and which a cache may keep.

use shared::http::{NoContent, Problem, StartError};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(not_found)
}

/// Answers 404, whoever asks.
async fn not_found((): ()) -> Result<NoContent, Problem> {
    Err(Problem::NotFound)
}
