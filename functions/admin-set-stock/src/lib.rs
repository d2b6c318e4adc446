//! `PUT /api/admin/products/{productId}/stock`: says how many pieces of a product there
//! are, or how many more or fewer.

use shared::catalogue::{SetStock, StockChange, StockLevel};
use shared::http::{Deadline, IdempotencyKey, IdempotentChange, Json, Path, Problem};
use shared::identity::Staff;
use shared::values::ProductId;

/// Writes the stock with a movement that accounts for it. A request that is sent again
/// under its key changes nothing more.
pub async fn admin_set_stock(
    staff: Staff,
    Path(id): Path<ProductId>,
    key: Option<IdempotencyKey>,
    Json(change): Json<StockChange>,
    deadline: Deadline,
    stock: SetStock,
) -> Result<IdempotentChange<StockLevel>, Problem> {
    stock.set(&staff, key, &id, change, deadline).await
}
