//! Random bytes from the operating system, by way of aws-lc.

/// The operating system gave no random bytes, so that nothing secret can be
/// made.
#[derive(Clone, Copy, Debug)]
pub struct NoEntropy;

impl std::fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

impl std::error::Error for NoEntropy {}

/// Returns `N` unpredictable bytes.
///
/// # Errors
/// [`NoEntropy`] when the operating system gives none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(not(feature = "simulation"))]
fn fill(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| NoEntropy)
}

#[cfg(feature = "simulation")]
#[expect(clippy::unnecessary_wraps, reason = "the operating system may fail")]
fn fill(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    super::simulated::fill(bytes);
    Ok(())
}
