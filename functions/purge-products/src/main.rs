//! Called every hour: removes products that were deleted more than a day ago. Their pictures go
//! with them, by `sync-images`.

use shared::catalogue::PurgeProducts;
use shared::http::{Problem, Schedule, StartError, serve_events};

fn main() -> Result<(), StartError> {
    serve_events(purge_products)
}

/// Removes what was deleted a day ago; the next hour does what there is no time for.
async fn purge_products(_: Schedule, products: PurgeProducts) -> Result<(), Problem> {
    products.purge().await
}
