//! Called by Secrets Manager: makes the key that signs access tokens, and a new
//! one every month.

use shared::http::{Problem, StartError, serve_events};
use shared::key_rotation::{KeyRotation, RotationStep};

fn main() -> Result<(), StartError> {
    serve_events(rotate_signing_key)
}

/// Takes one of the four steps; each may be repeated.
async fn rotate_signing_key(step: RotationStep, rotation: KeyRotation) -> Result<(), Problem> {
    rotation.take(&step).await
}
