//! Frontends that run on a server and may say for whom they call: which are
//! trusted, as an operator decides. No function of the shop can.

mod key_pair;
mod trust;

pub use key_pair::KeyPair;
pub use trust::TrustFrontends;
