//! One request on its way through a function.

use std::net::IpAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt};
use tokio::sync::SetOnce;

use super::deadline::Deadline;
use super::event::Unreadable;
use super::quota::Quota;
use crate::input::InputError;
use crate::telemetry::{record_client_ip, record_identity};
use crate::values::UserId;

/// A request, what is known about its sender, and what was found out on the
/// way. It ends with the request: nothing of it may outlive it.
pub struct RequestContext<'a> {
    request: &'a Request,
    deadline: Deadline,
    principal: OnceLock<Principal>,
    client_ip: OnceLock<String>,
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
            client_ip: OnceLock::new(),
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
        if self.may_change() {
            self.admitted().await;
        }
    }

    /// Returns whether the request may change something: every one that is not a
    /// GET.
    pub(super) fn may_change(&self) -> bool {
        self.request.method() != Method::GET
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

    /// Fails if the event that carried the request could not be read.
    pub(super) fn readable(&self) -> Result<(), InputError> {
        match self.request.extensions().get() {
            Some(Unreadable::Event) => Err(InputError::malformed("The request can't be read.")),
            Some(Unreadable::Body) | None => Ok(()),
        }
    }

    /// Returns the gateway's id of the request; empty where there is none.
    pub(super) fn id(&self) -> &str {
        self.gateway(|it| it.request_id.as_deref())
    }

    /// Returns the route in the gateway's words: `GET /api/orders/{orderId}`.
    pub(super) fn route(&self) -> &str {
        self.gateway(|it| it.route_key.as_deref())
    }

    /// Returns the method.
    pub(super) fn method(&self) -> &str {
        self.request.method().as_str()
    }

    /// Returns the address that the gateway saw, in its own words.
    pub(super) fn source_ip(&self) -> &str {
        self.gateway(|it| it.http.source_ip.as_deref())
    }

    /// Returns the address that limits count: the one that a trusted frontend
    /// calls for, else the one that the gateway saw.
    pub(crate) fn client_ip(&self) -> &str {
        self.client_ip
            .get()
            .map_or_else(|| self.source_ip(), String::as_str)
    }

    /// Records for which address a trusted frontend calls.
    pub(super) fn record_client_ip(&self, client_ip: IpAddr) {
        let client_ip = self.client_ip.get_or_init(|| client_ip.to_string());
        record_client_ip(client_ip);
    }

    /// Returns what the client calls itself.
    pub(super) fn user_agent(&self) -> &str {
        self.gateway(|it| it.http.user_agent.as_deref())
    }

    /// Returns a header by its lower-case name. One that was sent twice is one
    /// value joined by a comma.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = self.request.headers().get(name)?;
        std::str::from_utf8(value.as_bytes()).ok()
    }

    /// Returns a path parameter, decoded.
    pub(super) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.request.path_parameters_ref()?.first(name)
    }

    /// Returns the names and values of the query, decoded, in no order.
    pub(super) fn query_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let given = self.request.query_string_parameters_ref();
        given.into_iter().flat_map(|it| it.iter())
    }

    /// Returns the body's bytes.
    pub(super) fn body(&self) -> Result<&[u8], InputError> {
        match self.request.extensions().get() {
            None => Ok(self.request.body()),
            Some(Unreadable::Body | Unreadable::Event) => {
                Err(InputError::malformed("The body can't be read."))
            }
        }
    }

    /// Returns what the gateway itself knows of the request; empty where it
    /// doesn't say.
    fn gateway<'s>(
        &'s self,
        read: impl FnOnce(&'s ApiGatewayV2httpRequestContext) -> Option<&'s str>,
    ) -> &'s str {
        match self.request.request_context_ref() {
            Some(lambda_http::request::RequestContext::ApiGatewayV2(it)) => read(it),
            Some(_) | None => None,
        }
        .unwrap_or_default()
    }

    /// Returns when the work must have ended, with when the gateway says that
    /// the request reached it.
    pub(super) fn deadline(&self) -> Deadline {
        let arrived = match self.request.request_context_ref() {
            Some(lambda_http::request::RequestContext::ApiGatewayV2(it)) => it.time_epoch,
            Some(_) | None => 0,
        };
        self.deadline
            .of_arrival(u64::try_from(arrived).unwrap_or(0))
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
