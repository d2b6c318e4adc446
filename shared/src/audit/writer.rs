//! Where records are written.

use super::record::Record;
use super::table::write;
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, SingleWrite, Table, Transaction};
use crate::http::Problem;

/// Writes records, each with the change that it tells of.
#[derive(Clone)]
pub(crate) struct AuditWriter {
    table: Table,
}

impl FromEnv for AuditWriter {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "AUDIT_TABLE")?,
        })
    }
}

impl AuditWriter {
    /// Writes changes and their records in one transaction. Once they are
    /// written, emits the records' security events.
    pub(crate) async fn commit<L>(
        &self,
        mut changes: Transaction<L>,
        records: &[Record<'_>],
    ) -> Result<Outcome<L>, Problem> {
        for record in records {
            changes.push_unlabelled(self.table.put_new(write(record)?, "auditId"));
        }
        let outcome = changes.commit(self.table.client()).await?;
        if let Outcome::Committed = outcome {
            records.iter().for_each(Record::emit);
        }
        Ok(outcome)
    }

    /// Writes the record of a change that is no transaction, and emits its
    /// security event.
    pub(crate) async fn append(&self, record: &Record<'_>) -> Result<(), Problem> {
        self.table
            .put(write(record)?)
            .condition_expression("attribute_not_exists(auditId)")
            .commit()
            .await
            .map_err(AwsError::from)?;
        record.emit();
        Ok(())
    }
}
