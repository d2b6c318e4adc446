//! The audit log: one record for every change by the staff and every change
//! by anyone that security depends on. Who did what to which thing, and under
//! which request; of what changed, the names of the fields, and their values
//! only where those are words of ours.

use serde::Serialize;

use crate::auth::Identity;
use crate::extract::{FromQuery, PageRequest, Parameters};
use crate::ids::{AuditId, PathId, UserId};
use crate::journal::{Event, Journal};
use crate::text::Word;
use crate::time::{Day, Timestamp};

/// What was done. The words are stable: people search for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A newcomer made an account.
    AccountRegistered,
    /// A password was changed by whoever knew the old one.
    PasswordChanged,
    /// Someone ended all of their sessions.
    SignedOutEverywhere,
    /// A refresh token was used twice, which ended its session.
    RefreshTokenReused,
    /// A member of staff was invited.
    UserInvited,
    /// An invited member of staff set their password.
    InvitationAccepted,
    /// Someone's role was changed.
    RoleChanged,
    /// Someone's account was disabled, or enabled again.
    StatusChanged,
    /// A product was made.
    ProductCreated,
    /// A form to upload a picture was given out.
    UploadGranted,
    /// The key that signs tokens was replaced.
    SigningKeyRotated,
}

impl Word for Action {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("account-registered", Self::AccountRegistered),
        ("password-changed", Self::PasswordChanged),
        ("signed-out-everywhere", Self::SignedOutEverywhere),
        ("refresh-token-reused", Self::RefreshTokenReused),
        ("user-invited", Self::UserInvited),
        ("invitation-accepted", Self::InvitationAccepted),
        ("role-changed", Self::RoleChanged),
        ("status-changed", Self::StatusChanged),
        ("product-created", Self::ProductCreated),
        ("upload-granted", Self::UploadGranted),
        ("signing-key-rotated", Self::SigningKeyRotated),
    ];
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub(crate) field: String,
    /// What it was, where that is a word of ours; never what anyone typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// What it is now, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

impl Change {
    /// A field whose values are nobody's business here.
    pub(crate) fn of(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            before: None,
            after: None,
        }
    }

    /// A field whose values are words of ours.
    pub(crate) fn between<W: Word>(field: &str, before: W, after: W) -> Self {
        Self {
            field: field.to_owned(),
            before: Some(before.as_str().to_owned()),
            after: Some(after.as_str().to_owned()),
        }
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Someone whose identity was proven.
    User(UserId),
    /// Someone who showed a token that is not theirs, or not any more.
    Unknown,
    /// The shop itself, on a schedule.
    Schedule,
    /// Someone with the AWS credentials of the shop's operator.
    Operator,
}

impl Actor {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Unknown => "unknown",
            Self::Schedule => "schedule",
            Self::Operator => "operator",
        }
    }
}

/// A record that is to be written with the change that it tells of.
pub(crate) struct Record<'a> {
    pub(crate) actor: Actor,
    pub(crate) action: Action,
    /// The id of what was changed.
    pub(crate) thing: &'a str,
    pub(crate) changes: Vec<Change>,
    journal: &'a Journal,
}

impl<'a> Record<'a> {
    /// What someone known did.
    pub(crate) fn by(
        who: &'a impl Identity,
        action: Action,
        thing: &'a str,
        changes: Vec<Change>,
    ) -> Self {
        Self {
            actor: Actor::User(who.user_id().clone()),
            action,
            thing,
            changes,
            journal: who.journal(),
        }
    }

    /// What was done under a request that no token names anyone for.
    pub(crate) fn under(
        journal: &'a Journal,
        actor: Actor,
        action: Action,
        thing: &'a str,
        changes: Vec<Change>,
    ) -> Self {
        Self {
            actor,
            action,
            thing,
            changes,
            journal,
        }
    }

    /// The id of the request under which it happened.
    pub(crate) fn request_id(&self) -> &str {
        self.journal.request_id()
    }

    /// Leaves the event that goes with the record, once that is written.
    pub(crate) fn note(&self) {
        let event = Event::Recorded(self.action, self.thing);
        self.journal.note(&event);
    }
}

/// A record as it is read back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub(crate) audit_id: AuditId,
    pub(crate) at: Timestamp,
    /// A user's id, or `unknown`, `schedule`, `operator`.
    pub(crate) actor: String,
    pub(crate) action: Action,
    pub(crate) thing: String,
    pub(crate) changes: Vec<Change>,
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
    /// All that was done to one thing, or all of one day's.
    Thing(String, Option<Day>),
}

/// What part of the audit log is asked for: `day` (today, if nothing else is
/// given), `actor`, `thing`, and the page.
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
        let thing = parameters.optional(
            "thing",
            |text| is_thing(text).then(|| text.to_owned()),
            "the id of a thing",
        );
        let page = PageRequest::from_query(parameters);
        let scope = match (actor?, thing?, day?) {
            (Some(_), Some(_), _) => {
                parameters.refuse::<()>("thing", "left out where `actor` is given");
                return None;
            }
            (Some(actor), None, day) => AuditScope::Actor(actor, day),
            (None, Some(thing), day) => AuditScope::Thing(thing, day),
            (None, None, day) => AuditScope::Day(day),
        };
        Some(Self { scope, page: page? })
    }
}

fn is_actor(text: &str) -> bool {
    UserId::parse(text).is_some() || matches!(text, "unknown" | "schedule" | "operator")
}

/// Ids of ours are short, and of these characters.
fn is_thing(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_the_same_word_in_the_log_and_in_answers() {
        for (word, action) in Action::WORDS {
            assert_eq!(serde_json::to_value(action).unwrap(), *word);
        }
        assert_eq!(Action::WORDS.len(), 11);
    }
}
