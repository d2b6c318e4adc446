//! Reading a whole table: for an operator's commands. No function's role allows it.

use super::error::DynamoDbError;
use super::item::{Attributes, text};
use super::table::Table;
use crate::aws::AwsError;

/// Reads on in a table, one call. Returns the items that lack an attribute and whose
/// key's other attribute begins with a text, and where the reading stopped; `None`
/// at the table's end.
pub(crate) async fn scan_lacking(
    table: &Table,
    lacks: &str,
    key: (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    scan(table, "attribute_not_exists", lacks, key, after).await
}

/// The same of the items that have an attribute.
pub(crate) async fn scan_having(
    table: &Table,
    has: &str,
    key: (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    scan(table, "attribute_exists", has, key, after).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator looks for what no index lists yet; no role allows it"
)]
async fn scan(
    table: &Table,
    test: &str,
    attribute: &str,
    (key, prefix): (&str, &str),
    after: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), DynamoDbError> {
    let scan = table
        .client()
        .scan()
        .table_name(table.name())
        .filter_expression(format!("{test}(#tested) AND begins_with(#key, :prefix)"))
        .expression_attribute_names("#tested", attribute)
        .expression_attribute_names("#key", key)
        .expression_attribute_values(":prefix", text(prefix))
        .consistent_read(true)
        .set_exclusive_start_key(after);
    let found = Box::pin(scan.send()).await.map_err(AwsError::from)?;
    Ok((found.items.unwrap_or_default(), found.last_evaluated_key))
}
