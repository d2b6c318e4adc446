//! People: who they are and what they may do.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::values::{EmailAddress, NoEntropy, SessionId, Timestamp, UserId};

/// What a person may do. A customer buys; the others run the shop, each with
/// all that the one before may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// Buys, and sees what is theirs.
    Customer,
    /// Processes orders.
    Staff,
    /// Runs the catalogue.
    Admin,
    /// Runs the shop: accounts of the staff, settings, the audit log.
    SuperAdmin,
}

impl Role {
    /// Returns whether this role works for the shop.
    #[must_use]
    pub fn is_staff(self) -> bool {
        self >= Self::Staff
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum UserStatus {
    /// Can sign in.
    Active,
    /// Can't sign in; the data is kept.
    Disabled,
    /// Invited, and has not accepted yet.
    Invited,
}

/// A person as the shop keeps them, without what proves who they are.
#[derive(Clone)]
pub struct User {
    /// Their id.
    pub(crate) id: UserId,
    /// Their address.
    pub(crate) email: EmailAddress,
    /// Their name.
    pub(crate) name: String,
    /// Their number.
    pub(crate) phone: Option<String>,
    /// What they may do.
    pub(crate) role: Role,
    /// Whether they may do it.
    pub(crate) status: UserStatus,
    /// Tokens issued, and sessions opened, before this are not valid.
    pub(crate) tokens_valid_after: Timestamp,
    /// The one session for which that does not hold: the one in which they
    /// changed their password.
    pub(crate) kept_session: Option<SessionId>,
    /// Whether they were invited and have never accepted.
    pub(crate) invitation_pending: bool,
    /// Counts the changes of their role and status.
    pub(crate) version: u64,
    /// When the account was made.
    pub(crate) created_at: Timestamp,
}

impl User {
    /// Makes a new person, active from now on.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(email: EmailAddress, name: &str, role: Role) -> Result<Self, NoEntropy> {
        let now = Timestamp::now();
        Ok(Self {
            id: UserId::generate()?,
            email,
            name: name.to_owned(),
            phone: None,
            role,
            status: UserStatus::Active,
            tokens_valid_after: now,
            kept_session: None,
            invitation_pending: false,
            version: 1,
            created_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_staff_role_includes_the_one_before() {
        assert!(Role::SuperAdmin > Role::Admin);
        assert!(Role::Admin > Role::Staff);
        assert!(Role::Staff.is_staff());
        assert!(!Role::Customer.is_staff());
    }

    #[test]
    fn a_role_has_the_same_word_in_tokens_tables_and_answers() {
        for word in Role::VARIANTS {
            let role: Role = word.parse().unwrap();
            assert_eq!(<&str>::from(role), *word);
            assert_eq!(serde_json::to_value(role).unwrap(), *word);
        }
    }
}
