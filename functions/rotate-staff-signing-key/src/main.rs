//! Called by Secrets Manager: makes the key that signs the staff's access
//! tokens, and a new one every month.

use shared::http::{Problem, StartError, serve_events};
use shared::identity::StaffRealm;
use shared::key_rotation::{KeyRotation, RotationStep};

fn main() -> Result<(), StartError> {
    serve_events(rotate_staff_signing_key)
}

/// Takes one of the four steps; each may be repeated.
async fn rotate_staff_signing_key(
    step: RotationStep,
    rotation: KeyRotation<StaffRealm>,
) -> Result<(), Problem> {
    rotation.take(&step).await
}
