//! `DELETE /api/admin/products/{productId}/images/{imageId}`: takes a picture off its product.

use shared::http::{NoContent, Path, Problem, StartError};
use shared::identity::Admin;
use shared::pictures::DeletePicture;
use shared::serve;
use shared::values::{ImageId, ProductId};

fn main() -> Result<(), StartError> {
    serve(admin_delete_image)
}

/// Takes a picture off its product. Its files follow at once; caches may show it for an hour.
async fn admin_delete_image(
    admin: Admin,
    Path(product): Path<ProductId>,
    Path(image): Path<ImageId>,
    pictures: DeletePicture,
) -> Result<NoContent, Problem> {
    pictures.delete(&admin, &product, &image).await?;
    Ok(NoContent)
}
