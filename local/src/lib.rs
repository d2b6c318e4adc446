//! The shop on one machine: builds its functions, says how a local cloud runs them, fills it with
//! a demo, serves its pages, and does what an operator does.

mod answers;
mod binaries;
pub mod demo;
pub mod operator;
mod options;
pub mod pages;
pub mod reference;

pub use binaries::{
    BuildError, Profile, build_all_but, build_functions, build_late, build_released,
    function_binary,
};
pub use options::options;
