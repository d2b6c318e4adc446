//! Passwords: what may become one, how it is kept, how it is checked.
//!
//! Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat
//! Sheet). None of the types here can be printed.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::json::{Field, Reason};
use crate::problem::Problem;
use crate::random;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// NIST SP 800-63B-4 asks for 15 where the password is the only factor; a
/// shop's customers get 8.
const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 128;

/// A password that may be set: long enough, not too long. Every character of
/// Unicode may stand in it, and none must.
pub struct NewPassword(String);

/// A password that someone gives to sign in. It may be anything: what can't
/// be right is wrong, not invalid.
pub struct PasswordAttempt(String);

/// A hash in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone)]
pub struct StoredPassword(String);

impl NewPassword {
    /// Reads a customer's new password: 8 to 128 characters.
    ///
    /// # Errors
    /// The reason, for anything else; never the password.
    pub fn of_customer(field: Field<'_>) -> Result<Self, Reason> {
        let text = field.text()?;
        if (MIN_LENGTH..=MAX_LENGTH).contains(&text.chars().count()) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("must be {MIN_LENGTH} to {MAX_LENGTH} characters").into())
    }

    /// A password that the shop's own tools set, such as those of the demo.
    #[must_use]
    pub fn trusted(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Hashes it with a fresh salt.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] without random bytes.
    pub fn hash(&self) -> Result<StoredPassword, Problem> {
        let salt: [u8; 16] = random::bytes()?;
        let hash: PasswordHash = argon2id()?
            .hash_password_with_salt(self.0.as_bytes(), &salt)
            .map_err(Problem::internal)?;
        Ok(StoredPassword(hash.to_string()))
    }
}

impl PasswordAttempt {
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Reason> {
        // An attempt longer than any password costs no more than a short one.
        let text = field.text()?.chars().take(MAX_LENGTH + 1).collect();
        Ok(Self(text))
    }

    /// Whether this is the password. Without a stored one the same work is
    /// done, so that the time tells nobody whether there is an account.
    ///
    /// # Errors
    /// [`Problem::Internal`] if the stored hash can't be read.
    pub fn is(&self, stored: Option<&StoredPassword>) -> Result<bool, Problem> {
        let Some(stored) = stored else {
            let mut out = [0; 32];
            argon2id()?
                .hash_password_into(self.0.as_bytes(), b"nobody's account", &mut out)
                .map_err(Problem::internal)?;
            return Ok(false);
        };
        let hash = PasswordHash::new(&stored.0).map_err(Problem::internal)?;
        Ok(argon2id()?
            .verify_password(self.0.as_bytes(), &hash)
            .is_ok())
    }
}

impl StoredPassword {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn argon2id() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(text: &str) -> PasswordAttempt {
        PasswordAttempt(text.to_owned())
    }

    #[test]
    fn the_right_password_opens_and_another_does_not() {
        let stored = NewPassword::trusted("correct horse").hash().unwrap();
        assert!(attempt("correct horse").is(Some(&stored)).unwrap());
        assert!(!attempt("correct horsf").is(Some(&stored)).unwrap());
        assert!(!attempt("correct horse").is(None).unwrap());
    }

    #[test]
    fn what_is_kept_names_its_parameters_and_not_the_password() {
        let stored = NewPassword::trusted("correct horse").hash().unwrap();
        assert!(
            stored
                .as_str()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert!(!stored.as_str().contains("correct"));
    }

    #[test]
    fn one_password_has_two_hashes() {
        let hash = || NewPassword::trusted("correct horse").hash().unwrap();
        assert_ne!(hash().as_str(), hash().as_str());
    }
}
