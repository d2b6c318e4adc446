//! Identities: who may call. This is the only file that makes one, and only
//! from a token whose signature it checked.
//!
//! An identity can't be made by hand, by deserialising, or from an id:
//! ```compile_fail,E0451
//! use shared::identity::Customer;
//! use shared::values::UserId;
//! fn impostor(id: UserId) -> Customer {
//!     Customer { id }
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::identity::Customer;
//! use shared::values::UserId;
//! fn impostor(id: UserId) -> Customer {
//!     id.into()
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::identity::Customer;
//! fn nobody() -> Customer {
//!     fn default<T: Default>() -> T { T::default() }
//!     default()
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::identity::Customer;
//! fn needs<T: serde::de::DeserializeOwned>() {}
//! fn from_the_wire() {
//!     needs::<Customer>();
//! }
//! ```

use std::sync::Arc;

use super::key_ring::KeyRing;
use super::token::{Claims, Unverified};
use super::user::{Role, User, UserStatus};
use super::users::{NamesUser, Users};
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{FromRequest, Principal, Problem, RequestContext};
use crate::values::{SessionId, Timestamp, UserId};

/// Someone whom a verified token names. Only this file implements it.
pub(crate) trait Identity: Send + Sync {
    /// Returns whose data they reach.
    fn user_id(&self) -> &UserId;

    /// Returns when their token was issued, in seconds since 1970.
    fn issued_at(&self) -> i64;

    /// Returns in which of their sessions the token was issued.
    fn session_id(&self) -> &SessionId;
}

/// Declares an identity: private fields, made in this file alone.
macro_rules! identity {
    ($(#[$doc:meta])* $Name:ident) => {
        $(#[$doc])*
        pub struct $Name {
            id: UserId,
            issued_at: i64,
            session_id: SessionId,
        }

        impl Identity for $Name {
            fn user_id(&self) -> &UserId {
                &self.id
            }

            fn issued_at(&self) -> i64 {
                self.issued_at
            }

            fn session_id(&self) -> &SessionId {
                &self.session_id
            }
        }

        impl NamesUser for $Name {
            fn named_user(&self) -> &UserId {
                &self.id
            }
        }

        impl $Name {
            /// Makes one of verified claims. Private to this file: there is no other
            /// way.
            fn of(claims: Claims) -> Self {
                Self {
                    id: claims.user_id,
                    issued_at: claims.issued_at,
                    session_id: claims.session_id,
                }
            }
        }
    };
}

identity!(
    /// A customer: reaches what is their own and nothing else.
    Customer
);
identity!(
    /// Anyone with an account, for what is their own: customer or staff.
    AnyUser
);
identity!(
    /// An admin or super-admin. Their record has been read: they still are one,
    /// and active.
    Admin
);
identity!(
    /// A super-admin, checked like [`Admin`].
    SuperAdmin
);

/// Someone whose record a super-admin asked for.
pub(crate) struct ManagedUser<'a> {
    id: &'a UserId,
}

impl SuperAdmin {
    /// Names someone whose record the super-admin reads or changes.
    pub(crate) fn managed<'a>(&self, id: &'a UserId) -> ManagedUser<'a> {
        ManagedUser { id }
    }
}

impl NamesUser for ManagedUser<'_> {
    fn named_user(&self) -> &UserId {
        self.id
    }
}

impl NamesUser for Claims {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

/// Makes a customer of the unit tests: no build that is deployed has this.
#[cfg(test)]
pub(crate) fn customer_for_tests() -> Customer {
    Customer {
        id: UserId::generate().unwrap(),
        issued_at: Timestamp::now().unix(),
        session_id: SessionId::generate().unwrap(),
    }
}

impl FromRequest for Customer {
    type Service = TokenVerifier;

    async fn from_request(
        request: &RequestContext<'_>,
        tokens: &TokenVerifier,
    ) -> Result<Self, Problem> {
        let claims = tokens.claims(request).await?;
        if claims.role != Role::Customer {
            return Err(Problem::Forbidden);
        }
        Ok(Self::of(claims))
    }
}

impl FromRequest for AnyUser {
    type Service = TokenVerifier;

    async fn from_request(
        request: &RequestContext<'_>,
        tokens: &TokenVerifier,
    ) -> Result<Self, Problem> {
        Ok(Self::of(tokens.claims(request).await?))
    }
}

/// Who calls, or why that is not known: for a handler that asks it for some of
/// its requests only.
impl FromRequest for Result<AnyUser, Problem> {
    type Service = TokenVerifier;

    async fn from_request(
        request: &RequestContext<'_>,
        tokens: &TokenVerifier,
    ) -> Result<Self, Problem> {
        Ok(AnyUser::from_request(request, tokens).await)
    }
}

/// Declares who may call where a staff role is needed.
macro_rules! staff {
    ($Name:ident, $role:expr) => {
        impl FromRequest for $Name {
            type Service = RoleVerifier;

            async fn from_request(
                request: &RequestContext<'_>,
                roles: &RoleVerifier,
            ) -> Result<Self, Problem> {
                Ok(Self::of(roles.claims(request, $role).await?))
            }
        }
    };
}

staff!(Admin, Role::Admin);
staff!(SuperAdmin, Role::SuperAdmin);

/// Checks access tokens.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: Arc<str>,
    keys: KeyRing,
}

impl FromEnv for TokenVerifier {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            issuer: env.variable("TOKEN_ISSUER")?.into(),
            keys: env.singleton()?,
        })
    }

    /// Reads the public keys, which also opens the connection to DynamoDB.
    async fn warm(&self) {
        self.keys.warm().await;
    }
}

impl TokenVerifier {
    /// Returns what the request's token says, if it is valid, and records its
    /// owner for the log.
    async fn claims(&self, request: &RequestContext<'_>) -> Result<Claims, Problem> {
        let claims = self.verify(request.header("authorization")).await?;
        request.record_principal(Principal {
            user_id: claims.user_id.clone(),
            role: claims.role.into(),
        });
        Ok(claims)
    }

    async fn verify(&self, header: Option<&str>) -> Result<Claims, Problem> {
        let token = bearer(header.ok_or(Problem::NoToken)?).ok_or(Problem::BadToken)?;
        let token = Unverified::read(token).ok_or(Problem::BadToken)?;
        let key = self.keys.find(&token.kid).await?.ok_or(Problem::BadToken)?;
        token
            .verify(&key, &self.issuer, Timestamp::now())
            .ok_or(Problem::BadToken)
    }
}

/// Checks access tokens, and roles by the record of their owner.
#[derive(Clone)]
pub struct RoleVerifier {
    tokens: TokenVerifier,
    users: Users,
}

impl FromEnv for RoleVerifier {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            tokens: TokenVerifier::from_env(env)?,
            users: Users::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.tokens.warm().await;
    }
}

impl RoleVerifier {
    /// Returns the claims of someone who has at least this role, by the token
    /// and by their record as it now is.
    async fn claims(&self, request: &RequestContext<'_>, least: Role) -> Result<Claims, Problem> {
        let claims = self.tokens.claims(request).await?;
        if claims.role < least {
            return Err(Problem::Forbidden);
        }
        let user = self.users.get(&claims).await?.ok_or(Problem::BadToken)?;
        require_valid(&user, claims.issued_at, &claims.session_id)?;
        if user.role < least {
            return Err(Problem::Forbidden);
        }
        Ok(claims)
    }
}

impl Users {
    /// Reads the caller's own record, as it now is.
    ///
    /// # Errors
    /// [`Problem::BadToken`] if the account is gone, disabled, or signed out
    /// everywhere since the token was issued.
    pub(crate) async fn require_active(
        &self,
        caller: &(impl Identity + NamesUser),
    ) -> Result<User, Problem> {
        let user = self.get(caller).await?.ok_or(Problem::BadToken)?;
        require_valid(&user, caller.issued_at(), caller.session_id())?;
        Ok(user)
    }
}

/// Returns an error unless someone's tokens of that time and session count.
fn require_valid(user: &User, issued_at: i64, session: &SessionId) -> Result<(), Problem> {
    let active = user.status == UserStatus::Active;
    let kept = user.kept_session.as_ref() == Some(session);
    if active && (kept || issued_at >= user.tokens_valid_after.unix()) {
        return Ok(());
    }
    Err(Problem::BadToken)
}

/// Returns the token of an `Authorization` header: the scheme in any case, spaces,
/// one token (RFC 6750 section 2.1, RFC 9110 section 11.1). Two headers
/// arrive joined by a comma, which no token contains.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let token68 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(token68))
        .then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for header in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER  a.b.c",
            "Bearer a.b.c ",
        ] {
            assert_eq!(bearer(header), Some("a.b.c"), "{header}");
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        for header in [
            "",
            "a.b.c",
            "Bearer",
            "Bearer ",
            "Basic a.b.c",
            "Bearer a.b.c,Bearer d.e.f",
            "Bearer a.b.c d",
            "Bearer\ta.b.c",
            "BearerX a.b.c",
            "Bearer \u{e4}",
        ] {
            assert_eq!(bearer(header), None, "{header}");
        }
    }
}
