//! Text in, values or every bad field out: strict JSON bodies, query
//! parameters and header values.

mod error;
mod fields;
mod headers;
mod json;
mod page;
mod query;

pub(crate) use error::{InputError, InvalidField};
pub(crate) use fields::{Price, email, line, paragraphs, phone, word};
pub use headers::{IdempotencyKey, IfMatch};
pub(crate) use json::parse as parse_json;
pub(crate) use json::{Field, Fields, FromJson, Reason};
pub use page::PageRequest;
pub(crate) use query::parse as parse_query;
pub(crate) use query::{FromQuery, Parameters};
