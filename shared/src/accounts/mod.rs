//! Accounts: registering, signing in and out, sessions, passwords.

mod change_password;
mod credentials;
mod open_session;
mod password;
mod refresh_session;
mod register;
mod session;
mod sessions;
mod sign_in;
mod sign_out;
mod successor;

pub use change_password::{ChangePassword, PasswordChange};
pub(crate) use credentials::Credentials;
pub use open_session::OpenSession;
pub use password::NewPassword;
pub(crate) use password::ProposedPassword;
pub use refresh_session::RefreshSession;
pub use register::{Register, Registration};
pub use session::{RefreshRequest, Session, SignOutRequest};
pub use sign_in::{SignIn, SignInRequest};
pub use sign_out::SignOut;
