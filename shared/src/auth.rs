//! Who is calling. The only file that makes an identity, and only from a
//! token whose signature it checked.
//!
//! An identity can't be made by hand, by deserialising, or from an id:
//! ```compile_fail,E0451
//! use shared::{Customer, UserId};
//! fn impostor(id: UserId) -> Customer {
//!     Customer { id }
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::{Customer, UserId};
//! fn impostor(id: UserId) -> Customer {
//!     id.into()
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::Customer;
//! fn nobody() -> Customer {
//!     fn default<T: Default>() -> T { T::default() }
//!     default()
//! }
//! ```
//! ```compile_fail,E0277
//! use shared::Customer;
//! fn needs<T: serde::de::DeserializeOwned>() {}
//! fn from_the_wire() {
//!     needs::<Customer>();
//! }
//! ```

use std::sync::Arc;

use crate::call::{Call, FromRequest, Needs};
use crate::env::{Env, StartError};
use crate::ids::{SessionId, UserId};
use crate::journal::Journal;
use crate::problem::Problem;
use crate::store::token_keys::KeyRing;
use crate::store::users::UserStore;
use crate::time::Timestamp;
use crate::token::{Claims, Unverified};
use crate::user::{Role, User, UserStatus};

/// Someone whom a verified token names. Sealed.
pub trait Identity: sealed::Sealed + Send + Sync {
    /// Whose data they reach.
    fn user_id(&self) -> &UserId;

    /// When the token that names them was issued, in seconds since 1970.
    fn issued_at(&self) -> i64;

    /// In which of their sessions it was issued.
    fn session_id(&self) -> &SessionId;

    /// Where what they do is written down.
    fn journal(&self) -> &Journal;
}

mod sealed {
    pub trait Sealed {}
}

/// Declares an identity: private fields, made in this file alone.
macro_rules! identity {
    ($(#[$doc:meta])* $Name:ident) => {
        $(#[$doc])*
        pub struct $Name {
            id: UserId,
            issued_at: i64,
            session_id: SessionId,
            journal: Journal,
        }

        impl sealed::Sealed for $Name {}

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

            fn journal(&self) -> &Journal {
                &self.journal
            }
        }

        impl $Name {
            /// Private to this file: the only way to make one.
            fn named_by(claims: Claims, call: &Call<'_>) -> Self {
                Self {
                    id: claims.user_id,
                    issued_at: claims.issued_at,
                    session_id: claims.session_id,
                    journal: call.journal().clone(),
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
    Person
);
identity!(
    /// One of the shop's staff, of any rank. Their record has been read: they
    /// are still that, and active.
    Staff
);
identity!(
    /// An admin or super-admin, checked like [`Staff`].
    Admin
);
identity!(
    /// A super-admin, checked like [`Staff`].
    SuperAdmin
);

/// A customer of the unit tests' own: no build that is deployed has this.
#[cfg(test)]
pub(crate) fn customer_for_tests() -> Customer {
    Customer {
        id: UserId::generate().unwrap(),
        issued_at: Timestamp::now().unix(),
        session_id: SessionId::generate().unwrap(),
        journal: Journal::of_operator(),
    }
}

impl FromRequest for Customer {
    const NEEDS: Needs = Needs::Token;

    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        let claims = claims(call).await?;
        if claims.role != Role::Customer {
            return Err(Problem::Forbidden);
        }
        Ok(Self::named_by(claims, call))
    }
}

impl FromRequest for Person {
    const NEEDS: Needs = Needs::Token;

    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(Self::named_by(claims(call).await?, call))
    }
}

/// Who calls, or why that is not known: for a handler that asks it for some of
/// its requests only.
impl FromRequest for Result<Person, Problem> {
    const NEEDS: Needs = Needs::Token;

    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(Person::from_request(call).await)
    }
}

/// Declares who may call where a staff role is needed.
macro_rules! staff {
    ($Name:ident, $role:expr) => {
        impl FromRequest for $Name {
            const NEEDS: Needs = Needs::Standing;

            async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
                Ok(Self::named_by(standing(call, $role).await?, call))
            }
        }
    };
}

staff!(Staff, Role::Staff);
staff!(Admin, Role::Admin);
staff!(SuperAdmin, Role::SuperAdmin);

/// Who a log line names: ids and roles only.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) user_id: UserId,
    pub(crate) role: Role,
}

/// Checks tokens. Made at start in functions whose handler asks who calls.
pub(crate) struct Authenticator {
    issuer: String,
    keys: Arc<KeyRing>,
    users: Option<UserStore>,
}

impl Authenticator {
    pub(crate) fn from_env(env: &Env, needs: Needs) -> Result<Option<Self>, StartError> {
        use crate::env::FromEnv;
        Ok(match needs {
            Needs::Nothing => None,
            Needs::Token | Needs::Standing => Some(Self {
                issuer: env.variable("TOKEN_ISSUER")?,
                keys: env.key_ring()?,
                users: match needs {
                    Needs::Standing => Some(UserStore::from_env(env)?),
                    Needs::Nothing | Needs::Token => None,
                },
            }),
        })
    }

    /// Reads the public keys, which also opens the connection to DynamoDB.
    pub(crate) async fn warm(&self) {
        self.keys.warm().await;
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

/// The token of an `Authorization` header: the scheme in any case, spaces,
/// one token (RFC 6750 section 2.1, RFC 9110 section 11.1). Two headers
/// arrive joined by a comma, which no token contains.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let token68 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(token68))
        .then_some(token)
}

async fn claims(call: &Call<'_>) -> Result<Claims, Problem> {
    let authenticator = authenticator(call)?;
    let header = call.request().header("authorization");
    let claims = authenticator.verify(header).await?;
    call.identified(Principal {
        user_id: claims.user_id.clone(),
        role: claims.role,
    });
    Ok(claims)
}

/// The claims of someone who has at least this role, by the token and by
/// their record as it stands now.
async fn standing(call: &Call<'_>, least: Role) -> Result<Claims, Problem> {
    let claims = claims(call).await?;
    if claims.role < least {
        return Err(Problem::Forbidden);
    }
    let users = authenticator(call)?.users.as_ref();
    let users = users.ok_or_else(|| Problem::internal("no user store to check a role with"))?;
    let user = users.of_claims(&claims).await?.ok_or(Problem::BadToken)?;
    still_valid(&user, claims.issued_at, &claims.session_id)?;
    if user.role < least {
        return Err(Problem::Forbidden);
    }
    Ok(claims)
}

/// Whether someone's tokens of that time and session still count.
pub(crate) fn still_valid(user: &User, issued_at: i64, session: &SessionId) -> Result<(), Problem> {
    let active = user.status == UserStatus::Active;
    let kept = user.kept_session.as_ref() == Some(session);
    if active && (kept || issued_at >= user.tokens_valid_after.unix()) {
        return Ok(());
    }
    Err(Problem::BadToken)
}

fn authenticator<'a>(call: &'a Call<'_>) -> Result<&'a Authenticator, Problem> {
    call.authenticator()
        .ok_or_else(|| Problem::internal("no authenticator was made for this handler"))
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
