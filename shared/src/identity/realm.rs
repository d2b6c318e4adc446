//! Where someone signs in.

use super::user::Role;

/// Where someone signs in: customers and staff each have an endpoint of their
/// own, since the staff's allows fewer tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Realm {
    /// `login`
    Customer,
    /// `admin-login`
    Staff,
}

impl Realm {
    /// Returns the realm of a role.
    pub(crate) fn of(role: Role) -> Self {
        if role.is_staff() {
            Self::Staff
        } else {
            Self::Customer
        }
    }
}
