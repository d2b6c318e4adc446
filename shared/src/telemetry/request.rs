//! Which request is being handled, for what is written down about it.
//!
//! The scope is entered around the handler and left with it: nothing of a
//! request outlives it in a warm process.

use std::future::Future;
use std::sync::Arc;

use super::metrics::Namespace;

/// Longer than any honest browser's name for itself.
const MAX_USER_AGENT: usize = 256;
/// Stands for the id of a request where there is none: what an operator's
/// command or the demo does.
const OPERATOR: &str = "operator";

tokio::task_local! {
    static CURRENT: Arc<RequestScope>;
}

/// Where a request came from.
pub(crate) struct RequestScope {
    pub(super) request_id: String,
    pub(super) route: String,
    pub(super) source_ip: String,
    pub(super) user_agent: String,
    pub(super) namespace: Namespace,
}

impl RequestScope {
    /// Describes a request. A user agent is cut at 256 characters, so that
    /// nobody can flood the log with it.
    pub(crate) fn new(
        request_id: &str,
        route: &str,
        source_ip: &str,
        user_agent: &str,
        namespace: &Namespace,
    ) -> Self {
        Self {
            request_id: request_id.to_owned(),
            route: route.to_owned(),
            source_ip: source_ip.to_owned(),
            user_agent: cut(user_agent).to_owned(),
            namespace: namespace.clone(),
        }
    }

    /// Describes an event that no client sent.
    pub(crate) fn of_event(id: &str, namespace: &Namespace) -> Self {
        Self::new(id, "", "", "", namespace)
    }

    /// Runs `work` as this request.
    pub(crate) async fn enter<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// Returns the id of the request that is being handled, under which its lines
/// and records are found; `operator` outside of any.
pub(crate) fn request_id() -> String {
    with_current(|it| it.map_or(OPERATOR, |scope| &scope.request_id).to_owned())
}

/// Calls `read` with the request that is being handled, if any.
pub(super) fn with_current<T>(read: impl FnOnce(Option<&RequestScope>) -> T) -> T {
    match CURRENT.try_with(Arc::clone) {
        Ok(scope) => read(Some(&scope)),
        Err(_) => read(None),
    }
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
        let scope = RequestScope::of_event("r1", &Namespace::for_tests());
        let id = Arc::new(scope).enter(async { request_id() }).await;
        assert_eq!(id, "r1");
        assert_eq!(request_id(), OPERATOR);
    }
}
