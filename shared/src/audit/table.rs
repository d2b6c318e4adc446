//! The table `audit`: records that are written once and never touched again.
//! Nothing here updates or deletes, no role may, and the table's own policy
//! forbids it to everyone. That a record is not put over another is held by
//! its condition alone: IAM can't tell it from a new one.

use super::entry::{AuditEntry, AuditScope};
use super::record::{Change, Record};
use crate::dynamodb::{Corrupt, ItemBuilder, ItemReader, QueryFluentBuilder, Table, text};
use crate::http::Problem;
use crate::telemetry::request_id;
use crate::values::{AuditId, Day};

/// Over how many partitions a day is spread; each takes 1,000 records a
/// second.
const SHARDS: u8 = 8;

/// Begins the queries, one a partition, that find the records of a scope from
/// the newest on, or from `before` on and with it.
pub(super) fn queries(
    table: &Table,
    scope: &AuditScope,
    today: Day,
    before: Option<&str>,
) -> Vec<QueryFluentBuilder> {
    let (partitions, day): (Vec<_>, _) = match scope {
        AuditScope::Day(day) => {
            let day = day.unwrap_or(today);
            let shards = (0..SHARDS).map(|shard| (None, "day", partition(day, shard)));
            (shards.collect(), Some(day))
        }
        AuditScope::Actor(who, day) => (vec![(Some("by-actor"), "actor", who.clone())], *day),
        AuditScope::Target(id, day) => (vec![(Some("by-thing"), "thing", id.clone())], *day),
    };
    let (first, last) = AuditId::range(day);
    let end = before.unwrap_or(last.as_str());
    let queries = partitions.into_iter().map(|(index, name, value)| {
        table
            .query()
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression("#p = :p AND auditId BETWEEN :first AND :end")
            .expression_attribute_names("#p", name)
            .expression_attribute_values(":p", text(value))
            .expression_attribute_values(":first", text(first.as_str()))
            .expression_attribute_values(":end", text(end))
            .scan_index_forward(false)
    });
    queries.collect()
}

/// Returns the partition of a day's shard.
fn partition(day: Day, shard: u8) -> String {
    format!("{day}#{shard}")
}

/// Writes a record of this request.
pub(super) fn write(record: &Record<'_>) -> Result<ItemBuilder, Problem> {
    let id = AuditId::generate()?;
    let at = id.time().ok_or(Corrupt::new("auditId"))?;
    let changes = record.changes.iter().map(|change| {
        ItemBuilder::new()
            .text("field", &change.field)
            .optional_text("before", change.before.as_deref())
            .optional_text("after", change.after.as_deref())
    });
    Ok(ItemBuilder::new()
        .text("day", partition(at.day(), id.random_byte() % SHARDS))
        .text("auditId", id.as_str())
        .time("at", at)
        .text("actor", record.actor.as_str())
        .word("action", record.action)
        .text("thing", record.target)
        .list("changes", changes)
        .optional_text("reason", record.reason)
        .text("requestId", request_id()))
}

/// Reads a record.
pub(super) fn read(row: ItemReader<'_>) -> Result<AuditEntry, Corrupt> {
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
        action: row.word("action")?,
        target: row.text("thing")?.to_owned(),
        changes: changes.collect::<Result<_, _>>()?,
        reason: row.optional_text("reason")?.map(str::to_owned),
        request_id: row.text("requestId")?.to_owned(),
    })
}
