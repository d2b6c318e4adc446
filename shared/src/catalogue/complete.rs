//! Giving products from before there were categories what later ones are made with: a category
//! that exists and counts them, and a place in the staff's list.

use super::category::{Category, CategorySlug};
use super::category_table::Categories;
use super::table::Products;
use crate::audit::{Action, Actor, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::Problem;

/// Completes the catalogue: for an operator, and for no function.
#[derive(Clone)]
pub struct CompleteCatalogue {
    products: Products,
    categories: Categories,
    audit: AuditWriter,
}

/// What was done to the catalogue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CompletedCatalogue {
    /// How many products were given what they lacked.
    pub products: u32,
    /// How many categories were made.
    pub categories: u32,
    /// How many products were changed meanwhile, and need another look.
    pub left: u32,
}

impl FromEnv for CompleteCatalogue {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            products: Products::from_env(env)?,
            categories: Categories::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl CompleteCatalogue {
    /// Looks through all products. Each that no category counts is counted by its own, which is
    /// made if there is none, named after its slug. It may be done again, also after it was cut
    /// short: what is complete stays as it is.
    ///
    /// # Errors
    /// When a table can't be read or written.
    pub async fn complete(&self) -> Result<CompletedCatalogue, Problem> {
        let mut done = CompletedCatalogue::default();
        let mut after = None;
        loop {
            let (incomplete, last) = self.products.incomplete(after).await?;
            for product in incomplete {
                done.categories += u32::from(self.make_category(&product.category).await?);
                let parts = Transaction::new()
                    .with((), self.products.complete(&product))
                    .with((), self.categories.count(&product.category));
                match parts.commit(self.products.client()).await? {
                    Outcome::Committed => done.products += 1,
                    Outcome::Refused(_) => done.left += 1,
                }
            }
            after = last;
            if after.is_none() {
                return Ok(done);
            }
        }
    }

    /// Makes a category unless it is there. Returns whether it made it.
    async fn make_category(&self, slug: &CategorySlug) -> Result<bool, Problem> {
        let tree = self.categories.tree().await?;
        if tree.get(slug).is_some() {
            return Ok(false);
        }
        tree.check(slug, None)?;
        let category = Category {
            name: name_of(slug),
            slug: slug.clone(),
            parent: None,
            products: 0,
        };
        let parts = Transaction::new()
            .with((), self.categories.put_new(&category))
            .with((), self.categories.change_tree(&tree));
        let target = slug.as_str();
        let record = Record::new(Actor::Operator, Action::CategoryCreated, target, Vec::new());
        let outcome = self.audit.commit(parts, &[record]).await?;
        // Refused, somebody else changes categories: the product is left for another look, if
        // they didn't make this one.
        Ok(outcome == Outcome::Committed)
    }
}

/// Returns the words of a slug as a name.
fn name_of(slug: &CategorySlug) -> String {
    let words = slug.as_str().replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::key;
    use crate::dynamodb::{Attributes, Table, text};
    use crate::testing::{Tables, tables};
    use crate::values::ProductId;

    /// Makes a product as it was before there were categories.
    async fn old_product(tables: &Tables, category: &str) -> ProductId {
        let id = tables.product(5).await;
        let table = Table::from_env(&tables.env, "PRODUCTS_TABLE").unwrap();
        let strip = table
            .update(key(&id))
            .update_expression("SET category = :slug REMOVE counted, catalogued")
            .expression_attribute_values(":slug", text(category));
        strip.send().await.unwrap();
        id
    }

    async fn counts(complete: &CompleteCatalogue) -> Vec<(String, String, u64)> {
        let tree = complete.categories.tree().await.unwrap();
        let counts = tree.categories.into_iter();
        counts
            .map(|it| (it.slug.as_str().to_owned(), it.name, it.products))
            .collect()
    }

    #[tokio::test]
    async fn each_older_product_is_counted_once_by_a_category_that_is_made() {
        let tables = tables().await;
        let complete: CompleteCatalogue = tables.open();
        // This one is counted from the start.
        tables.product(5).await;
        let one = old_product(&tables, "coffee-mugs").await;
        old_product(&tables, "coffee-mugs").await;
        let deleted = old_product(&tables, "vases").await;
        let gone = Attributes::from([("deletedAt".to_owned(), text("2026-11-21T10:00:00Z"))]);
        tables.change("PRODUCTS_TABLE", key(&deleted), gone).await;

        let done = complete.complete().await.unwrap();
        let expected = CompletedCatalogue {
            products: 2,
            categories: 1,
            left: 0,
        };
        assert_eq!(done, expected);
        let mugs = ("coffee-mugs".to_owned(), "Coffee mugs".to_owned(), 2);
        assert_eq!(counts(&complete).await.first(), Some(&mugs));
        let product = complete.products.get(&one).await.unwrap().unwrap();
        assert!(product.counted);
        assert_eq!(product.version, 1);
        for _ in 0..2 {
            let again = complete.complete().await.unwrap();
            assert_eq!(again, CompletedCatalogue::default());
        }
        assert_eq!(counts(&complete).await.first(), Some(&mugs));
    }
}
