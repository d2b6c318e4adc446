//! Called by Secrets Manager: makes the key that signs the customers' access
//! tokens, and a new one every month.

use shared::http::{Problem, StartError, serve_events};
use shared::identity::CustomerRealm;
use shared::key_rotation::{KeyRotation, RotationStep};

fn main() -> Result<(), StartError> {
    serve_events(rotate_signing_key)
}

/// Takes one of the four steps; each may be repeated.
async fn rotate_signing_key(
    step: RotationStep,
    rotation: KeyRotation<CustomerRealm>,
) -> Result<(), Problem> {
    rotation.take(&step).await
}
