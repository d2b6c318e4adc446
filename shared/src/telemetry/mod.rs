//! What is written down about requests: the access line, failures, security
//! events and metrics, and on demand what the SDK and the runtime say. All of
//! it is `tracing`: a span for each request, events within it, and one layer
//! that writes them as JSON objects, one a line, on standard output, which
//! Lambda hands to CloudWatch.
//!
//! A line carries ids, codes, durations and causes; never a password, a token,
//! an e-mail address, a body or a raw query. Each kind of line lists the
//! members that it may have; the layer writes no other.

mod access;
mod failure;
mod filter;
mod layer;
mod line;
mod metrics;
mod request;
mod security;

pub(crate) use access::Access;
pub(crate) use failure::{causes, failure, warn};
pub(crate) use layer::install;
#[cfg(test)]
pub(crate) use layer::recorder;
pub(crate) use metrics::Metric;
pub(crate) use request::{RequestScope, record_client_ip, record_identity, request_id};
pub(crate) use security::{AddressClass, SecurityEvent, SecurityLog, SignInFailure};
