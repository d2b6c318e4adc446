//! DynamoDB without the shop: items, tables, pages, cursors, batches and
//! transactions.
//!
//! Every call is sent in a box: the SDK's futures take 9 KiB, and the futures of
//! this program that would hold one are moved several times in a request.

mod batch;
mod cursor;
mod error;
mod item;
mod page;
mod query_response;
mod retry;
mod scan;
mod single_write;
mod stream;
mod table;
mod transact_get;
mod transaction;
mod update;

pub(crate) use aws_sdk_dynamodb::Client as DynamoDb;
pub(crate) use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

pub(crate) use batch::BatchGet;
pub(crate) use cursor::{CursorKey, CursorKeySource, Cursors};
pub(crate) use error::{Corrupt, DynamoDbError, is_condition_failed};
pub(crate) use item::{
    Attribute, Attributes, ItemBuilder, ItemReader, list, map, money, number, text, word,
};
pub(crate) use page::{PageQuery, read_all};
pub(crate) use retry::retry_deadline;
pub(crate) use retry::retrying_until;
pub(crate) use scan::{scan_having, scan_lacking};
pub(crate) use single_write::SingleWrite;
pub(crate) use stream::{
    BatchAnswer, FromStream, StreamEvent, StreamImage, StreamRecord, Unreadable,
};
pub(crate) use table::Table;
pub(crate) use transact_get::TransactGet;
pub(crate) use transaction::{Outcome, Transaction, WriteAction};
pub(crate) use update::{Comparison, Update};
