//! The accounts of the shop's staff: how they are invited, listed and changed.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::extract::{FromQuery, PageRequest, Parameters};
use crate::ids::{PathId, UserId};
use crate::json::{Fields, FromJson};
use crate::password::ProposedPassword;
use crate::problem::Problem;
use crate::random;
use crate::text::{self, Word};
use crate::time::Timestamp;
use crate::user::{EmailAddress, Role, User, UserStatus, phone};

/// Whom a super-admin invites to the staff.
pub struct Invitation {
    /// Their address.
    pub email: EmailAddress,
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: Option<String>,
    /// What they shall be: never a customer.
    pub role: Role,
}

impl FromJson for Invitation {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required("email", EmailAddress::read);
        let name = fields.required("name", |v| text::line(v, 1..=200));
        let phone = fields.optional("phone", phone);
        let role = fields.required("role", |v| {
            let role = Role::parse(v.text()?).filter(|role| role.is_staff());
            role.ok_or_else(|| "must be one of: staff, admin, super-admin".into())
        });
        Some(Self {
            email: email?,
            name: name?,
            phone: phone?,
            role: role?,
        })
    }
}

/// What a super-admin changes of someone.
pub struct UserChange {
    /// What they shall be from now on.
    pub role: Option<Role>,
    /// Whether they may use their account.
    pub status: Option<UserStatus>,
    /// Which version the caller has read, if they say so.
    pub version: Option<u64>,
}

impl FromJson for UserChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let role = fields.optional("role", Role::read);
        let status = fields.optional("status", |v| {
            // Nobody becomes invited again.
            let status = UserStatus::parse(v.text()?);
            let status = status.filter(|status| *status != UserStatus::Invited);
            status.ok_or_else(|| "must be one of: active, disabled".into())
        });
        let version = fields.optional("version", |v| {
            v.integer(1..=i64::MAX).map(i64::unsigned_abs)
        });
        let (role, status, version) = (role?, status?, version?);
        if role.is_none() && status.is_none() {
            fields.refuse("role", "is required, unless status is given".into());
            return None;
        }
        Some(Self {
            role,
            status,
            version,
        })
    }
}

/// A person as a super-admin sees them. The list is the whole of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffUser {
    user_id: UserId,
    email: String,
    name: String,
    role: Role,
    status: UserStatus,
    created_at: Timestamp,
    version: u64,
}

impl From<User> for StaffUser {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id,
            email: user.email.as_str().to_owned(),
            name: user.name,
            role: user.role,
            status: user.status,
            created_at: user.created_at,
            version: user.version,
        }
    }
}

/// Someone who was just invited, with what they accept it by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitedUser {
    #[serde(flatten)]
    pub(crate) user: StaffUser,
    pub(crate) invitation: InvitationToken,
}

/// The one-time token of an invitation. Shown once: the shop keeps its hash.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationToken {
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

/// A page of people.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    pub(crate) items: Vec<StaffUser>,
    pub(crate) next_cursor: Option<String>,
}

/// Which people are asked for: `role`, `status`, and the page.
pub struct UserFilter {
    pub(crate) role: Option<Role>,
    pub(crate) status: Option<UserStatus>,
    pub(crate) page: PageRequest,
}

impl FromQuery for UserFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let role =
            parameters.optional("role", Role::parse, "customer, staff, admin or super-admin");
        let status =
            parameters.optional("status", UserStatus::parse, "active, disabled or invited");
        let page = PageRequest::from_query(parameters);
        Some(Self {
            role: role?,
            status: status?,
            page: page?,
        })
    }
}

/// How an invitation is accepted.
pub struct Acceptance {
    /// The invitation's token; nothing, if the text can't be one of ours.
    pub token: Option<InvitationSecret>,
    /// The password that the new member of the staff would like to have.
    pub password: ProposedPassword,
}

impl FromJson for Acceptance {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.required("token", |v| v.text().map(InvitationSecret::parse));
        let password = fields.required("password", ProposedPassword::read_for_staff);
        Some(Self {
            token: token?,
            password: password?,
        })
    }
}

/// What an invitation is accepted by: `<userId>.<random>`.
pub struct InvitationSecret {
    pub(crate) user_id: UserId,
    secret: [u8; 32],
}

impl InvitedUser {
    /// What the invitation is accepted by, and until when.
    #[must_use]
    pub fn invitation(&self) -> &InvitationToken {
        &self.invitation
    }
}

impl InvitationToken {
    /// The token, to be handed to whom it is for and to nobody else.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl InvitationSecret {
    pub(crate) fn generate(user_id: UserId) -> Result<Self, Problem> {
        Ok(Self {
            user_id,
            secret: random::bytes()?,
        })
    }

    /// Reads a token; nothing if the text can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (user_id, secret) = text.split_once('.')?;
        Some(Self {
            user_id: UserId::parse(user_id)?,
            secret: URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?,
        })
    }

    pub(crate) fn to_text(&self) -> String {
        format!("{}.{}", self.user_id, URL_SAFE_NO_PAD.encode(self.secret))
    }

    /// What the shop keeps of it.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitations_token_reads_back_and_nothing_else_is_one() {
        let secret = InvitationSecret::generate(UserId::generate().unwrap()).unwrap();
        let read = InvitationSecret::parse(&secret.to_text()).unwrap();
        assert_eq!(read.hash(), secret.hash());
        let text = secret.to_text();
        for wrong in ["", ".", "usr_1.x", &text[1..], &text[..text.len() - 2]] {
            assert!(InvitationSecret::parse(wrong).is_none(), "{wrong}");
        }
    }
}
