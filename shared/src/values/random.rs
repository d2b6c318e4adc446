//! Random bytes from the operating system, by way of aws-lc.

use aws_lc_rs::rand;

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
    rand::fill(&mut bytes).map_err(|_| NoEntropy)?;
    Ok(bytes)
}
