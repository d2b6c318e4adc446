//! Rules about the project that no linter has: the code's structure, template.yaml
//! and SECURITY.md. They need no shop and take seconds.
//!
//! A rule is a function from what it judges to what is wrong with it, in sentences.
//! Each has a twin with planted faults, since a rule that looks at nothing holds as well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop, and say where"
)]

mod architecture;
mod cargo;
mod contract;
mod dependencies;
mod documents;
mod exports;
mod files;
mod imports;
mod layers;
mod mutants;
mod security_md;
mod simulation;
mod template;

/// What is wrong, a sentence each.
type Faults = Vec<String>;
