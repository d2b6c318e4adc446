//! Rotating the key that signs access tokens.
//!
//! An area and not a part of `identity`, since it writes records of the audit
//! log.

mod rotate;

pub use rotate::{KeyRotation, RotationStep};
