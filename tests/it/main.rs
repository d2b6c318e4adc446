//! The end-to-end tests: real functions behind a real HTTP API, a shop for each test.
//!
//! Each module is named for what it is about, and each test is a sentence.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop, and say where"
)]

mod audit;
mod bad_input;
mod binaries;
mod cart;
mod catalogue;
mod categories;
mod checkout;
mod cors;
mod endpoints;
mod events;
mod faults;
mod frontends;
mod hostile_text;
mod idempotency;
mod isolation;
mod least_privilege;
mod limits;
mod orders;
mod pages;
mod paging;

mod passwords;
mod products;
mod role_table;
mod sign_in;
mod staff;
mod staff_orders;
mod telemetry;
mod token_attacks;
mod uploads;
mod whole_contract;
