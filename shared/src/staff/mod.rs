//! The shop's staff: invited, listed and changed by super-admins.

mod accept_invitation;
mod change_user;
mod invitation;
mod invite;
mod list_users;
mod user;

pub use accept_invitation::{AcceptInvitation, Acceptance};
pub use change_user::{ChangeUser, UserChange};
pub use invitation::{Invitation, InvitedUser};
pub use invite::InviteUser;
pub use list_users::{ListUsers, UserFilter, UserPage};
pub use user::StaffUser;
