//! The list of all categories.

use super::answer_cache::AnswerCache;
use super::category::CategoryList;
use super::category_table::Categories;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Problem, Public};

/// The categories, as the public sees them.
#[derive(Clone)]
pub struct PublicCategories {
    categories: Categories,
    cache: AnswerCache<(), CategoryList>,
}

impl FromEnv for PublicCategories {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            categories: Categories::from_env(env)?,
            cache: AnswerCache::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.categories.warm().await;
    }
}

impl PublicCategories {
    /// Returns all categories in the order of their slugs, as they are or were a few seconds
    /// ago.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn list(&self) -> Result<Public<CategoryList>, Problem> {
        let vacant = match self.cache.get(()) {
            Ok(answer) => return Ok(answer),
            Err(vacant) => vacant,
        };
        let categories = self.categories.list().await?;
        vacant.insert(&CategoryList {
            items: categories.into_iter().map(Into::into).collect(),
        })
    }
}
