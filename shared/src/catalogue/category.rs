//! Categories: what they are called, which stands under which, and what may be changed of
//! that.

use serde::Serialize;

use crate::http::{Problem, PublicBody, sealed};
use crate::input::{Field, Fields, FromJson, Reason, line};
use crate::values::PathId;

/// The most categories of a shop: so many are read at once.
pub(crate) const MAX_CATEGORIES: usize = 500;

/// The slug of a category, such as `coffee-mugs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CategorySlug(String);

impl CategorySlug {
    /// Reads lower-case words of letters and digits joined by hyphens, at
    /// most 64 characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (text.len() <= 64 && text.split('-').all(word)).then(|| Self(text.to_owned()))
    }

    /// Returns the slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::parse(field.text()?).ok_or_else(|| {
            "must be lower-case words of letters and digits joined by hyphens, at most 64 \
             characters"
                .into()
        })
    }
}

impl PathId for CategorySlug {
    const PARAMETER: &'static str = "slug";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// A category as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Category {
    pub(crate) slug: CategorySlug,
    pub(crate) name: String,
    /// Under which it stands.
    pub(crate) parent: Option<CategorySlug>,
    /// How many products use it.
    pub(crate) products: u64,
    /// The version of the tree that its last change made. Its products don't count.
    pub(crate) version: u64,
}

/// What an admin sends to make or change a category.
#[derive(Debug)]
pub struct CategoryContent {
    /// Its name, 1 to 100 characters.
    pub name: String,
    /// Under which it is to stand.
    pub parent: Option<CategorySlug>,
    /// Which version the caller has read, 0 for none that was there, if they say so.
    pub version: Option<u64>,
}

impl FromJson for CategoryContent {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", |v| line(v, 1..=100));
        let parent = fields.optional("parent", CategorySlug::read);
        let version = fields.optional("version", |v| {
            v.integer(0..=i64::MAX).map(i64::unsigned_abs)
        });
        Some(Self {
            name: name?,
            parent: parent?,
            version: version?,
        })
    }
}

/// A category as the public sees it.
#[derive(Debug, Serialize)]
pub(crate) struct CategoryView {
    slug: CategorySlug,
    name: String,
    parent: Option<CategorySlug>,
    version: u64,
}

impl From<Category> for CategoryView {
    fn from(category: Category) -> Self {
        Self {
            slug: category.slug,
            name: category.name,
            parent: category.parent,
            version: category.version,
        }
    }
}

/// All categories, in the order of their slugs.
#[derive(Debug, Serialize)]
pub struct CategoryList {
    pub(crate) items: Vec<CategoryView>,
}

impl sealed::Sealed for CategoryList {}
impl PublicBody for CategoryList {}

/// A category as the shop's staff sees it.
#[derive(Debug, Serialize)]
pub struct StaffCategory {
    slug: CategorySlug,
    name: String,
    parent: Option<CategorySlug>,
    products: u64,
    version: u64,
}

impl From<Category> for StaffCategory {
    fn from(category: Category) -> Self {
        Self {
            slug: category.slug,
            name: category.name,
            parent: category.parent,
            products: category.products,
            version: category.version,
        }
    }
}

/// All categories as they are at one version of the tree.
#[derive(Debug)]
pub(crate) struct CategoryTree {
    /// Counts the changes of what stands where; 0 before the first category.
    pub(crate) version: u64,
    pub(crate) categories: Vec<Category>,
}

impl CategoryTree {
    /// Returns the category of a slug.
    pub(crate) fn get(&self, slug: &CategorySlug) -> Option<&Category> {
        self.categories.iter().find(|it| it.slug == *slug)
    }

    /// Returns the version that the next change makes.
    pub(crate) fn next_version(&self) -> u64 {
        self.version + 1
    }

    /// Returns whether categories stand under this one.
    pub(crate) fn has_below(&self, slug: &CategorySlug) -> bool {
        let mut parents = self.categories.iter().map(|it| it.parent.as_ref());
        parents.any(|parent| parent == Some(slug))
    }

    /// Checks that a category may be saved with this parent.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a parent that doesn't exist, is the category itself or stands
    /// below it; and for one category too many.
    pub(crate) fn check(
        &self,
        slug: &CategorySlug,
        parent: Option<&CategorySlug>,
    ) -> Result<(), Problem> {
        if self.get(slug).is_none() && self.categories.len() >= MAX_CATEGORIES {
            let detail = format!("a shop has at most {MAX_CATEGORIES} categories");
            return Err(Problem::invalid("", detail));
        }
        let invalid = |detail: &'static str| Err(Problem::invalid("/parent", detail));
        let Some(parent) = parent else {
            return Ok(());
        };
        if parent == slug {
            return invalid("must be another category");
        }
        let Some(mut above) = self.get(parent) else {
            return invalid("names no category");
        };
        // There is no circle, so there are fewer steps up than categories.
        for _ in 0..self.categories.len() {
            let Some(next) = above.parent.as_ref() else {
                return Ok(());
            };
            if next == slug {
                return invalid("must not stand below this category");
            }
            let Some(category) = self.get(next) else {
                return Ok(());
            };
            above = category;
        }
        invalid("stands below itself")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> CategorySlug {
        CategorySlug::parse(text).unwrap()
    }

    fn tree(categories: &[(&str, Option<&str>)]) -> CategoryTree {
        let categories = categories.iter().map(|(name, parent)| Category {
            slug: slug(name),
            name: (*name).to_owned(),
            parent: parent.map(slug),
            products: 0,
            version: 1,
        });
        CategoryTree {
            version: 1,
            categories: categories.collect(),
        }
    }

    fn is_allowed(tree: &CategoryTree, category: &str, parent: Option<&str>) -> bool {
        let parent = parent.map(slug);
        match tree.check(&slug(category), parent.as_ref()) {
            Ok(()) => true,
            Err(Problem::Invalid(_)) => false,
            Err(problem) => panic!("{problem:?}"),
        }
    }

    #[test]
    fn a_slug_is_lower_case_words_joined_by_hyphens() {
        assert!(CategorySlug::parse("coffee-mugs-2").is_some());
        for text in ["", "-", "a--b", "A", "a b", "a#b", "-a", "\u{e4}", "#tree"] {
            assert!(CategorySlug::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_category_stands_under_any_other_that_is_not_below_it() {
        let tree = tree(&[("a", None), ("b", Some("a")), ("c", Some("b")), ("d", None)]);
        for (category, parent) in [
            ("a", None),
            ("a", Some("d")),
            ("c", Some("a")),
            ("b", Some("d")),
            ("new", Some("c")),
        ] {
            assert!(is_allowed(&tree, category, parent), "{category} {parent:?}");
        }
        for (category, parent) in [
            ("a", "a"),
            ("a", "b"),
            ("a", "c"),
            ("b", "c"),
            ("new", "new"),
            ("a", "none"),
            ("new", "none"),
        ] {
            assert!(
                !is_allowed(&tree, category, Some(parent)),
                "{category} {parent}"
            );
        }
    }

    #[test]
    fn what_stands_below_itself_already_ends_the_search() {
        let tree = tree(&[("a", Some("b")), ("b", Some("a"))]);
        assert!(!is_allowed(&tree, "c", Some("a")));
    }

    #[test]
    fn a_shop_has_at_most_500_categories_which_may_still_be_changed() {
        let names: Vec<String> = (0..MAX_CATEGORIES).map(|it| format!("c{it}")).collect();
        let all: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
        assert!(is_allowed(&tree(&all[1..]), "new", None));
        let full = tree(&all);
        assert!(!is_allowed(&full, "new", None));
        assert!(is_allowed(&full, "c7", Some("c8")));
    }
}
