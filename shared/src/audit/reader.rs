//! Where records are read.

use futures_util::future::try_join_all;

use super::entry::{AuditEntry, AuditFilter, AuditPage, AuditScope};
use super::table::{queries, read};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{ItemBuilder, ItemReader, PageQuery, Table};
use crate::http::Problem;
use crate::identity::{Cursors, StaffRealm, SuperAdmin};
use crate::values::{AuditId, Day, Timestamp};

/// Lists of records.
#[derive(Clone)]
pub struct AuditReader {
    table: Table,
    cursors: Cursors<StaffRealm>,
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
    /// Returns one page, the newest first.
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
            Some(last) => Some(ItemReader(last).id::<AuditId>("auditId")?),
        };
        // A list of today goes on after midnight as the day's that it began as.
        let begun = before.as_ref().and_then(AuditId::time).map(Timestamp::day);
        let today = begun.unwrap_or_else(Day::today);
        let limit = usize::from(asked.page.limit);
        let mut items = self
            .newest(&asked.scope, today, before.as_ref(), asked.page.limit + 1)
            .await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(|last| {
            let position = ItemBuilder::new().text("auditId", last.audit_id.as_str());
            position.into_attributes()
        });
        let next_cursor = self.cursors.seal(&list, last.as_ref()).await?;
        Ok(AuditPage { items, next_cursor })
    }

    /// Returns at least the newest `limit` records before a record, if there
    /// are so many.
    async fn newest(
        &self,
        scope: &AuditScope,
        today: Day,
        before: Option<&AuditId>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, Problem> {
        let queries = queries(&self.table, scope, today, before);
        let queries = queries.into_iter().map(|query| async move {
            let mut page = PageQuery::new(limit, u32::MAX);
            page.read(&query, None).await?;
            Ok::<_, AwsError>(page.into_items())
        });
        let mut entries = Vec::new();
        for item in try_join_all(queries).await?.into_iter().flatten() {
            entries.push(read(&item)?);
        }
        entries.retain(|entry| before != Some(&entry.audit_id));
        entries.sort_by(|one, other| other.audit_id.cmp(&one.audit_id));
        Ok(entries)
    }
}
