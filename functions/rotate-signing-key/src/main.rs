//! Called by Secrets Manager: makes the key that signs access tokens, and
//! another in its place every month.

use shared::{KeyRotation, Problem, RotationStep, StartError, serve_events};

fn main() -> Result<(), StartError> {
    serve_events(rotate_signing_key)
}

/// Takes one of the four steps; each may be repeated.
async fn rotate_signing_key(step: RotationStep, rotation: KeyRotation) -> Result<(), Problem> {
    rotation.take(&step).await
}
