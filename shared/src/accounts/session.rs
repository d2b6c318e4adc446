//! Sessions: what a sign-in gives, and the refresh token that keeps it alive.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::identity::{LIFETIME, NamesUser, Realm, Role, User};
use crate::input::{Field, Fields, FromJson, Reason};
use crate::values::{
    NoEntropy, PathId, SessionId, Timestamp, UserId, random_bytes, sha256_base64url,
};

const DAY: u64 = 24 * 60 * 60;
/// How many bytes of a refresh token stay the same for the whole session. With
/// these right and the rest wrong it is a used token; with these wrong it is a
/// guess.
pub(super) const FAMILY_BYTES: usize = 16;
/// How many bytes are new with every refresh.
const ROTATING_BYTES: usize = 32;

/// Returns how long a session of that role lasts, however often it is refreshed: 30
/// days for customers, 12 hours for those whose mistakes cost more.
pub(crate) fn lifetime(role: Role) -> Duration {
    Duration::from_secs(if role.is_staff() { DAY / 2 } else { 30 * DAY })
}

/// An opaque token, `<userId>.<sessionId>.<random>`. The shop keeps its
/// hashes alone.
#[derive(Clone)]
pub struct RefreshToken {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(super) secret: [u8; FAMILY_BYTES + ROTATING_BYTES],
}

impl<R: Realm> NamesUser<R> for RefreshToken {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

impl RefreshToken {
    /// Makes the first token of a new session.
    pub(crate) fn first(user_id: UserId, session_id: SessionId) -> Result<Self, NoEntropy> {
        Ok(Self {
            user_id,
            session_id,
            secret: random_bytes()?,
        })
    }

    /// Reads a token, or returns `None` if the text can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let user_id = UserId::parse(parts.next()?)?;
        let session_id = SessionId::parse(parts.next()?)?;
        let secret = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        Some(Self {
            user_id,
            session_id,
            secret: secret.try_into().ok()?,
        })
    }

    pub(crate) fn to_text(&self) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.secret);
        format!("{}.{}.{secret}", self.user_id, self.session_id)
    }

    /// Returns what the shop keeps of the part that stays.
    pub(crate) fn family_hash(&self) -> String {
        sha256_base64url::<32>(self.secret.get(..FAMILY_BYTES).unwrap_or_default())
    }

    /// Returns what the shop keeps of this very token.
    pub(crate) fn hash(&self) -> String {
        sha256_base64url::<32>(&self.secret)
    }
}

/// The body of a refresh. A text that can't be a token of ours is a wrong
/// token, not a wrong field.
pub struct RefreshRequest(pub Option<RefreshToken>);

impl FromJson for RefreshRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("refreshToken", read).map(Self)
    }
}

/// What to sign out of.
pub enum SignOutRequest {
    /// One session; `None` if the token can't be one of ours.
    Session(Option<RefreshToken>),
    /// All of the caller's.
    Everywhere,
}

impl FromJson for SignOutRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.optional("refreshToken", read);
        let everywhere = fields.optional("everywhere", |v| v.boolean());
        match (token?, everywhere?) {
            (_, Some(true)) => Some(Self::Everywhere),
            (Some(token), _) => Some(Self::Session(token)),
            (None, _) => {
                fields.refuse(
                    "refreshToken",
                    "is required, unless everywhere is true".into(),
                );
                None
            }
        }
    }
}

fn read(field: Field<'_>) -> Result<Option<RefreshToken>, Reason> {
    field.text().map(RefreshToken::parse)
}

/// What a sign-in answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    refresh_expires_in: u64,
    user: SessionUser,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionUser {
    user_id: UserId,
    email: String,
    name: String,
    role: Role,
}

impl Session {
    pub(crate) fn new(
        user: &User,
        access_token: String,
        refresh: &RefreshToken,
        end: Timestamp,
    ) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: LIFETIME,
            refresh_token: refresh.to_text(),
            refresh_expires_in: Timestamp::now().until(end).unwrap_or_default().as_secs(),
            user: SessionUser {
                user_id: user.id.clone(),
                email: user.email.as_str().to_owned(),
                name: user.name.clone(),
                role: user.role,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> RefreshToken {
        let (user, session) = (UserId::generate().unwrap(), SessionId::generate().unwrap());
        RefreshToken::first(user, session).unwrap()
    }

    #[test]
    fn a_refresh_token_reads_back() {
        let token = first();
        let read = RefreshToken::parse(&token.to_text()).unwrap();
        assert_eq!(read.to_text(), token.to_text());
        assert_eq!(read.hash(), token.hash());
    }

    #[test]
    fn what_can_not_be_a_refresh_token_is_none() {
        let good = first().to_text();
        for text in ["", ".", "..", "a.b.c", &good[1..], &good[..good.len() - 2]] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn staff_sessions_are_short() {
        assert_eq!(lifetime(Role::Customer).as_secs(), 30 * DAY);
        for role in [Role::Staff, Role::Admin, Role::SuperAdmin] {
            assert_eq!(lifetime(role).as_secs(), 12 * 60 * 60);
        }
    }
}
