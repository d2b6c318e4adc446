//! Which request is being handled, for what is written down about it.
//!
//! The scope is entered around the handler and left with it: nothing of a
//! request outlives it in a warm process. Its id is kept beside the span,
//! since records of the audit log carry it whether or not anybody reads lines.

use std::future::Future;
use std::sync::Arc;

use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::line::REQUEST;

/// Longer than any honest browser's name for itself.
const MAX_USER_AGENT: usize = 256;
/// Stands for the id of a request where there is none: what an operator's
/// command or the demo does.
const OPERATOR: &str = "operator";

tokio::task_local! {
    static CURRENT: Arc<RequestScope>;
}

/// The id of a request, and the span that says where it came from.
pub(crate) struct RequestScope {
    request_id: String,
    span: Span,
}

impl RequestScope {
    /// Describes a request. A user agent is cut at 256 characters, so that
    /// nobody can flood the log with it.
    pub(crate) fn new(request_id: &str, route: &str, source_ip: &str, user_agent: &str) -> Self {
        let span = tracing::info_span!(
            target: REQUEST,
            parent: None,
            "request",
            requestId = request_id,
            route,
            sourceIp = source_ip,
            clientIp = Empty,
            userAgent = cut(user_agent),
            userId = Empty,
            role = Empty,
        );
        Self {
            request_id: request_id.to_owned(),
            span,
        }
    }

    /// Describes an event that no client sent.
    pub(crate) fn of_event(id: &str) -> Self {
        Self::new(id, "", "", "")
    }

    /// Runs `work` as this request.
    pub(crate) async fn enter<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        let work = work.instrument(self.span.clone());
        CURRENT.scope(self, work).await
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }
}

/// Returns the id of the request that is being handled, under which its lines
/// and records are found; `operator` outside of any.
pub(crate) fn request_id() -> String {
    let id = CURRENT.try_with(|scope| scope.request_id.clone());
    id.unwrap_or_else(|_| OPERATOR.to_owned())
}

/// Records who sent the request that is being handled, once that is proven.
pub(crate) fn record_identity(user_id: &str, role: &'static str) {
    let _ = CURRENT.try_with(|scope| {
        scope.span.record("userId", user_id).record("role", role);
    });
}

/// Records for which address a trusted frontend sends the request that is being
/// handled.
pub(crate) fn record_client_ip(client_ip: &str) {
    let _ = CURRENT.try_with(|scope| {
        scope.span.record("clientIp", client_ip);
    });
}

fn cut(user_agent: &str) -> &str {
    let end = user_agent.char_indices().nth(MAX_USER_AGENT);
    end.and_then(|(end, _)| user_agent.get(..end))
        .unwrap_or(user_agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_cut_at_256_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"\u{e4}".repeat(300)).chars().count(), 256);
    }

    #[tokio::test]
    async fn a_request_is_over_when_its_work_is() {
        let scope = RequestScope::of_event("r1");
        let id = Arc::new(scope).enter(async { request_id() }).await;
        assert_eq!(id, "r1");
        assert_eq!(request_id(), OPERATOR);
    }
}
