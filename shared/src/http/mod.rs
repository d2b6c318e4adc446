//! The edge: from a gateway's event to a handler's arguments and back.

mod deadline;
mod deadline_timer;
mod endpoint;
mod event;
mod extract;
mod gate;
mod json_body;
mod object_event;
mod problem;
mod quota;
mod reply;
mod request;
mod schedule;
mod serve;

pub use crate::aws::error::StartError;
pub use crate::input::{IdempotencyKey, IfMatch, PageRequest};
pub use deadline::Deadline;
pub(crate) use endpoint::{Endpoint, FromRequest, Start, start};
#[cfg(feature = "simulation")]
pub(crate) use event::Event;
pub use extract::{Json, Path, Query};
pub(crate) use gate::Gate;
pub(crate) use object_event::StoredObject;
pub use object_event::StoredObjects;
pub use problem::{Conflict, Problem};
pub(crate) use quota::Quota;
pub use reply::{
    Created, Idempotent, IdempotentChange, NoContent, Private, Public, SECURITY_HEADERS, Saved,
};
pub(crate) use reply::{PublicBody, WrittenBody, sealed};
#[cfg(test)]
pub(crate) use reply::{Reply, Response};
pub(crate) use request::{Principal, RequestContext};
pub use schedule::Schedule;
#[cfg(feature = "simulation")]
pub(crate) use serve::Function;
pub(crate) use serve::serve;
pub use serve::{serve_events, serve_stream};
