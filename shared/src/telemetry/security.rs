//! Security events: a line for each, with a stable code, and a metric for some.

use super::line::{Layout, LineFields, METRIC, Member};
use super::metrics::{BY_ADDRESS_CLASS, Group, Metric, TOTAL};
use crate::values::UserId;

const TARGET: &str = "shop::security";

/// The member that tells failed sign-ins apart by where they came from.
const ADDRESS_CLASS: &str = "addressClass";

/// What such a line says.
pub(super) static LAYOUT: Layout = Layout {
    target: TARGET,
    // Outside of a request nobody reads lines: an operator sees what they do.
    needs_request: true,
    members: &[
        Member::event("event"),
        Member::request("requestId"),
        Member::renamed("endpoint", "route"),
        Member::request("sourceIp"),
        Member::request("clientIp"),
        Member::request("userAgent"),
        // Whom the event is about, proven or not.
        Member::event("userId"),
        Member::event("success"),
        Member::event("reason"),
        Member::event(ADDRESS_CLASS),
        Member::event("limit"),
        Member::event("target"),
    ],
    metrics,
};

/// Where security events of the current request are written.
pub(crate) struct SecurityLog;

impl SecurityLog {
    /// Writes that something happened.
    pub(crate) fn emit(event: &SecurityEvent<'_>) {
        let (success, reason, limit, target) = match event {
            SecurityEvent::SignedIn(_) => (Some("true"), None, None, None),
            SecurityEvent::SignInFailed(why, ..) => (None, Some((*why).into()), None, None),
            SecurityEvent::LimitReached(limit) => (None, None, Some(*limit), None),
            SecurityEvent::PictureRejected(_, target) | SecurityEvent::Recorded { target, .. } => {
                (None, None, None, Some(*target))
            }
            _ => (None, None, None, None),
        };
        let reason: Option<&'static str> = reason;
        let class = match event {
            SecurityEvent::SignInFailed(_, _, class) => class.map(<&str>::from),
            _ => None,
        };
        tracing::info!(
            target: TARGET,
            event = event.code(),
            userId = event.user().map(UserId::as_str),
            success,
            reason,
            addressClass = class,
            limit,
            target,
            metric = event.metric().map(Metric::name),
        );
    }
}

fn metrics(line: &LineFields, _: Option<&LineFields>) -> Vec<Group> {
    let metric = line.text(METRIC).and_then(|name| name.parse().ok());
    let metrics = metric.map(|metric: Metric| (metric, 1));
    let dimensions = match line.text(ADDRESS_CLASS) {
        Some(_) => BY_ADDRESS_CLASS,
        None => TOTAL,
    };
    vec![(dimensions, Vec::from_iter(metrics))]
}

/// Where a sign-in came from, as its account knows addresses. The answer never
/// tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum AddressClass {
    /// An address from which it was signed in to lately: people mistype there.
    Known,
    /// Any other: guesses come from there.
    New,
}

/// Why a sign-in was refused. The answer never tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum SignInFailure {
    UnknownAddress,
    WrongPassword,
    /// The right password of an account that is disabled or not yet accepted.
    NotActive,
    /// A record with a role that its side does not have; nothing of ours writes
    /// one.
    WrongRealm,
    /// Too many failures before; whatever the password was.
    Locked,
    /// The right password, which was changed before the session was opened.
    PasswordChanged,
    /// The right password, and no session could be opened: a fault of ours.
    NoSession,
}

/// What happened. The codes are stable, since alarms and people search for
/// them.
pub(crate) enum SecurityEvent<'a> {
    /// `signed-in`: a session was opened.
    SignedIn(&'a UserId),
    /// `sign-in-failed`
    SignInFailed(SignInFailure, Option<&'a UserId>, Option<AddressClass>),
    /// `account-locked`: no password opens it from this address for the rest of
    /// the window.
    AccountLocked(Option<&'a UserId>),
    /// `account-closed`: nor from any address from which nobody signed in to it
    /// lately.
    AccountClosed(Option<&'a UserId>),
    /// `limit-reached`, and which.
    LimitReached(&'static str),
    /// `permission-denied`: a known caller whose role is too low.
    PermissionDenied(Option<&'a UserId>),
    /// `address-refused`: an address outside the admin networks.
    AddressRefused,
    /// `frontend-refused`: a token in `X-Trusted-Client` that is not valid.
    FrontendRefused,
    /// `token-refused`: an access or refresh token that is not valid.
    TokenRefused(Option<&'a UserId>),
    /// `signed-out`
    SignedOut(&'a UserId),
    /// `session-displaced`: the oldest session of someone who opened one more
    /// than they may have.
    SessionDisplaced(&'a UserId),
    /// `picture-rejected`: of this user's upload with this id comes no picture.
    PictureRejected(&'a UserId, &'a str),
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
            Self::AccountClosed(_) => "account-closed",
            Self::LimitReached(_) => "limit-reached",
            Self::PermissionDenied(_) => "permission-denied",
            Self::AddressRefused => "address-refused",
            Self::FrontendRefused => "frontend-refused",
            Self::TokenRefused(_) => "token-refused",
            Self::SignedOut(_) => "signed-out",
            Self::SessionDisplaced(_) => "session-displaced",
            Self::PictureRejected(..) => "picture-rejected",
            Self::Recorded { code, .. } => code,
        }
    }

    fn user(&self) -> Option<&UserId> {
        match self {
            Self::SignedIn(user)
            | Self::SignedOut(user)
            | Self::SessionDisplaced(user)
            | Self::PictureRejected(user, _) => Some(user),
            Self::SignInFailed(_, user, _)
            | Self::AccountLocked(user)
            | Self::AccountClosed(user)
            | Self::PermissionDenied(user)
            | Self::TokenRefused(user) => *user,
            Self::LimitReached(_)
            | Self::AddressRefused
            | Self::FrontendRefused
            | Self::Recorded { .. } => None,
        }
    }

    fn metric(&self) -> Option<Metric> {
        match self {
            // Counted as an answer of 503, and no sign of guesses.
            Self::SignInFailed(SignInFailure::NoSession, ..) => None,
            Self::SignInFailed(..) => Some(Metric::SignInFailures),
            Self::AccountLocked(_) => Some(Metric::AccountLocks),
            Self::AccountClosed(_) => Some(Metric::AccountsClosed),
            Self::LimitReached(_) => Some(Metric::LimitHits),
            Self::PermissionDenied(_) | Self::AddressRefused => Some(Metric::PermissionDenied),
            Self::Recorded { metric, .. } => *metric,
            Self::TokenRefused(_) => Some(Metric::TokensRefused),
            Self::SignedIn(_)
            | Self::SignedOut(_)
            | Self::SessionDisplaced(_)
            | Self::PictureRejected(..)
            | Self::FrontendRefused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::RequestScope;
    use crate::telemetry::layer::written;

    #[test]
    fn an_event_is_one_line_with_its_code_and_its_metric() {
        let event = SecurityEvent::SignInFailed(
            SignInFailure::WrongPassword,
            None,
            Some(AddressClass::New),
        );
        let lines = written(None, || {
            let request = RequestScope::new("r1", "POST /", "192.0.2.1", "a\nb");
            request.span().in_scope(|| SecurityLog::emit(&event));
        });
        assert_eq!(lines.len(), 1);
        let start = concat!(
            r#","event":"sign-in-failed","requestId":"r1","endpoint":"POST /","#,
            r#""sourceIp":"192.0.2.1","userAgent":"a\nb","reason":"wrong-password","#,
            r#""addressClass":"new","SignInFailures":1,"_aws":{"Timestamp":"#,
        );
        assert!(lines[0].contains(start), "{}", lines[0]);
        let read: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(
            read["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            serde_json::json!([[], ["addressClass"]])
        );
    }

    #[test]
    fn what_is_refused_for_its_token_or_its_role_is_counted() {
        for (event, metric) in [
            (SecurityEvent::TokenRefused(None), "TokensRefused"),
            (SecurityEvent::PermissionDenied(None), "PermissionDenied"),
            (SecurityEvent::AddressRefused, "PermissionDenied"),
        ] {
            let lines = written(None, || {
                let request = RequestScope::new("r1", "POST /", "192.0.2.1", "test");
                request.span().in_scope(|| SecurityLog::emit(&event));
            });
            let counted = format!(r#""{metric}":1,"_aws""#);
            assert!(lines[0].contains(&counted), "{}", lines[0]);
        }
    }

    #[test]
    fn an_event_without_a_metric_has_none_and_one_without_a_request_no_line() {
        let user = UserId::generate().unwrap();
        let lines = written(None, || {
            SecurityLog::emit(&SecurityEvent::SignedIn(&user));
            let request = RequestScope::of_event("r1");
            request
                .span()
                .in_scope(|| SecurityLog::emit(&SecurityEvent::SignedIn(&user)));
        });
        assert_eq!(lines.len(), 1);
        let end = format!(r#""userId":"{user}","success":"true"}}"#);
        assert!(lines[0].ends_with(&end), "{}", lines[0]);
    }
}
