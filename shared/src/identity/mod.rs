//! Who calls: access tokens and the keys behind them, the record of a user,
//! and the identities that a handler may ask for.

mod authenticator;
mod frontend_keys;
mod frontend_token;
mod key_ring;
mod realm;
mod signing_key;
mod token;
mod user;
mod users;

pub(crate) use authenticator::Identity;
#[cfg(test)]
pub(crate) use authenticator::customer_for_tests;
pub use authenticator::{Admin, AnyUser, Customer, SuperAdmin};
pub(crate) use frontend_keys::FrontendKeys;
pub(crate) use key_ring::{KeyRing, TokenKeys};
pub use realm::Realm;
pub(crate) use signing_key::{SecretKey, Signer};
pub(crate) use token::{LIFETIME, SigningKey, Unverified};
pub(crate) use user::UserStatus;
pub use user::{Role, User};
pub(crate) use users::{NamesUser, ROLE_KEY, Users};

/// Seals and opens the cursors of every list of the shop.
pub(crate) type Cursors = crate::dynamodb::Cursors<KeyRing>;
