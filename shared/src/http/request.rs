//! One request on its way through a function.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::SetOnce;

use super::deadline::Deadline;
use super::event::Request;
use super::quota::Quota;
use crate::telemetry::record_identity;
use crate::values::UserId;

/// A request, what is known about its sender, and what was found out on the
/// way. It ends with the request: nothing of it may outlive it.
pub struct RequestContext<'a> {
    request: &'a Request,
    deadline: Deadline,
    principal: OnceLock<Principal>,
    admitted: SetOnce<()>,
    quota: Mutex<Option<Quota>>,
}

/// Who a log line names: ids and roles only.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) user_id: UserId,
    pub(crate) role: &'static str,
}

impl<'a> RequestContext<'a> {
    pub(super) fn new(request: &'a Request, deadline: Deadline) -> Self {
        Self {
            request,
            deadline,
            principal: OnceLock::new(),
            admitted: SetOnce::new(),
            quota: Mutex::default(),
        }
    }

    /// Lets those that wait in [`Self::admitted`] go on.
    pub(super) fn admit(&self) {
        let _ = self.admitted.set(());
    }

    /// Waits until the general limit has admitted the request: nothing may be
    /// written before.
    pub(crate) async fn admitted(&self) {
        self.admitted.wait().await;
    }

    /// Waits as [`Self::admitted`] does if the request may change something. A
    /// safe one (RFC 9110 section 9.2.1) is worked on meanwhile, and only its
    /// answer waits.
    pub(super) async fn admitted_to_change(&self) {
        if self.request.request_context.http.method != "GET" {
            self.admitted().await;
        }
    }

    /// Records how much of a limit is left. A request that is under two limits
    /// tells of the tighter one.
    pub(crate) fn record_quota(&self, quota: Quota) {
        let mut kept = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none_or(|kept| quota.limit < kept.limit) {
            *kept = Some(quota);
        }
    }

    /// Returns how much is left of the limit that the request is under.
    pub(super) fn quota(&self) -> Option<Quota> {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the address that the gateway saw, in its own words.
    pub(crate) fn source_ip(&self) -> &str {
        &self.request.request_context.http.source_ip
    }

    /// Returns a header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    pub(super) fn request(&self) -> &Request {
        self.request
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Returns whom the log names for this request, once that is proven.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.principal.get()
    }

    /// Records who sent the request. It has one token and so one sender: the
    /// first call counts.
    pub(crate) fn record_principal(&self, principal: Principal) {
        let principal = self.principal.get_or_init(|| principal);
        record_identity(principal.user_id.as_str(), principal.role);
    }
}
