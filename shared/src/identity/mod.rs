//! Who calls: access tokens and the keys behind them, the frontends that may
//! say for whom they call, the record of a user, and the identities that a
//! handler may ask for.

mod authenticator;
mod frontend_keys;
mod frontend_token;
mod key_ring;
mod live_sessions;
mod realm;
mod signing_key;
mod token;
mod user;
mod users;

pub use authenticator::{Admin, Customer, Staff, SuperAdmin};
pub(crate) use authenticator::{Identity, NamesCustomer};
#[cfg(test)]
pub(crate) use authenticator::{
    admin_for_tests, customer_for_tests, staff_for_tests, super_admin_for_tests,
};
pub(crate) use frontend_keys::FrontendKeys;
pub(crate) use key_ring::{KeyRing, TokenKeys};
pub(crate) use realm::Realm;
pub use realm::{CustomerRealm, StaffRealm};
pub(crate) use signing_key::{SecretKey, Signer};
pub(crate) use token::{LIFETIME, SigningKey, Unverified};
pub(crate) use user::UserStatus;
pub use user::{Role, User};
#[cfg(test)]
pub(crate) use users::{END_AHEAD, END_WRITTEN_WITHIN};
pub(crate) use users::{NamesUser, ROLE_KEY, Users, before_all, read_user};

/// Seals and opens the cursors of a realm's lists.
pub(crate) type Cursors<R> = crate::dynamodb::Cursors<KeyRing<R>>;
