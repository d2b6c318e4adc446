//! Deleting a category.

use super::category::CategorySlug;
use super::category_table::Categories;
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Problem};
use crate::identity::Admin;

/// Deletes categories.
#[derive(Clone)]
pub struct DeleteCategory {
    categories: Categories,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Category,
    Tree,
}

impl FromEnv for DeleteCategory {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            categories: Categories::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl DeleteCategory {
    /// Deletes a category that nothing uses.
    ///
    /// # Errors
    /// [`Problem::NotFound`] if there is none; [`Conflict::CategoryInUse`] while products use
    /// it or categories stand under it; [`Conflict::Stale`] if categories were changed at the
    /// same time.
    pub async fn delete(&self, by: &Admin, slug: &CategorySlug) -> Result<(), Problem> {
        let tree = self.categories.tree().await?;
        let category = tree.get(slug).ok_or(Problem::NotFound)?;
        if category.products > 0 || tree.has_below(slug) {
            return Err(Problem::Conflict(Conflict::CategoryInUse));
        }
        let parts = Transaction::new()
            .with(Part::Category, self.categories.delete(slug))
            .with(Part::Tree, self.categories.change_tree(&tree));
        let record = Record::by(by, Action::CategoryDeleted, slug.as_str(), Vec::new());
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => Ok(()),
            Outcome::Refused(parts) if parts.contains(&Part::Tree) => {
                Err(Problem::Conflict(Conflict::Stale))
            }
            Outcome::Refused(_) => Err(Problem::Conflict(Conflict::CategoryInUse)),
        }
    }
}
