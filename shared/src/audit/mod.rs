//! The audit log: one record for every change by the staff and every change by
//! anyone that security depends on. Who did what to what, and under which
//! request.

mod entry;
mod reader;
mod record;
mod table;
mod writer;

pub use entry::{AuditFilter, AuditPage};
pub use reader::AuditReader;
pub(crate) use record::{Action, Actor, Change, Record};
pub(crate) use writer::AuditWriter;
