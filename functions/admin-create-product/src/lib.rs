//! `POST /api/admin/products`: makes a product with its stock.

use shared::catalogue::{CreateProduct, NewProduct, StaffProduct};
use shared::http::{IdempotencyKey, Idempotent, Json, Problem};
use shared::identity::Admin;

/// Writes product and stock in one transaction, once for each key.
pub async fn admin_create_product(
    admin: Admin,
    key: Option<IdempotencyKey>,
    Json(product): Json<NewProduct>,
    products: CreateProduct,
) -> Result<Idempotent<StaffProduct>, Problem> {
    products.create(&admin, key, product).await
}
