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
    /// made if there is none, named after its slug; and each that the staff's list lacks is
    /// listed. It may be done again, also after it was cut short: what is complete stays as it is.
    ///
    /// # Errors
    /// When a table can't be read or written.
    pub async fn complete(&self) -> Result<CompletedCatalogue, Problem> {
        let mut done = CompletedCatalogue::default();
        let mut after = None;
        loop {
            let (incomplete, last) = self.products.incomplete(after).await?;
            for product in incomplete {
                let mut parts = Transaction::new().with((), self.products.complete(&product));
                if !product.counted {
                    done.categories += u32::from(self.make_category(&product.category).await?);
                    parts.push((), self.categories.count(&product.category));
                }
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
            version: tree.next_version(),
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
    use crate::catalogue::product::{Product, ProductChange};
    use crate::catalogue::table::key;
    use crate::dynamodb::{Attributes, Table, text};
    use crate::testing::{Tables, tables, things_slug};
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

    /// Reads a product, and what an edit makes of it.
    async fn edit(tables: &Tables, id: &ProductId, change: ProductChange) -> (Product, Product) {
        let products: Products = tables.open();
        let before = products.get(id).await.unwrap().unwrap();
        let mut after = change.apply(&before);
        after.counted |= after.category != before.category;
        (before, after)
    }

    /// Writes an edit of a product as it was read, and returns whether it was written.
    async fn write(complete: &CompleteCatalogue, (before, after): &(Product, Product)) -> bool {
        let change = complete.products.change(before, after);
        let mut parts = Transaction::new().with((), change);
        if after.category != before.category {
            parts.push((), complete.categories.count(&after.category));
        }
        let written = parts.commit(complete.products.client()).await.unwrap();
        written == Outcome::Committed
    }

    /// Returns whether the staff's list has a product.
    async fn is_listed(tables: &Tables, id: &ProductId) -> bool {
        let table = Table::from_env(&tables.env, "PRODUCTS_TABLE").unwrap();
        let row = table.get(key(id)).await.unwrap().unwrap();
        row.get("catalogued") == Some(&text("main"))
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

    #[tokio::test]
    async fn an_older_product_that_is_moved_while_it_is_counted_is_counted_once() {
        let tables = tables().await;
        let complete: CompleteCatalogue = tables.open();
        let id = old_product(&tables, "mugs").await;
        let to_things = || ProductChange {
            category: Some(things_slug()),
            ..ProductChange::default()
        };
        let moved = edit(&tables, &id, to_things()).await;
        assert_eq!(complete.complete().await.unwrap().products, 1);
        // It was read before it was counted, and its version is the same.
        assert!(!write(&complete, &moved).await);
        let counts = counts(&complete).await;
        let counts: Vec<_> = counts.iter().map(|it| (it.0.as_str(), it.2)).collect();
        assert_eq!(counts, [("mugs", 1), ("things", 1)]);
    }

    #[tokio::test]
    async fn an_older_product_that_is_edited_first_is_in_the_staffs_list() {
        let tables = tables().await;
        let complete: CompleteCatalogue = tables.open();
        let id = old_product(&tables, "mugs").await;
        assert!(!is_listed(&tables, &id).await);
        let named = ProductChange {
            name: Some("Jug".to_owned()),
            ..ProductChange::default()
        };
        let named = edit(&tables, &id, named).await;
        assert!(write(&complete, &named).await);
        assert!(is_listed(&tables, &id).await);
    }

    #[tokio::test]
    async fn what_is_counted_and_in_no_list_is_listed_and_not_counted_again() {
        let tables = tables().await;
        let complete: CompleteCatalogue = tables.open();
        let id = tables.product(5).await;
        // As it was left by whoever moved it before it was completed.
        let table = Table::from_env(&tables.env, "PRODUCTS_TABLE").unwrap();
        let strip = table.update(key(&id));
        let strip = strip.update_expression("REMOVE catalogued").send();
        strip.await.unwrap();
        let done = complete.complete().await.unwrap();
        assert_eq!((done.products, done.categories, done.left), (1, 0, 0));
        assert!(is_listed(&tables, &id).await);
        assert_eq!(counts(&complete).await.first().unwrap().2, 1);
        let again = complete.complete().await.unwrap();
        assert_eq!(again, CompletedCatalogue::default());
    }
}
