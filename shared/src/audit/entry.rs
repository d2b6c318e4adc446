//! Records as they are asked for and answered.

use serde::Serialize;

use super::record::{Action, Change};
use crate::input::{FromQuery, PageRequest, Parameters};
use crate::values::{AuditId, Day, PathId, Timestamp, UserId};

/// A record as it is read back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntry {
    pub(crate) audit_id: AuditId,
    pub(crate) at: Timestamp,
    /// A user's id, or `unknown`, `schedule`, `operator`.
    pub(crate) actor: String,
    pub(crate) action: Action,
    pub(crate) target: String,
    pub(crate) changes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) request_id: String,
}

/// A page of the audit log, the newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    pub(crate) items: Vec<AuditEntry>,
    pub(crate) next_cursor: Option<String>,
}

/// Which records are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuditScope {
    /// All of one day: today, if none is named.
    Day(Option<Day>),
    /// All that someone did, or all of one day's.
    Actor(String, Option<Day>),
    /// All that was done to one target, or all of one day's.
    Target(String, Option<Day>),
}

/// What part of the audit log is asked for: `day` (today, if nothing else is
/// given), `actor`, `target`, and the page.
pub struct AuditFilter {
    pub(crate) scope: AuditScope,
    pub(crate) page: PageRequest,
}

impl FromQuery for AuditFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let day = parameters.optional("day", Day::parse, "a day such as 2026-11-21");
        let actor = parameters.optional(
            "actor",
            |text| is_actor(text).then(|| text.to_owned()),
            "a user's id, unknown, schedule or operator",
        );
        let target = parameters.optional(
            "target",
            |text| is_target_id(text).then(|| text.to_owned()),
            "the id of a thing",
        );
        let page = PageRequest::from_query(parameters);
        let scope = match (actor?, target?, day?) {
            (Some(_), Some(_), _) => {
                parameters.refuse::<()>("target", "left out where `actor` is given");
                return None;
            }
            (Some(actor), None, day) => AuditScope::Actor(actor, day),
            (None, Some(target), day) => AuditScope::Target(target, day),
            (None, None, day) => AuditScope::Day(day),
        };
        Some(Self { scope, page: page? })
    }
}

fn is_actor(text: &str) -> bool {
    UserId::parse(text).is_some() || matches!(text, "unknown" | "schedule" | "operator")
}

/// Ids of ours are short, and of these characters.
fn is_target_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
