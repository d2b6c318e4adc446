//! SHA-256 as text, for what is stored or compared as a hash.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns the first `LENGTH` bytes of the SHA-256 of these bytes, in
/// base64url without padding. All 32 bytes are 43 characters.
pub(crate) fn sha256_base64url<const LENGTH: usize>(bytes: &[u8]) -> String {
    const { assert!(LENGTH <= 32, "a SHA-256 has 32 bytes") };
    let hash = digest(&SHA256, bytes);
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..LENGTH).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_fips_180_4() {
        // The one-block example of FIPS 180-4: "abc" is ba7816bf 8f01cfea ...
        assert_eq!(
            sha256_base64url::<32>(b"abc"),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
        assert_eq!(sha256_base64url::<6>(b"abc"), "ungWv48B");
    }
}
