//! Making and changing a category.

use super::category::{Category, CategoryContent, CategorySlug, StaffCategory};
use super::category_table::Categories;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, IfMatch, Problem, Saved};
use crate::identity::Admin;

/// Makes and changes categories.
#[derive(Clone)]
pub struct SaveCategory {
    categories: Categories,
    audit: AuditWriter,
}

impl FromEnv for SaveCategory {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            categories: Categories::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl SaveCategory {
    /// Makes the category of a slug, or changes its name and parent.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a parent that doesn't exist, is the category itself or stands
    /// below it, and for the 501st category; [`Conflict::Stale`] for another version than the
    /// caller read, unless the category is what they ask for already, and if categories were
    /// changed at the same time.
    pub async fn save(
        &self,
        by: &Admin,
        slug: CategorySlug,
        content: CategoryContent,
        read: IfMatch,
    ) -> Result<Saved<StaffCategory>, Problem> {
        let target = slug.as_str().to_owned();
        let record = |action, changes| vec![Record::by(by, action, &target, changes)];
        self.write(slug, content, read, record).await
    }

    /// Makes a category without a record: for the demo shop, and for no function.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub async fn insert(
        &self,
        slug: CategorySlug,
        content: CategoryContent,
    ) -> Result<(), Problem> {
        let saved = self
            .write(slug, content, IfMatch(None), |_, _| Vec::new())
            .await;
        saved.map(drop)
    }

    async fn write<'r>(
        &self,
        slug: CategorySlug,
        content: CategoryContent,
        read: IfMatch,
        records: impl FnOnce(Action, Vec<Change>) -> Vec<Record<'r>>,
    ) -> Result<Saved<StaffCategory>, Problem> {
        let tree = self.categories.tree().await?;
        let before = tree.get(&slug);
        if let Some(before) = before
            && (&before.name, &before.parent) == (&content.name, &content.parent)
        {
            return Ok(Saved::Changed(before.clone().into()));
        }
        let there = before.map_or(0, |it| it.version);
        let stale = |read| read != there;
        if content.version.is_some_and(stale) || read.0.is_some_and(stale) {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        tree.check(&slug, content.parent.as_ref())?;
        let category = Category {
            slug,
            name: content.name,
            parent: content.parent,
            products: before.map_or(0, |it| it.products),
            version: tree.next_version(),
        };
        let (action, changes, write) = match before {
            Some(before) => (
                Action::CategoryChanged,
                changes(before, &category),
                self.categories.change(&category),
            ),
            None => (
                Action::CategoryCreated,
                Vec::new(),
                self.categories.put_new(&category),
            ),
        };
        let parts = Transaction::new()
            .with((), write)
            .with((), self.categories.change_tree(&tree));
        match self.audit.commit(parts, &records(action, changes)).await? {
            Outcome::Committed if before.is_some() => Ok(Saved::Changed(category.into())),
            Outcome::Committed => Ok(Saved::Created(category.into())),
            Outcome::Refused(_) => Err(Problem::Conflict(Conflict::Stale)),
        }
    }
}

/// Names the fields in which two states of a category differ.
fn changes(before: &Category, after: &Category) -> Vec<Change> {
    let name = (before.name != after.name).then(|| Change::of("name"));
    let parent = (before.parent != after.parent).then(|| Change::of("parent"));
    name.into_iter().chain(parent).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::catalogue::category::MAX_CATEGORIES;
    use crate::testing::tables;

    fn slug(text: &str) -> CategorySlug {
        CategorySlug::parse(text).unwrap()
    }

    async fn save(
        categories: &SaveCategory,
        name: &str,
        parent: Option<&str>,
    ) -> Result<(), Problem> {
        let content = CategoryContent {
            name: name.to_owned(),
            parent: parent.map(slug),
            version: None,
        };
        categories.insert(slug(name), content).await
    }

    /// Makes so many categories, a hundred at once.
    async fn fill(categories: &SaveCategory, count: usize) {
        let slugs: Vec<String> = (0..count).map(|number| format!("c{number}")).collect();
        for slugs in slugs.chunks(99) {
            let table = &categories.categories;
            let tree = table.tree().await.unwrap();
            let mut parts = Transaction::new().with((), table.change_tree(&tree));
            for name in slugs {
                let category = Category {
                    slug: slug(name),
                    name: name.clone(),
                    parent: None,
                    products: 0,
                    version: tree.next_version(),
                };
                parts = parts.with((), table.put_new(&category));
            }
            let outcome = categories.audit.commit(parts, &[]).await.unwrap();
            assert!(matches!(outcome, Outcome::Committed));
        }
    }

    #[tokio::test]
    async fn categories_that_are_moved_under_each_other_at_once_make_no_circle() {
        for round in 0..5 {
            let tables = tables().await;
            let categories: SaveCategory = tables.open();
            for name in ["a", "b", "c"] {
                save(&categories, name, None).await.unwrap();
            }
            let moves = [("a", "b"), ("b", "c"), ("c", "a")];
            let moves = moves.map(|(name, parent)| save(&categories, name, Some(parent)));
            let moved = join_all(moves).await;
            let done = moved.iter().filter(|it| it.is_ok()).count();
            assert!((1..=2).contains(&done), "{round}: {moved:?}");
            let tree = categories.categories.tree().await.unwrap();
            for category in &tree.categories {
                tree.check(&slug("new"), Some(&category.slug)).unwrap();
            }
            assert_eq!(tree.version, 4 + done as u64);
        }
    }

    #[tokio::test]
    async fn of_two_that_would_be_the_five_hundredth_one_is_made() {
        let tables = tables().await;
        let categories: SaveCategory = tables.open();
        fill(&categories, MAX_CATEGORIES - 2).await;
        let both = join_all(["x", "y"].map(|name| save(&categories, name, None))).await;
        assert_eq!(both.iter().filter(|it| it.is_ok()).count(), 1, "{both:?}");
        let tree = categories.categories.tree().await.unwrap();
        assert_eq!(tree.categories.len(), MAX_CATEGORIES);
        let one_more = save(&categories, "z", None).await;
        assert!(matches!(one_more, Err(Problem::Invalid(_))));
    }

    #[tokio::test]
    async fn of_two_who_change_what_they_both_have_read_one_is_told() {
        let tables = tables().await;
        let categories: SaveCategory = tables.open();
        let named = |name: &str, version| {
            let content = CategoryContent {
                name: name.to_owned(),
                parent: None,
                version: Some(version),
            };
            categories.insert(slug("a"), content)
        };
        let version = async || {
            let tree = categories.categories.tree().await.unwrap();
            tree.get(&slug("a")).unwrap().version
        };
        named("One", 0).await.unwrap();
        let read = version().await;
        save(&categories, "b", None).await.unwrap();
        named("Two", read).await.unwrap();
        assert!(version().await > read);
        for stale in [read, 0, read + 9] {
            let refused = named("Three", stale).await;
            let is_stale = matches!(refused, Err(Problem::Conflict(Conflict::Stale)));
            assert!(is_stale, "{refused:?}");
        }
        // What was saved already may be sent again.
        named("Two", read).await.unwrap();
        named("Three", version().await).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_saved_as_it_is_changes_nothing() {
        let tables = tables().await;
        let categories: SaveCategory = tables.open();
        let version = async || categories.categories.tree().await.unwrap().version;
        let before = version().await;
        for _ in 0..3 {
            save(&categories, "a", None).await.unwrap();
        }
        assert_eq!(version().await, before + 1);
    }
}
