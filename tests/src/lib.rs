//! The harness of the end-to-end tests: a whole shop for each test, real
//! binaries behind a real HTTP API, and the people who use it.
//!
//! The tests themselves are in `tests/it`; those that need no shop in `tests/rules`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that can't go on should stop, and say where"
)]

mod aws;
mod checker;
mod client;
pub mod contract;
mod logs;
pub mod measure;
mod people;
mod processes;
mod program;
mod request;
mod response;
mod shop;
mod waiting;

pub use checker::{Checker, Verdict, Violation, commit, unjudged};
pub use client::Client;
pub use people::{NEWCOMERS_PASSWORD, password_of};
pub use processes::{send_signal, try_signal};
pub use program::Program;
pub use request::{CATEGORY, TestRequest, checkout_body, product_body};
pub use response::{TestResponse, send, try_send};
pub use shop::{
    Shop, build_once, options, other_tests_are_done, spawn_empty_shop, spawn_empty_shop_with,
    spawn_shop, spawn_shop_with, with_parameter,
};
pub use waiting::wait_until;
