//! Reading a whole table: for an operator's commands. No function's role allows it.

use super::error::DynamoDbError;
use super::item::{Attributes, text};
use super::table::Table;
use crate::aws::AwsError;

/// Reads on in a table, one call. Returns the items that lack one of some attributes and
/// whose attribute `key` begins with a text, and where the reading stopped; `None` at the
/// table's end.
pub(crate) async fn scan_lacking(
    table: &Table,
    lacks: &[&str],
    key: (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    scan(table, "attribute_not_exists", lacks, key, after).await
}

/// Reads on in the same way, but returns the items that have an attribute.
pub(crate) async fn scan_having(
    table: &Table,
    has: &str,
    key: (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    scan(table, "attribute_exists", &[has], key, after).await
}

/// Reads on for the items of which one of some attributes passes a test.
#[expect(
    clippy::disallowed_methods,
    reason = "an operator looks for what no index lists yet; no role allows it"
)]
async fn scan(
    table: &Table,
    test: &str,
    attributes: &[&str],
    (key, prefix): (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    let mut scan = table.client().scan().table_name(table.name());
    for name in attributes {
        scan = scan.expression_attribute_names(format!("#{name}"), *name);
    }
    let tests = attributes.iter().map(|it| format!("{test}(#{it})"));
    let tests = Vec::from_iter(tests).join(" OR ");
    let scan = scan
        .filter_expression(format!("({tests}) AND begins_with(#key, :prefix)"))
        .expression_attribute_names("#key", key)
        .expression_attribute_values(":prefix", text(prefix))
        .consistent_read(true)
        .set_exclusive_start_key(after);
    let found = Box::pin(scan.send()).await.map_err(AwsError::from)?;
    Ok((found.items.unwrap_or_default(), found.last_evaluated_key))
}
