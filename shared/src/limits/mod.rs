//! How often something may be done from one address, or be tried on one
//! account, in a window of 15 minutes, and the counters.

mod address;
mod counters;
mod gate;
mod known_addresses;
mod networks;
mod rate_limit;
mod request_limit;
mod sign_in_attempts;
mod window;

pub use address::Address;
pub(crate) use gate::FrontGate;
pub(crate) use known_addresses::KnownAddresses;
pub use rate_limit::{CustomerSignIns, Invitations, RateLimited, Registrations, StaffSignIns};
pub(crate) use sign_in_attempts::SignInAttempts;
