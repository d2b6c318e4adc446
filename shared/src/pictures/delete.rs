//! Taking a picture off its product.

use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::Products;
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Problem};
use crate::identity::Admin;
use crate::values::{ImageId, ProductId};

/// How often it is tried while others change the product's pictures.
const ATTEMPTS: u32 = 5;

/// Takes pictures off products.
#[derive(Clone)]
pub struct DeletePicture {
    products: Products,
    audit: AuditWriter,
}

impl FromEnv for DeletePicture {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl DeletePicture {
    /// Takes a picture off its product. `sync-images` deletes its files.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if the product, or that picture of it, is not there;
    /// [`Conflict::Stale`] while others go on changing its pictures.
    pub async fn delete(
        &self,
        by: &Admin,
        product: &ProductId,
        image: &ImageId,
    ) -> Result<(), Problem> {
        for _ in 0..ATTEMPTS {
            let found = self.products.images(product).await?;
            let found = found.filter(|it| !it.is_deleted).ok_or(Problem::NotFound)?;
            let others = found.images.iter().filter(|it| it.id != *image).cloned();
            let others: Vec<_> = others.collect();
            if others.len() == found.images.len() {
                return Err(Problem::NotFound);
            }
            let set = self.products.set_images(product, &found, &others);
            let parts = Transaction::new().with((), set);
            let changes = vec![Change::of("images")];
            let record = Record::by(by, Action::PictureDeleted, product.as_str(), changes);
            if let Outcome::Committed = self.audit.commit(parts, &[record]).await? {
                return Ok(());
            }
        }
        Err(Problem::Conflict(Conflict::Stale))
    }
}

#[cfg(test)]
mod tests {
    use cloud::{Calls, Fault};

    use super::*;
    use crate::catalogue::{Image, ImageFile};
    use crate::identity::{Role, admin_for_tests};
    use crate::pictures::table::Uploads;
    use crate::testing::{Tables, tables};

    fn image() -> Image {
        let id = ImageId::generate().unwrap();
        let file = |width| ImageFile {
            key: format!("{id}/{width}"),
            width,
            height: width,
        };
        Image {
            key: file(2).key,
            width: 2,
            height: 2,
            variants: vec![file(1)],
            id,
        }
    }

    /// Makes a product with these pictures.
    async fn product(tables: &Tables, images: &[Image]) -> ProductId {
        let (id, products): (_, Products) = (tables.product(1).await, tables.open());
        let none = products.images(&id).await.unwrap().unwrap();
        let set = products.set_images(&id, &none, images);
        let set = Transaction::new().with((), set);
        let uploads: Uploads = tables.open();
        let set = set.commit(uploads.table.client()).await;
        assert_eq!(set.unwrap(), Outcome::Committed);
        id
    }

    async fn pictures(tables: &Tables, id: &ProductId) -> Vec<Image> {
        let products: Products = tables.open();
        products.images(id).await.unwrap().unwrap().images
    }

    async fn admin(tables: &Tables) -> Admin {
        admin_for_tests(&tables.staff("ada", Role::Admin).await)
    }

    #[tokio::test]
    async fn a_picture_is_taken_off_once_and_recorded_once() {
        let (tables, images) = (tables().await, [image(), image(), image()]);
        let id = product(&tables, &images).await;
        let (by, delete): (_, DeletePicture) = (admin(&tables).await, tables.open());
        let [first, second, third] = &images;
        delete.delete(&by, &id, &first.id).await.unwrap();
        assert_eq!(
            pictures(&tables, &id).await,
            [second.clone(), third.clone()]
        );
        let again = delete.delete(&by, &id, &first.id).await;
        assert!(matches!(again, Err(Problem::NotFound)), "{again:?}");
        assert_eq!(tables.records_of(id.as_str()).await.len(), 1);
        // Of two at once neither brings back what the other took.
        let both = tokio::join!(
            delete.delete(&by, &id, &second.id),
            delete.delete(&by, &id, &third.id)
        );
        both.0.unwrap();
        both.1.unwrap();
        assert_eq!(pictures(&tables, &id).await, []);
        assert_eq!(tables.records_of(id.as_str()).await.len(), 3);
    }

    #[tokio::test]
    async fn a_picture_of_another_product_stays() {
        let (tables, mine, theirs) = (tables().await, image(), image());
        let id = product(&tables, std::slice::from_ref(&mine)).await;
        let other = product(&tables, std::slice::from_ref(&theirs)).await;
        let (by, delete): (_, DeletePicture) = (admin(&tables).await, tables.open());
        for (product, image) in [
            (&id, &theirs.id),
            (&other, &mine.id),
            (&ProductId::generate().unwrap(), &mine.id),
        ] {
            let refused = delete.delete(&by, product, image).await;
            assert!(matches!(refused, Err(Problem::NotFound)), "{refused:?}");
        }
        assert_eq!(pictures(&tables, &id).await, [mine]);
        assert_eq!(pictures(&tables, &other).await, [theirs]);
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_picture_off_and_one_record() {
        let (tables, image) = (tables().await, image());
        let id = product(&tables, std::slice::from_ref(&image)).await;
        let (by, delete): (_, DeletePicture) = (admin(&tables).await, tables.open());
        let calls = Calls::of("TransactWriteItems").on(tables.table("PRODUCTS_TABLE"));
        let _ = tables.faults().inject(calls, Fault::FailAfter);
        delete.delete(&by, &id, &image.id).await.unwrap();
        assert_eq!(pictures(&tables, &id).await, []);
        assert_eq!(tables.records_of(id.as_str()).await.len(), 1);
    }
}
