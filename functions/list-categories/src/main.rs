//! `GET /api/categories`: the categories of what the shop sells, for anyone.

use shared::catalogue::{CategoryList, PublicCategories};
use shared::http::{Problem, Public, StartError};
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(list_categories)
}

/// Answers all of them, in the order of their slugs.
async fn list_categories(categories: PublicCategories) -> Result<Public<CategoryList>, Problem> {
    categories.list().await
}
