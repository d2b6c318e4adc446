//! A DynamoDB that misbehaves on demand, as the real one now and then does: transactions that
//! conflict, throttling, lost and late answers, reads that see half of a transaction, indexes that
//! lag behind. The embedded database commits atomically, never conflicts and never lies, so without
//! this no test would meet any of it.
//!
//! A test scripts what it wants ([`Faults::inject`], [`Faults::hold`], [`Faults::freeze_index`]);
//! `cargo run -- --faults` draws it at random ([`Faults::randomly`]).

pub(super) mod answer;
mod call;
mod crash;
mod embedded;
mod engine;
mod in_flight;
mod injector;
mod journal;
mod observed;
mod random;
mod reason;
mod script;
mod shadow;
#[cfg(test)]
mod tests;

pub use call::ItemKey;
pub use crash::CrashPoint;
pub(super) use engine::{Engine, EngineRequest};
pub use in_flight::HeldTransaction;
pub use injector::{Faults, Injection};
pub use journal::Change;
pub use observed::{FaultCounts, SeenCall, Watched};
pub use reason::Reason;
pub use script::{Calls, Fault};
