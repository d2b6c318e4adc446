//! `POST /api/admin/products`: makes a product with its stock.

use shared::catalogue::{CreateProduct, NewProduct, StaffProduct};
use shared::http::{Created, Json, Problem, StartError};
use shared::identity::Admin;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_create_product)
}

/// Writes product and stock in one transaction.
async fn admin_create_product(
    admin: Admin,
    Json(product): Json<NewProduct>,
    products: CreateProduct,
) -> Result<Created<StaffProduct>, Problem> {
    let product = products.create(&admin, product).await?;
    Ok(Created(product))
}
