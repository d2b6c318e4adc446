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
use super::live_sessions::LiveSessions;
use super::realm::{CustomerRealm, Realm, StaffRealm};
use super::token::{Claims, PublicKey, Unverified};
use super::user::{Role, User, UserStatus};
use super::users::{NamesUser, Users, read_user};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::Attributes;
use crate::http::{FromRequest, Principal, Problem, RequestContext};
use crate::values::{SessionId, Timestamp, UserId};

/// Someone whom a verified token names. Only this file implements it.
pub trait Identity: Send + Sync {
    /// Where they have their account.
    type Realm: Realm;

    /// Returns whose data they reach.
    fn user_id(&self) -> &UserId;

    /// Returns when their token was issued, in seconds since 1970.
    fn issued_at(&self) -> i64;

    /// Returns in which of their sessions the token was issued.
    fn session_id(&self) -> &SessionId;

    /// Returns what they may do: by their token, and of the staff by their record
    /// too.
    fn role(&self) -> Role;
}

/// Declares an identity: private fields, made in this file alone.
macro_rules! identity {
    ($(#[$doc:meta])* $Name:ident, $Realm:ty) => {
        $(#[$doc])*
        pub struct $Name {
            id: UserId,
            issued_at: i64,
            session_id: SessionId,
            role: Role,
        }

        impl Identity for $Name {
            type Realm = $Realm;

            fn user_id(&self) -> &UserId {
                &self.id
            }

            fn issued_at(&self) -> i64 {
                self.issued_at
            }

            fn session_id(&self) -> &SessionId {
                &self.session_id
            }

            fn role(&self) -> Role {
                self.role
            }
        }

        impl NamesUser<$Realm> for $Name {
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
                    role: claims.role,
                }
            }
        }
    };
}

identity!(
    /// A customer: reaches what is their own and nothing else.
    Customer,
    CustomerRealm
);
identity!(
    /// Anyone of the staff. Their record and their session have been read: they
    /// still are active, and signed in.
    Staff,
    StaffRealm
);
identity!(
    /// An admin or super-admin, checked like [`Staff`].
    Admin,
    StaffRealm
);
identity!(
    /// A super-admin, checked like [`Staff`].
    SuperAdmin,
    StaffRealm
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

/// A customer whose things one of the staff works on.
pub(crate) struct ServedCustomer<'a> {
    id: &'a UserId,
}

impl Staff {
    /// Names a customer whose things the staff read or change.
    pub(crate) fn serving<'a>(&self, id: &'a UserId) -> ServedCustomer<'a> {
        ServedCustomer { id }
    }
}

impl NamesUser<CustomerRealm> for ServedCustomer<'_> {
    fn named_user(&self) -> &UserId {
        self.id
    }
}

impl NamesCustomer for ServedCustomer<'_> {
    fn customer_id(&self) -> &UserId {
        self.id
    }
}

/// Whose orders are opened: a customer's own identity, or what only one of the
/// staff makes. A bare id opens none. Only this file implements it.
pub(crate) trait NamesCustomer: Sync {
    /// Returns whose orders they are.
    fn customer_id(&self) -> &UserId;
}

impl NamesCustomer for Customer {
    fn customer_id(&self) -> &UserId {
        &self.id
    }
}

impl<R: Realm> NamesUser<R> for ManagedUser<'_> {
    fn named_user(&self) -> &UserId {
        self.id
    }
}

impl<R: Realm> NamesUser<R> for Claims {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

/// Makes a customer of the unit tests: no build that is deployed has this. The
/// token is dated like the account, since an older one would count for nothing.
#[cfg(test)]
pub(crate) fn customer_for_tests(user: &User) -> Customer {
    Customer {
        id: user.id.clone(),
        issued_at: user.tokens_valid_after.unix(),
        session_id: SessionId::generate().unwrap(),
        role: user.role,
    }
}

/// Makes one of the staff of the unit tests: no build that is deployed has this.
#[cfg(test)]
pub(crate) fn staff_for_tests(user: &User) -> Staff {
    Staff {
        id: user.id.clone(),
        issued_at: user.tokens_valid_after.unix(),
        session_id: SessionId::generate().unwrap(),
        role: user.role,
    }
}

/// Makes an admin of the unit tests: no build that is deployed has this.
#[cfg(test)]
pub(crate) fn admin_for_tests(user: &User) -> Admin {
    Admin {
        id: user.id.clone(),
        issued_at: user.tokens_valid_after.unix(),
        session_id: SessionId::generate().unwrap(),
        role: user.role,
    }
}

/// Makes a super-admin of the unit tests: no build that is deployed has this.
#[cfg(test)]
pub(crate) fn super_admin_for_tests(user: &User) -> SuperAdmin {
    SuperAdmin {
        id: user.id.clone(),
        issued_at: user.tokens_valid_after.unix(),
        session_id: SessionId::generate().unwrap(),
        role: user.role,
    }
}

impl FromRequest for Customer {
    type Service = TokenVerifier<CustomerRealm>;

    async fn from_request(
        request: &RequestContext<'_>,
        tokens: &TokenVerifier<CustomerRealm>,
    ) -> Result<Self, Problem> {
        Ok(Self::of(tokens.claims(request).await?))
    }
}

/// Who calls, or why that is not known: for a handler that asks it for some of
/// its requests only.
macro_rules! or_problem {
    ($Name:ident) => {
        impl FromRequest for Result<$Name, Problem> {
            type Service = <$Name as FromRequest>::Service;

            async fn from_request(
                request: &RequestContext<'_>,
                service: &Self::Service,
            ) -> Result<Self, Problem> {
                Ok($Name::from_request(request, service).await)
            }
        }
    };
}

or_problem!(Customer);
or_problem!(Staff);

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

staff!(Staff, Role::Staff);
staff!(Admin, Role::Admin);
staff!(SuperAdmin, Role::SuperAdmin);

/// Checks the access tokens of a realm, and knows those of the other.
#[derive(Clone)]
pub struct TokenVerifier<R: Realm> {
    issuer: Arc<str>,
    keys: KeyRing<R>,
    others: KeyRing<R::Other>,
}

impl<R: Realm> FromEnv for TokenVerifier<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            issuer: env.variable("TOKEN_ISSUER")?.into(),
            keys: env.singleton()?,
            others: env.singleton()?,
        })
    }

    /// Reads the realm's public keys, which also opens the connection to
    /// DynamoDB.
    async fn warm(&self) {
        self.keys.warm().await;
    }
}

impl<R: Realm> TokenVerifier<R> {
    /// Returns what the request's token says, if it is a valid one of this
    /// realm, and records its owner for the log.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] for a valid token of the other realm;
    /// [`Problem::BadToken`] for one that no ring verifies.
    async fn claims(&self, request: &RequestContext<'_>) -> Result<Claims, Problem> {
        let header = request.header("authorization").ok_or(Problem::NoToken)?;
        let token = bearer(header).ok_or(Problem::BadToken)?;
        let token = Unverified::read(token).ok_or(Problem::BadToken)?;
        if let Some(key) = self.keys.find(&token.kid).await? {
            let claims = self.verify::<R>(&token, &key)?;
            record(request, &claims);
            return Ok(claims);
        }
        // Only for a key that this realm has not: what it should be costs
        // nothing more.
        let key = self.others.find(&token.kid).await?;
        let key = key.ok_or(Problem::BadToken)?;
        record(request, &self.verify::<R::Other>(&token, &key)?);
        Err(Problem::Forbidden)
    }

    /// Returns the claims of a token that was signed by a key of the realm
    /// `By`, whose ring caps the role.
    fn verify<By: Realm>(
        &self,
        token: &Unverified<'_>,
        key: &PublicKey,
    ) -> Result<Claims, Problem> {
        let claims = token.verify(key, &self.issuer, Timestamp::now());
        let claims = claims.ok_or(Problem::BadToken)?;
        let role = By::role_of_token(claims.role).ok_or(Problem::Forbidden)?;
        Ok(Claims { role, ..claims })
    }
}

/// Records for the log whom a token names.
fn record(request: &RequestContext<'_>, claims: &Claims) {
    request.record_principal(Principal {
        user_id: claims.user_id.clone(),
        role: claims.role.into(),
    });
}

/// Checks the staff's access tokens, and roles by the record of their owner.
#[derive(Clone)]
pub struct RoleVerifier {
    tokens: TokenVerifier<StaffRealm>,
    users: Users<StaffRealm>,
    sessions: LiveSessions<StaffRealm>,
}

impl FromEnv for RoleVerifier {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            tokens: TokenVerifier::from_env(env)?,
            users: Users::from_env(env)?,
            sessions: LiveSessions::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.tokens.warm().await;
    }
}

impl RoleVerifier {
    /// Returns the claims of someone who has at least this role, by the token
    /// and by their record as it now is, and whose session goes on.
    async fn claims(&self, request: &RequestContext<'_>, least: Role) -> Result<Claims, Problem> {
        let claims = self.tokens.claims(request).await?;
        if claims.role < least {
            return Err(Problem::Forbidden);
        }
        let (user, live) =
            tokio::try_join!(self.users.get(&claims), self.sessions.is_live(&claims))?;
        let user = user.filter(|_| live).ok_or(Problem::BadToken)?;
        require_valid(&user, claims.issued_at, &claims.session_id)?;
        if user.role < least {
            return Err(Problem::Forbidden);
        }
        let role = claims.role.min(user.role);
        Ok(Claims { role, ..claims })
    }
}

impl<R: Realm> Users<R> {
    /// Reads the caller's own record, as it now is.
    ///
    /// # Errors
    /// [`Problem::BadToken`] if the account is gone, disabled, or signed out
    /// everywhere since the token was issued.
    pub(crate) async fn require_active(
        &self,
        caller: &(impl Identity<Realm = R> + NamesUser<R>),
    ) -> Result<User, Problem> {
        require_active(caller, self.get(caller).await?)
    }

    /// Returns the caller's own record from a row that was read by
    /// [`Users::read_with`].
    ///
    /// # Errors
    /// As [`Users::require_active`].
    pub(crate) fn require_active_row(
        caller: &(impl Identity<Realm = R> + NamesUser<R>),
        row: Option<&Attributes>,
    ) -> Result<User, Problem> {
        require_active(caller, row.map(|row| read_user(row.into())).transpose()?)
    }
}

fn require_active(caller: &impl Identity, user: Option<User>) -> Result<User, Problem> {
    let user = user.ok_or(Problem::BadToken)?;
    require_valid(&user, caller.issued_at(), caller.session_id())?;
    Ok(user)
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
