//! People as a super-admin sees them.

use serde::Serialize;

use crate::identity::{Role, User, UserStatus};
use crate::values::{Timestamp, UserId};

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
