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
