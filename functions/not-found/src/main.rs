//! Every route that there is none for. A function rather than the gateway's
//! own 404, which would carry no `Cache-Control` and which a cache may keep.

use shared::{NoContent, Problem, StartError, serve};

fn main() -> Result<(), StartError> {
    serve(not_found)
}

/// There is nothing here, whoever asks.
async fn not_found((): ()) -> Result<NoContent, Problem> {
    Err(Problem::NotFound)
}
