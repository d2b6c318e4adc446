//! People: who they are and what they may do.

use serde::Serialize;

use crate::ids::{SessionId, UserId};
use crate::json::{Field, Fields, FromJson, Reason};
use crate::password::{NewPassword, PasswordAttempt, ProposedPassword};
use crate::problem::Problem;
use crate::text::{self, Word};
use crate::time::Timestamp;

/// What a person may do. A customer buys; the others run the shop, each with
/// all that the one before may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
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

impl Word for Role {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("customer", Self::Customer),
        ("staff", Self::Staff),
        ("admin", Self::Admin),
        ("super-admin", Self::SuperAdmin),
    ];
}

impl Role {
    /// Whether this role works for the shop.
    #[must_use]
    pub fn is_staff(self) -> bool {
        self >= Self::Staff
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserStatus {
    /// It may.
    Active,
    /// It may not; nothing of it is lost.
    Disabled,
    /// Not yet: whoever it is for has not accepted the invitation.
    Invited,
}

impl Word for UserStatus {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("active", Self::Active),
        ("disabled", Self::Disabled),
        ("invited", Self::Invited),
    ];
}

/// An e-mail address, as it was typed but for the case of its domain.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address: at most 254 characters, at most 64 before the one
    /// `@`, letters, digits and the usual signs there but no quotes or
    /// backticks (OWASP Input Validation Cheat Sheet), a host name of two or
    /// more labels after it (RFC 1123).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let domain = domain.to_ascii_lowercase();
        (text.len() <= 254 && is_local_part(local) && is_host(&domain))
            .then(|| Self(format!("{local}@{domain}")))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address have in common: hardly any mail
    /// system tells `Ann@` from `ann@`, and two accounts that differ in case
    /// alone would be a trap.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    pub(crate) fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::parse(field.text()?).ok_or_else(|| "must be an e-mail address".into())
    }
}

fn is_local_part(local: &str) -> bool {
    const SIGNS: &str = "!#$%&*+/=?^_{|}~-";
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || SIGNS.contains(c))
    };
    local.len() <= 64 && local.split('.').all(atom)
}

fn is_host(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(label) && !top.bytes().all(|b| b.is_ascii_digit())
}

/// A telephone number in E.164 form: `+` and 8 to 15 digits. Spaces, hyphens,
/// dots and brackets are taken out.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn phone(field: Field<'_>) -> Result<String, Reason> {
    let number: String = field
        .text()?
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let valid = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    valid
        .then_some(number)
        .ok_or_else(|| "must be + and 8 to 15 digits, as in +4930123456".into())
}

/// A person as the shop keeps them, without what proves who they are.
#[derive(Clone)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Whether they may do it.
    pub status: UserStatus,
    /// Tokens issued, and sessions opened, before this are no longer valid.
    pub tokens_valid_after: Timestamp,
    /// The one session for which that does not hold: the one in which they
    /// changed their password.
    pub kept_session: Option<SessionId>,
    /// Whether their password is long enough for a member of the staff.
    pub staff_password: bool,
    /// Whether they were invited and have never accepted.
    pub awaited: bool,
    /// Counts the changes of their role and status.
    pub version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// A new person, active from now on.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] without random bytes.
    pub fn new(email: EmailAddress, name: &str, role: Role) -> Result<Self, Problem> {
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
            staff_password: false,
            awaited: false,
            version: 1,
            created_at: now,
        })
    }
}

/// What a newcomer sends to get an account.
pub struct Registration {
    /// Their address.
    pub email: EmailAddress,
    /// What they will sign in with.
    pub password: NewPassword,
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: Option<String>,
}

impl FromJson for Registration {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required("email", EmailAddress::read);
        let password = fields.required("password", ProposedPassword::read);
        let name = fields.required("name", |v| text::line(v, 1..=200));
        let phone = fields.optional("phone", phone);
        let (email, password, name) = (email?, password?, name?);
        let password = match password.for_account(Role::Customer, &email, &name) {
            Ok(password) => password,
            Err(reason) => {
                fields.refuse("password", reason);
                return None;
            }
        };
        Some(Self {
            email,
            password,
            name,
            phone: phone?,
        })
    }
}

/// What a person sends to sign in.
pub struct SignIn {
    /// The address they give.
    pub email: EmailAddress,
    /// The password they give.
    pub password: PasswordAttempt,
    /// What they call the device.
    pub device: Option<String>,
}

impl FromJson for SignIn {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required("email", EmailAddress::read);
        let password = fields.required("password", PasswordAttempt::read);
        let device = fields.optional("device", |v| text::line(v, 1..=100));
        Some(Self {
            email: email?,
            password: password?,
            device: device?,
        })
    }
}

/// What a person sends to change their password.
pub struct PasswordChange {
    /// The one they have.
    pub current: PasswordAttempt,
    /// The one they would like to have.
    pub new: ProposedPassword,
}

impl FromJson for PasswordChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let current = fields.required("currentPassword", PasswordAttempt::read);
        let new = fields.required("newPassword", ProposedPassword::read);
        Some(Self {
            current: current?,
            new: new?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_accepted() {
        for text in [
            "alice@example.com",
            "user+tag@gmail.com",
            "first.last@sub.example.co.uk",
            "x_y-z@example.museum",
            "1@example.xn--p1ai",
        ] {
            assert!(EmailAddress::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", "b.".repeat(130));
        let endless = "a".repeat(100_000);
        for text in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "a@b@example.com",
            "a b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@-example.com",
            "a@example..com",
            "a@127.0.0.1",
            "a\u{0}@example.com",
            "a\n@example.com",
            "\"a\"@example.com",
            "a`@example.com",
            "a@exa_mple.com",
            &long,
            &longer,
            &endless,
        ] {
            assert!(EmailAddress::parse(text).is_none(), "{text:.40}");
        }
    }

    #[test]
    fn two_spellings_of_an_address_are_one_account() {
        let (one, other) = ("Ann@Example.com", "ann@EXAMPLE.COM");
        let key = |text| EmailAddress::parse(text).unwrap().key();
        assert_eq!(key(one), key(other));
        assert_eq!(
            EmailAddress::parse(one).unwrap().as_str(),
            "Ann@example.com"
        );
    }

    #[test]
    fn each_staff_role_includes_the_one_before() {
        assert!(Role::SuperAdmin > Role::Admin);
        assert!(Role::Admin > Role::Staff);
        assert!(Role::Staff.is_staff());
        assert!(!Role::Customer.is_staff());
        for (word, role) in Role::WORDS {
            assert_eq!((role.as_str(), Role::parse(word)), (*word, Some(*role)));
        }
    }
}
