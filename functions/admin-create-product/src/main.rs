//! `POST /api/admin/products`: makes a product with its stock.

use shared::{
    Admin, Created, Json, NewProduct, Problem, ProductDesk, StaffProduct, StartError, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_create_product)
}

/// Both come to be, or neither.
async fn admin_create_product(
    admin: Admin,
    Json(product): Json<NewProduct>,
    products: ProductDesk,
) -> Result<Created<StaffProduct>, Problem> {
    let product = products.create(&admin, product).await?;
    Ok(Created(product))
}
