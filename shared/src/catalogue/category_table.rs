//! The table `categories`: a row for each category, and one for the tree that they make.
//! Whatever changes which category stands where demands the tree's version, so that two
//! changes at once make neither a circle nor one category too many.

use super::category::{Category, CategorySlug, CategoryTree};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, QueryFluentBuilder,
    Table, TransactGet, WriteAction, number, read_all, text,
};

/// The partition of all categories.
const CATALOGUE: &str = "main";
/// The sort key of the tree's row, which no slug can be.
const TREE: &str = "#tree";

/// Categories by slug.
#[derive(Clone)]
pub(crate) struct Categories {
    table: Table,
}

impl FromEnv for Categories {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "CATEGORIES_TABLE")?,
        })
    }

    async fn warm(&self) {
        // One row, which opens a connection.
        let tree = self
            .table
            .query()
            .key_condition_expression("catalogue = :all AND slug = :tree")
            .expression_attribute_values(":all", text(CATALOGUE))
            .expression_attribute_values(":tree", text(TREE));
        let _ = read_all(&tree, |_| Ok(None::<()>)).await;
    }
}

impl Categories {
    /// Reads all categories in the order of their slugs, as they are or were a moment ago.
    pub(super) async fn list(&self) -> Result<Vec<Category>, DynamoDbError> {
        read_all(&self.query(), read).await
    }

    /// Reads all categories as they now are, with the tree's version.
    pub(super) async fn tree(&self) -> Result<CategoryTree, DynamoDbError> {
        // First, and in a transaction: what is read afterwards has all that this version
        // has, also where another change is under way.
        let get = TransactGet::default().with(&self.table, key(TREE));
        let tree = get.read(self.table.client()).await?.pop().flatten();
        let version = tree.map(|tree| ItemReader::from(&tree).number("version"));
        let query = self.query().consistent_read(true);
        Ok(CategoryTree {
            version: version.transpose()?.unwrap_or(0),
            categories: read_all(&query, read).await?,
        })
    }

    fn query(&self) -> QueryFluentBuilder {
        self.table
            .query()
            .key_condition_expression("catalogue = :all")
            .expression_attribute_values(":all", text(CATALOGUE))
    }

    /// Returns the action that puts a new category.
    pub(super) fn put_new(&self, category: &Category) -> WriteAction {
        let parent = category.parent.as_ref().map(CategorySlug::as_str);
        let item = ItemBuilder::new()
            .text("catalogue", CATALOGUE)
            .text("slug", category.slug.as_str())
            .text("name", &category.name)
            .optional_text("parent", parent)
            .number("products", category.products)
            .number("version", category.version);
        self.table.put_new(item, "slug")
    }

    /// Returns the action that changes a category's name and parent: refused if it is gone.
    pub(super) fn change(&self, category: &Category) -> WriteAction {
        let change = self
            .table
            .change(key(category.slug.as_str()))
            .set("name", text(&category.name))
            .set("version", number(category.version))
            .only_if_exists("slug");
        match &category.parent {
            Some(parent) => change.set("parent", text(parent.as_str())),
            None => change.remove("parent"),
        }
        .into_update()
    }

    /// Returns the action that deletes a category: refused while products use it.
    pub(super) fn delete(&self, slug: &CategorySlug) -> WriteAction {
        self.table
            .change(key(slug.as_str()))
            .only_if("products", Comparison::Equal, number(0))
            .into_delete()
    }

    /// Returns the action that counts a product more: refused if there is no such category.
    pub(super) fn count(&self, slug: &CategorySlug) -> WriteAction {
        self.table
            .change(key(slug.as_str()))
            .add("products", 1)
            .only_if_exists("slug")
            .into_update()
    }

    /// Returns the action that counts a product less.
    pub(super) fn uncount(&self, slug: &CategorySlug) -> WriteAction {
        self.table
            .change(key(slug.as_str()))
            .add("products", -1)
            .only_if("products", Comparison::AtLeast, number(1))
            .into_update()
    }

    /// Returns the action that makes the next version of the tree: refused unless it is as
    /// it was read.
    pub(super) fn change_tree(&self, read: &CategoryTree) -> WriteAction {
        if read.version == 0 {
            let item = ItemBuilder::new()
                .text("catalogue", CATALOGUE)
                .text("slug", TREE)
                .number("version", read.next_version());
            return self.table.put_new(item, "slug");
        }
        self.table
            .change(key(TREE))
            .add("version", 1)
            .only_if("version", Comparison::Equal, number(read.version))
            .into_update()
    }
}

fn key(slug: &str) -> Attributes {
    ItemBuilder::new()
        .text("catalogue", CATALOGUE)
        .text("slug", slug)
        .into_attributes()
}

/// Reads a category; `None` for the tree's row.
fn read(row: ItemReader<'_>) -> Result<Option<Category>, Corrupt> {
    if row.text("slug")? == TREE {
        return Ok(None);
    }
    let parent = row.optional_text("parent")?;
    let parent = parent.map(|it| CategorySlug::parse(it).ok_or(Corrupt::new("parent")));
    Ok(Some(Category {
        slug: row.parsed("slug", CategorySlug::parse)?,
        name: row.text("name")?.to_owned(),
        parent: parent.transpose()?,
        products: row.number("products")?,
        // Those from before there were versions count as of the first.
        version: row.optional_number("version")?.unwrap_or(1),
    }))
}
