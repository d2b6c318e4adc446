//! What a request leaves behind besides its access line: a line for each
//! event of security, with a stable code, and the request's id in each record
//! of the audit log.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::audit::Action;
use crate::call::{Call, FromRequest};
use crate::event::RequestContext;
use crate::ids::UserId;
use crate::log;
use crate::metrics::{Metric, Namespace};
use crate::problem::Problem;
use crate::text::Word;
use crate::time::Timestamp;

/// Where a request came from, for what is written down about it. Ends with
/// the request.
#[derive(Clone)]
pub struct Journal(Arc<Source>);

struct Source {
    request_id: String,
    route: String,
    source_ip: String,
    user_agent: String,
    /// Nothing, where nobody reads the lines: an operator sees what they do.
    namespace: Option<Namespace>,
}

impl FromRequest for Journal {
    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(call.journal().clone())
    }
}

impl Journal {
    pub(crate) fn new(request_id: &str, context: &RequestContext, namespace: &Namespace) -> Self {
        Self(Arc::new(Source {
            request_id: request_id.to_owned(),
            route: context.route_key.clone(),
            source_ip: context.http.source_ip.clone(),
            user_agent: log::user_agent(&context.http.user_agent).to_owned(),
            namespace: Some(namespace.clone()),
        }))
    }

    /// A journal of what no request asked for: an operator's command, or the
    /// demo's filling.
    #[must_use]
    pub fn of_operator() -> Self {
        Self(Arc::new(Source {
            request_id: "operator".to_owned(),
            route: String::new(),
            source_ip: String::new(),
            user_agent: String::new(),
            namespace: None,
        }))
    }

    /// The id under which the request's lines are found.
    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The address that the gateway saw, in its own words.
    pub(crate) fn source_ip(&self) -> &str {
        &self.0.source_ip
    }

    pub(crate) fn user_agent(&self) -> &str {
        &self.0.user_agent
    }

    /// Writes that something happened.
    pub(crate) fn note(&self, event: &Event<'_>) {
        if let Some(namespace) = &self.0.namespace {
            log::write(&Line {
                source: &self.0,
                namespace,
                event,
            });
        }
    }
}

/// Why a sign-in was refused. The answer never tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInFailure {
    UnknownAddress,
    WrongPassword,
    /// The right password of an account that is disabled or not yet accepted.
    NotActive,
    /// Staff where customers sign in, or the other way round.
    WrongDoor,
    /// Too many failures before; whatever the password was.
    Locked,
}

impl Word for SignInFailure {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("unknown-address", Self::UnknownAddress),
        ("wrong-password", Self::WrongPassword),
        ("not-active", Self::NotActive),
        ("wrong-door", Self::WrongDoor),
        ("locked", Self::Locked),
    ];
}

/// What happened. The codes are stable: alarms and people search for them.
pub(crate) enum Event<'a> {
    /// `signed-in`
    SignedIn(&'a UserId),
    /// `sign-in-failed`
    SignInFailed(SignInFailure, Option<&'a UserId>),
    /// `account-locked`: no password opens it for the rest of the window.
    AccountLocked(Option<&'a UserId>),
    /// `limit-reached`, and which.
    LimitReached(&'static str),
    /// `permission-denied`: a known caller whose role is too low.
    PermissionDenied(Option<&'a UserId>),
    /// `address-refused`: an address outside the admin networks.
    AddressRefused,
    /// `token-refused`: an access or refresh token that is not valid.
    TokenRefused(Option<&'a UserId>),
    /// `signed-out`
    SignedOut(&'a UserId),
    /// What the audit log has a record of, under the record's own code.
    Recorded(Action, &'a str),
}

impl Event<'_> {
    fn code(&self) -> &'static str {
        match self {
            Self::SignedIn(_) => "signed-in",
            Self::SignInFailed(..) => "sign-in-failed",
            Self::AccountLocked(_) => "account-locked",
            Self::LimitReached(_) => "limit-reached",
            Self::PermissionDenied(_) => "permission-denied",
            Self::AddressRefused => "address-refused",
            Self::TokenRefused(_) => "token-refused",
            Self::SignedOut(_) => "signed-out",
            Self::Recorded(action, _) => action.as_str(),
        }
    }

    fn metric(&self) -> Option<Metric> {
        match self {
            Self::SignInFailed(..) => Some(Metric::SignInFailures),
            Self::AccountLocked(_) => Some(Metric::AccountLocks),
            Self::LimitReached(_) => Some(Metric::LimitHits),
            Self::PermissionDenied(_) | Self::AddressRefused => Some(Metric::PermissionDenied),
            Self::Recorded(Action::RefreshTokenReused, _) => Some(Metric::RefreshReuse),
            Self::SignedIn(_) | Self::TokenRefused(_) | Self::SignedOut(_) | Self::Recorded(..) => {
                None
            }
        }
    }
}

struct Line<'a> {
    source: &'a Source,
    namespace: &'a Namespace,
    event: &'a Event<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let source = self.source;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &Timestamp::now())?;
        line.serialize_entry("event", self.event.code())?;
        line.serialize_entry("requestId", &source.request_id)?;
        line.serialize_entry("endpoint", &source.route)?;
        line.serialize_entry("sourceIp", &source.source_ip)?;
        line.serialize_entry("userAgent", &source.user_agent)?;
        let (user, detail) = match self.event {
            Event::SignedIn(user) => (Some(*user), Some(("success", "true"))),
            Event::SignInFailed(why, user) => (*user, Some(("reason", why.as_str()))),
            Event::AccountLocked(user)
            | Event::PermissionDenied(user)
            | Event::TokenRefused(user) => (*user, None),
            Event::LimitReached(limit) => (None, Some(("limit", *limit))),
            Event::SignedOut(user) => (Some(*user), None),
            Event::Recorded(_, thing) => (None, Some(("thing", *thing))),
            Event::AddressRefused => (None, None),
        };
        log::optional(&mut line, "userId", user.map(UserId::as_str))?;
        if let Some((name, value)) = detail {
            line.serialize_entry(name, value)?;
        }
        if let Some(metric) = self.event.metric() {
            self.namespace
                .write(&mut line, &[(&[&[]], &[(metric, 1)])])?;
        }
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_code_and_its_metric() {
        let mut context = RequestContext::default();
        context.http.user_agent = "a\nb".to_owned();
        let journal = Journal::new("r1", &context, &Namespace::for_tests());
        let event = Event::SignInFailed(SignInFailure::WrongPassword, None);
        let line = serde_json::to_string(&Line {
            source: &journal.0,
            namespace: &Namespace::for_tests(),
            event: &event,
        });
        let line = line.unwrap();
        assert!(!line.contains('\n'));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["event"], "sign-in-failed");
        assert_eq!(read["reason"], "wrong-password");
        assert_eq!(read["SignInFailures"], 1);
        assert_eq!(
            read["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0],
            serde_json::json!([])
        );
    }
}
