//! Security events: a line for each, with a stable code, and a metric for some.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::line::{optional, write};
use super::metrics::Metric;
use super::request::{RequestScope, with_current};
use crate::values::{Timestamp, UserId};

/// Where security events of the current request are written. Outside of a
/// request nobody reads lines: an operator sees what they do.
pub(crate) struct SecurityLog;

impl SecurityLog {
    /// Writes that something happened.
    pub(crate) fn emit(event: &SecurityEvent<'_>) {
        with_current(|request| {
            if let Some(request) = request {
                write(&Line { request, event });
            }
        });
    }
}

/// Why a sign-in was refused. The answer never tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum SignInFailure {
    UnknownAddress,
    WrongPassword,
    /// The right password of an account that is disabled or not yet accepted.
    NotActive,
    /// Staff where customers sign in, or the other way round.
    WrongRealm,
    /// Too many failures before; whatever the password was.
    Locked,
}

/// What happened. The codes are stable, since alarms and people search for
/// them.
pub(crate) enum SecurityEvent<'a> {
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
    /// A change that the audit log has a record of, under the record's code.
    Recorded {
        code: &'static str,
        target: &'a str,
        metric: Option<Metric>,
    },
}

impl SecurityEvent<'_> {
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
            Self::Recorded { code, .. } => code,
        }
    }

    fn metric(&self) -> Option<Metric> {
        match self {
            Self::SignInFailed(..) => Some(Metric::SignInFailures),
            Self::AccountLocked(_) => Some(Metric::AccountLocks),
            Self::LimitReached(_) => Some(Metric::LimitHits),
            Self::PermissionDenied(_) | Self::AddressRefused => Some(Metric::PermissionDenied),
            Self::Recorded { metric, .. } => *metric,
            Self::SignedIn(_) | Self::TokenRefused(_) | Self::SignedOut(_) => None,
        }
    }
}

struct Line<'a> {
    request: &'a RequestScope,
    event: &'a SecurityEvent<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &Timestamp::now())?;
        line.serialize_entry("event", self.event.code())?;
        line.serialize_entry("requestId", &request.request_id)?;
        line.serialize_entry("endpoint", &request.route)?;
        line.serialize_entry("sourceIp", &request.source_ip)?;
        line.serialize_entry("userAgent", &request.user_agent)?;
        let (user, detail) = match self.event {
            SecurityEvent::SignedIn(user) => (Some(*user), Some(("success", "true"))),
            SecurityEvent::SignInFailed(why, user) => (*user, Some(("reason", (*why).into()))),
            SecurityEvent::AccountLocked(user)
            | SecurityEvent::PermissionDenied(user)
            | SecurityEvent::TokenRefused(user) => (*user, None),
            SecurityEvent::LimitReached(limit) => (None, Some(("limit", *limit))),
            SecurityEvent::SignedOut(user) => (Some(*user), None),
            SecurityEvent::Recorded { target, .. } => (None, Some(("target", *target))),
            SecurityEvent::AddressRefused => (None, None),
        };
        optional(&mut line, "userId", user.map(UserId::as_str))?;
        if let Some((name, value)) = detail {
            line.serialize_entry(name, value)?;
        }
        if let Some(metric) = self.event.metric() {
            self.request
                .namespace
                .write(&mut line, &[(&[&[]], &[(metric, 1)])])?;
        }
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Namespace;

    #[test]
    fn an_event_is_one_line_with_its_code_and_its_metric() {
        let request = RequestScope::new("r1", "", "", "a\nb", &Namespace::for_tests());
        let event = SecurityEvent::SignInFailed(SignInFailure::WrongPassword, None);
        let line = serde_json::to_string(&Line {
            request: &request,
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
