//! The two sides of the shop, as types: customers and staff have tables, a
//! signing key and a ring of public keys each. What is generic over a realm
//! opens the things of the one that its type names.

use super::user::Role;

/// One side of the shop.
pub trait Realm: Clone + Send + Sync + 'static {
    /// The other side, whose tokens are known here and open nothing.
    type Other: Realm;
    /// The variable that names the table of its people.
    const USERS_TABLE: &'static str;
    /// The variable that names the table of their passwords.
    const CREDENTIALS_TABLE: &'static str;
    /// The variable that names the table of their sessions.
    const SESSIONS_TABLE: &'static str;
    /// The variable that names the secret that signs their access tokens.
    const SIGNING_KEY: &'static str;
    /// The partition of the table `token-keys` that checks these tokens.
    const RING: &'static str;
    /// What its signing key is called in the audit log.
    const SIGNING_KEY_NAME: &'static str;
    /// How the counters of its accounts' failed sign-ins begin.
    const ACCOUNT_COUNTER: &'static str;
    /// How the rows of addresses begin from which its people signed in.
    const KNOWN_ADDRESS: &'static str;

    /// Returns the role that a token of this realm gives, whatever role it
    /// claims; `None` if it gives none.
    fn role_of_token(claimed: Role) -> Option<Role>;

    /// Returns whether someone of this realm may have this role.
    fn has_role(role: Role) -> bool;
}

/// Those who buy.
#[derive(Clone, Copy, Debug)]
pub struct CustomerRealm;

/// Those who run the shop.
#[derive(Clone, Copy, Debug)]
pub struct StaffRealm;

impl Realm for CustomerRealm {
    type Other = StaffRealm;
    const USERS_TABLE: &'static str = "USERS_TABLE";
    const CREDENTIALS_TABLE: &'static str = "CREDENTIALS_TABLE";
    const SESSIONS_TABLE: &'static str = "SESSIONS_TABLE";
    const SIGNING_KEY: &'static str = "SIGNING_KEY_ARN";
    const RING: &'static str = "tokens";
    const SIGNING_KEY_NAME: &'static str = "signing-key";
    const ACCOUNT_COUNTER: &'static str = "account";
    const KNOWN_ADDRESS: &'static str = "known-address";

    /// Returns a customer's role, whatever is claimed: whoever gets hold of the customers' key can
    /// sign any claim.
    fn role_of_token(_claimed: Role) -> Option<Role> {
        Some(Role::Customer)
    }

    fn has_role(role: Role) -> bool {
        role == Role::Customer
    }
}

impl Realm for StaffRealm {
    type Other = CustomerRealm;
    const USERS_TABLE: &'static str = "STAFF_TABLE";
    const CREDENTIALS_TABLE: &'static str = "STAFF_CREDENTIALS_TABLE";
    const SESSIONS_TABLE: &'static str = "STAFF_SESSIONS_TABLE";
    const SIGNING_KEY: &'static str = "STAFF_SIGNING_KEY_ARN";
    const RING: &'static str = "staff-tokens";
    const SIGNING_KEY_NAME: &'static str = "staff-signing-key";
    const ACCOUNT_COUNTER: &'static str = "staff-account";
    const KNOWN_ADDRESS: &'static str = "staff-known-address";

    fn role_of_token(claimed: Role) -> Option<Role> {
        claimed.is_staff().then_some(claimed)
    }

    fn has_role(role: Role) -> bool {
        role.is_staff()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_no_role_of_the_other_realm() {
        for role in [Role::Customer, Role::Staff, Role::Admin, Role::SuperAdmin] {
            assert_eq!(CustomerRealm::role_of_token(role), Some(Role::Customer));
            assert_ne!(StaffRealm::role_of_token(role), Some(Role::Customer));
            assert_ne!(CustomerRealm::has_role(role), StaffRealm::has_role(role));
        }
        let admin = StaffRealm::role_of_token(Role::Admin);
        assert_eq!(admin, Some(Role::Admin));
    }
}
