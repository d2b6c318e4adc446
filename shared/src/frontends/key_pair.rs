//! The keys by which frontends sign, in the forms of OpenSSL and Node.js.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::Problem;
use crate::values::random_bytes;

/// The fixed beginning of an Ed25519 public key as X.509 has it (RFC 8410); the
/// 32 bytes of the key follow.
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A new pair of keys.
pub struct KeyPair {
    private: String,
    public: [u8; 32],
}

impl KeyPair {
    /// Makes a pair.
    ///
    /// # Errors
    /// [`Problem::Internal`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, Problem> {
        let seed: [u8; 32] = random_bytes()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(Problem::internal)?;
        let private = pair.to_pkcs8v1().map_err(Problem::internal)?;
        let public = pair.public_key().as_ref().try_into();
        Ok(Self {
            private: STANDARD.encode(private),
            public: public.map_err(Problem::internal)?,
        })
    }

    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Returns the private half as a PEM file of PKCS#8.
    #[must_use]
    pub fn private_pem(&self) -> String {
        let text = &self.private;
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----")
    }

    /// Reads the public half from a PEM file, as `openssl pkey -pubout` writes
    /// it; `None` if it is no public key of Ed25519.
    #[must_use]
    pub fn read_public(pem: &str) -> Option<[u8; 32]> {
        let text = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?;
        let text = text.strip_suffix("-----END PUBLIC KEY-----")?;
        let key = STANDARD.decode(text.split_whitespace().collect::<String>());
        let key = key.ok()?;
        key.strip_prefix(&SPKI_PREFIX)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_of_a_public_key_is_read_and_nothing_else() {
        // RFC 8410, section 10.1.
        let example = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
            -----END PUBLIC KEY-----\n";
        let key = KeyPair::read_public(example).unwrap();
        assert_eq!(key[..3], [0x19, 0xbf, 0x44]);
        for wrong in [
            "",
            &example.replace("MCow", "MCox"),
            &example.replace("PUBLIC", "PRIVATE"),
            &example.replace("ZuE=", ""),
        ] {
            assert!(KeyPair::read_public(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_private_key_is_a_pem_file_of_the_pair() {
        let pair = KeyPair::generate().unwrap();
        let pem = pair.private_pem();
        let text = pem.lines().nth(1).unwrap();
        let key = STANDARD.decode(text).unwrap();
        let read = Ed25519KeyPair::from_pkcs8(&key).unwrap();
        assert_eq!(read.public_key().as_ref(), pair.public());
        assert_ne!(pem, KeyPair::generate().unwrap().private_pem());
    }
}
