//! What is written down about requests: the access line, failures, security
//! events and metrics. One JSON object a line on standard output, which Lambda
//! hands to CloudWatch: ids, codes, durations and causes; never a password, a
//! token, an e-mail address, a body or a raw query.

mod access;
mod line;
mod metrics;
mod request;
mod security;

pub(crate) use access::Access;
pub(crate) use line::{causes, failure, warn};
pub(crate) use metrics::{Metric, Namespace};
pub(crate) use request::{RequestScope, request_id};
pub(crate) use security::{SecurityEvent, SecurityLog, SignInFailure};
