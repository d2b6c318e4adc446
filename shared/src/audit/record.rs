//! What a record of the audit log says: who did what to what, and which
//! fields changed, with their values only where those are words of a fixed
//! list.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::identity::Identity;
use crate::telemetry::{Metric, SecurityEvent, SecurityLog};
use crate::values::UserId;

/// What was done. The words are stable, since people search for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Action {
    /// A newcomer made an account.
    AccountRegistered,
    /// A password was changed by whoever knew the old one.
    PasswordChanged,
    /// Someone ended all of their sessions.
    SignedOutEverywhere,
    /// A refresh token was used again, after its successor or too late, which
    /// ended its session.
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
    /// A product was changed, but for its stock and its pictures.
    ProductChanged,
    /// A product was deleted.
    ProductDeleted,
    /// A product's stock was set, or changed by a difference.
    StockChanged,
    /// A category was made.
    CategoryCreated,
    /// A category's name or parent was changed.
    CategoryChanged,
    /// A category was deleted.
    CategoryDeleted,
    /// A form to upload a picture was handed out.
    UploadGranted,
    /// A picture was taken off its product.
    PictureDeleted,
    /// A customer cancelled their order.
    OrderCancelled,
    /// One of the staff moved an order along, marked it as paid or wrote down
    /// something about it.
    OrderUpdated,
    /// One of the staff looked a customer up, and found them or not.
    CustomerSearched,
    /// The key that signs tokens was replaced.
    SigningKeyRotated,
    /// A frontend may say for whom it calls.
    FrontendTrusted,
    /// It may not any more.
    FrontendRemoved,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    pub(crate) field: String,
    /// What it was, where that is a word of a fixed list; never what anyone
    /// typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<String>,
    /// What it is now, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

impl Change {
    /// Names a field whose values are not recorded.
    pub(crate) fn of(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            before: None,
            after: None,
        }
    }

    /// Records a field's words before and after.
    pub(crate) fn between<W: Into<&'static str>>(field: &str, before: W, after: W) -> Self {
        Self {
            field: field.to_owned(),
            before: Some(before.into().to_owned()),
            after: Some(after.into().to_owned()),
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
    pub(crate) target: &'a str,
    pub(crate) changes: Vec<Change>,
    /// Why, in the words of whoever did it; nobody's e-mail address.
    pub(super) reason: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// Records what someone known did.
    pub(crate) fn by(
        who: &impl Identity,
        action: Action,
        target: &'a str,
        changes: Vec<Change>,
    ) -> Self {
        let actor = Actor::User(who.user_id().clone());
        Self::new(actor, action, target, changes)
    }

    /// Records what anyone did.
    pub(crate) fn new(actor: Actor, action: Action, target: &'a str, changes: Vec<Change>) -> Self {
        Self {
            actor,
            action,
            target,
            changes,
            reason: None,
        }
    }

    /// Adds why it was done.
    pub(crate) fn because(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Emits the security event that goes with the record, once that is
    /// written.
    pub(super) fn emit(&self) {
        SecurityLog::emit(&SecurityEvent::Recorded {
            code: self.action.into(),
            target: self.target,
            metric: match self.action {
                Action::RefreshTokenReused => Some(Metric::RefreshReuse),
                _ => None,
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_the_same_word_in_the_log_and_in_answers() {
        for word in Action::VARIANTS {
            let action: Action = word.parse().unwrap();
            assert_eq!(<&str>::from(action), *word);
            assert_eq!(serde_json::to_value(action).unwrap(), *word);
        }
        assert_eq!(Action::VARIANTS.len(), 23);
    }
}
