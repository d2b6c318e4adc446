//! Requests of the staff that may be sent again: what was done under which key,
//! written with it in one transaction and kept for 24 hours.

mod request;
mod table;

pub(crate) use request::KeyedRequest;
pub(crate) use table::IdempotencyKeys;
