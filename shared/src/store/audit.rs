//! The table `audit`: records that are written once and never touched again.
//! Nothing here updates or deletes, no role may, and the table's own policy
//! forbids it to everyone. (To put a record over another is forbidden by the
//! condition here alone: IAM can't tell it from a new one.)

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use futures_util::future::try_join_all;

use crate::audit::{Action, AuditEntry, AuditFilter, AuditPage, AuditScope, Change, Record};
use crate::auth::SuperAdmin;
use crate::cursor::Cursors;
use crate::env::{Env, FromEnv, StartError};
use crate::ids::AuditId;
use crate::problem::Problem;
use crate::store::item::{Attributes, Item, Row, text};
use crate::store::transaction::{Written, write_all};
use crate::store::{Corrupt, failed};
use crate::text::Word;
use crate::time::{Day, Timestamp};

/// Over how many partitions a day is spread: so many times 1,000 records a
/// second.
const SHARDS: u8 = 8;

/// Where records are written.
#[derive(Clone)]
pub(crate) struct AuditLog {
    client: Client,
    table: String,
}

impl FromEnv for AuditLog {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("AUDIT_TABLE")?,
        })
    }
}

impl AuditLog {
    /// Does something and records it, or does neither; what is done leaves the
    /// records' events too. The records come after the actions.
    pub(crate) async fn write(
        &self,
        mut actions: Vec<TransactWriteItem>,
        records: &[Record<'_>],
    ) -> Result<Written, Problem> {
        for record in records {
            actions.push(self.put(record)?);
        }
        let written = write_all(&self.client, actions).await?;
        if let Written::Done = written {
            records.iter().for_each(Record::note);
        }
        Ok(written)
    }

    /// The record as a part of the transaction that makes the change.
    fn put(&self, record: &Record<'_>) -> Result<TransactWriteItem, Problem> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(write(record, &AuditId::generate()?)?))
            .condition_expression("attribute_not_exists(auditId)")
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes the record of a change that is no transaction of ours, and leaves
    /// its event.
    pub(crate) async fn append(&self, record: &Record<'_>) -> Result<(), Problem> {
        let item = write(record, &AuditId::generate()?)?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(auditId)")
            .send()
            .await
            .map_err(failed)?;
        record.note();
        Ok(())
    }
}

/// Where records are read.
#[derive(Clone)]
pub struct AuditTrail {
    log: AuditLog,
    cursors: Cursors,
}

impl FromEnv for AuditTrail {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            log: AuditLog::from_env(env)?,
            cursors: Cursors::new(env.key_ring()?),
        })
    }
}

impl AuditTrail {
    /// One page, the newest first.
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
            Some(last) => Some(Row(last).id::<AuditId>("auditId")?),
        };
        // A list of today goes on after midnight as the day's that it began as.
        let begun = before.as_ref().and_then(AuditId::time).map(Timestamp::day);
        let today = begun.unwrap_or_else(Day::today);
        let limit = usize::from(asked.page.limit);
        // One more than the page holds tells whether there is a next one.
        let mut items = self
            .newest(&asked.scope, today, before.as_ref(), limit + 1)
            .await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = match items.last().filter(|_| more) {
            None => None,
            Some(last) => {
                let position = Item::new().text("auditId", last.audit_id.as_str());
                let position = position.into_attributes();
                Some(self.cursors.seal(&list, &position).await?)
            }
        };
        Ok(AuditPage { items, next_cursor })
    }

    async fn newest(
        &self,
        scope: &AuditScope,
        today: Day,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Problem> {
        let (partitions, day): (Vec<_>, _) = match scope {
            AuditScope::Day(day) => {
                let day = day.unwrap_or(today);
                let shards = (0..SHARDS).map(|shard| (None, "day", partition(day, shard)));
                (shards.collect(), Some(day))
            }
            AuditScope::Actor(who, day) => (vec![(Some("by-actor"), "actor", who.clone())], *day),
            AuditScope::Thing(id, day) => (vec![(Some("by-thing"), "thing", id.clone())], *day),
        };
        let (first, last) = AuditId::range(day);
        let end = before.unwrap_or(&last);
        let queries = partitions.into_iter().map(|(index, name, value)| {
            let query = self
                .log
                .client
                .query()
                .table_name(&self.log.table)
                .set_index_name(index.map(str::to_owned))
                .key_condition_expression("#p = :p AND auditId BETWEEN :first AND :end")
                .expression_attribute_names("#p", name)
                .expression_attribute_values(":p", text(value))
                .expression_attribute_values(":first", text(first.as_str()))
                .expression_attribute_values(":end", text(end.as_str()))
                .scan_index_forward(false);
            // Between includes its ends, and the end was on the page before.
            rows(query, limit + 1)
        });
        let mut entries = Vec::new();
        for item in try_join_all(queries).await?.into_iter().flatten() {
            entries.push(read(&item)?);
        }
        entries.retain(|entry| before != Some(&entry.audit_id));
        entries.sort_by(|one, other| other.audit_id.cmp(&one.audit_id));
        entries.truncate(limit);
        Ok(entries)
    }
}

/// At most so many items of a query, over as many pages as it takes.
async fn rows(query: QueryFluentBuilder, limit: usize) -> Result<Vec<Attributes>, Problem> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let left = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
        let page = query
            .clone()
            .limit(left)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(failed)?;
        items.extend(page.items.unwrap_or_default());
        after = page.last_evaluated_key;
        if after.is_none() || items.len() >= limit {
            return Ok(items);
        }
    }
}

fn partition(day: Day, shard: u8) -> String {
    format!("{day}#{shard}")
}

fn write(record: &Record<'_>, id: &AuditId) -> Result<Attributes, Problem> {
    let at = id.time().ok_or(Corrupt::new("auditId"))?;
    let changes = record.changes.iter().map(|change| {
        Item::new()
            .text("field", &change.field)
            .optional_text("before", change.before.as_deref())
            .optional_text("after", change.after.as_deref())
    });
    Ok(Item::new()
        .text("day", partition(at.day(), id.chance() % SHARDS))
        .text("auditId", id.as_str())
        .time("at", at)
        .text("actor", record.actor.as_str())
        .text("action", record.action.as_str())
        .text("thing", record.thing)
        .list("changes", changes)
        .text("requestId", record.request_id())
        .into_attributes())
}

fn read(item: &Attributes) -> Result<AuditEntry, Corrupt> {
    let row = Row(item);
    let changes = row.list("changes")?.into_iter().map(|row| {
        Ok(Change {
            field: row.text("field")?.to_owned(),
            before: row.optional_text("before")?.map(str::to_owned),
            after: row.optional_text("after")?.map(str::to_owned),
        })
    });
    Ok(AuditEntry {
        audit_id: row.id("auditId")?,
        at: row.time("at")?,
        actor: row.text("actor")?.to_owned(),
        action: row.parsed("action", Action::parse)?,
        thing: row.text("thing")?.to_owned(),
        changes: changes.collect::<Result<_, _>>()?,
        request_id: row.text("requestId")?.to_owned(),
    })
}
