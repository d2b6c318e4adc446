//! `POST /api/admin/products`: makes a product with its stock.

use shared::catalogue::{CreateProduct, NewProduct, StaffProduct};
use shared::http::{IdempotencyKey, Idempotent, Json, Problem, StartError};
use shared::identity::Admin;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_create_product)
}

/// Writes product and stock in one transaction, once for each key.
async fn admin_create_product(
    admin: Admin,
    key: Option<IdempotencyKey>,
    Json(product): Json<NewProduct>,
    products: CreateProduct,
) -> Result<Idempotent<StaffProduct>, Problem> {
    products.create(&admin, key, product).await
}
