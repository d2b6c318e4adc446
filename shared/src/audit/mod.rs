//! The audit log: one record for every change by the staff and every change by
//! anyone that security depends on. Who did what to what, and under which
//! request.

mod entry;
mod reader;
mod record;
mod table;
mod writer;

pub use entry::{AuditEntry, AuditFilter, AuditPage};
pub use reader::AuditReader;
pub use record::{Action, Change};
pub(crate) use record::{Actor, Record};
pub(crate) use writer::AuditWriter;
