//! Where records are read.

use futures_util::future::try_join_all;

use super::entry::{AuditEntry, AuditFilter, AuditPage, AuditScope};
use super::table::{queries, read};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Corrupt, DynamoDbError, ItemBuilder, ItemReader, PageQuery, Table};
use crate::http::Problem;
use crate::identity::{Cursors, StaffRealm, SuperAdmin};
use crate::telemetry::warn;
use crate::values::{AuditId, Day, PathId, Timestamp};

/// Lists of records.
#[derive(Clone)]
pub struct AuditReader {
    table: Table,
    cursors: Cursors<StaffRealm>,
}

/// A row of the table.
struct Row {
    id: String,
    /// What it records; `None` if that can't be read.
    entry: Option<AuditEntry>,
}

impl Row {
    fn read(row: ItemReader<'_>) -> Result<Self, Corrupt> {
        let id = row.text("auditId")?.to_owned();
        let entry = read(row).inspect_err(|error| warn("audit-record-unreadable", error));
        let entry = entry.ok();
        Ok(Self { id, entry })
    }
}

impl FromEnv for AuditReader {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "AUDIT_TABLE")?,
            cursors: Cursors::from_env(env)?,
        })
    }
}

impl AuditReader {
    /// Returns one page, the newest first. Nothing can be taken out of the
    /// table, so a row that is no record of ours is left out of the page and
    /// hides no other.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(&self, _by: &SuperAdmin, asked: &AuditFilter) -> Result<AuditPage, Problem> {
        let list = format!("audit {:?}", asked.scope);
        let after = self
            .cursors
            .open(&list, asked.page.cursor.as_deref())
            .await?;
        let before = match &after {
            None => None,
            Some(last) => Some(ItemReader::from(last).text("auditId")?),
        };
        // A list of today goes on after midnight as the day's that it began as.
        let begun = before.and_then(AuditId::parse);
        let begun = begun.as_ref().and_then(AuditId::time).map(Timestamp::day);
        let today = begun.unwrap_or_else(Day::today);
        let limit = usize::from(asked.page.limit);
        let mut rows = self
            .newest(&asked.scope, today, before, asked.page.limit + 1)
            .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(|last| {
            let position = ItemBuilder::new().text("auditId", &last.id);
            position.into_attributes()
        });
        let next_cursor = self.cursors.seal(&list, last.as_ref()).await?;
        let items = rows.into_iter().filter_map(|row| row.entry).collect();
        Ok(AuditPage { items, next_cursor })
    }

    /// Returns at least the newest `limit` rows before a row, if there are so
    /// many.
    async fn newest(
        &self,
        scope: &AuditScope,
        today: Day,
        before: Option<&str>,
        limit: u16,
    ) -> Result<Vec<Row>, Problem> {
        let queries = queries(&self.table, scope, today, before);
        let queries = queries.into_iter().map(|query| async move {
            // The row before which the page begins is among them.
            let mut page = PageQuery::new(limit + 1, &[], u32::MAX);
            page.read(&query, None, Row::read).await?;
            Ok::<_, DynamoDbError>(page.into_items())
        });
        let pages = try_join_all(queries).await?;
        let mut rows: Vec<Row> = pages.into_iter().flatten().collect();
        rows.retain(|row| before != Some(row.id.as_str()));
        rows.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::PageRequest;
    use crate::identity::{Role, super_admin_for_tests};
    use crate::testing::tables;

    #[tokio::test]
    async fn a_row_that_is_no_record_hides_no_other() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        let by = super_admin_for_tests(&sue);
        // Newer, between, and older than the records, of our shape and not.
        for (number, name) in ["ann", "bob", "cat"].into_iter().enumerate() {
            tables.staff(name, Role::Staff).await;
            let id = AuditId::generate().unwrap();
            for id in [id.to_string(), format!("{id}~")] {
                let key = ItemBuilder::new()
                    .text("day", format!("{}#{number}", Day::today()))
                    .text("auditId", id);
                let row = ItemBuilder::new().text("action", "nonsense");
                let (key, row) = (key.into_attributes(), row.into_attributes());
                tables.change("AUDIT_TABLE", key, row).await;
            }
        }
        let reader: AuditReader = tables.open();
        for limit in [1, 2, 100] {
            let (mut found, mut cursor) = (0, None);
            loop {
                let asked = AuditFilter {
                    scope: AuditScope::Day(None),
                    page: PageRequest { limit, cursor },
                };
                let page = reader.list(&by, &asked).await.unwrap();
                found += page.items.len();
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found, 4, "{limit} a page");
        }
    }
}
