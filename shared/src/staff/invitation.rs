//! Invitations: what a super-admin sends, what is answered, and the one-time
//! token that accepts one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::user::StaffUser;
use crate::identity::{NamesUser, Role, StaffRealm};
use crate::input::{Fields, FromJson, email, line, phone};
use crate::values::{
    EmailAddress, NoEntropy, PathId, Timestamp, UserId, random_bytes, sha256_base64url,
};

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
        let address = fields.required("email", email);
        let name = fields.required("name", |v| line(v, 1..=200));
        let number = fields.optional("phone", phone);
        let role = fields.required("role", |v| {
            let role: Option<Role> = v.text()?.parse().ok();
            role.filter(|role| role.is_staff())
                .ok_or_else(|| "must be one of: staff, admin, super-admin".into())
        });
        Some(Self {
            email: address?,
            name: name?,
            phone: number?,
            role: role?,
        })
    }
}

/// Someone who was invited, with what they accept it by when it was just made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitedUser {
    #[serde(flatten)]
    pub(crate) user: StaffUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invitation: Option<InvitationToken>,
}

/// The one-time token of an invitation. Shown once: the shop keeps its hash.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationToken {
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

/// What an invitation is accepted by: `<userId>.<random>`.
pub struct InvitationSecret {
    pub(crate) user_id: UserId,
    secret: [u8; 32],
}

impl NamesUser<StaffRealm> for InvitationSecret {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

impl InvitationToken {
    /// Returns the token, to be handed to whom it is for and to nobody else.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns when it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl InvitationSecret {
    pub(crate) fn generate(user_id: UserId) -> Result<Self, NoEntropy> {
        Ok(Self {
            user_id,
            secret: random_bytes()?,
        })
    }

    /// Reads a token, or returns `None` if the text can't be one.
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

    /// Returns what the shop keeps of it.
    pub(crate) fn hash(&self) -> String {
        sha256_base64url::<32>(&self.secret)
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
