//! The refresh token that follows another one.
//!
//! It is derived from the token before it and from a random nonce that is kept
//! with the session. So whoever sends a token again, because the answer was
//! lost or a second tab was as quick, can be given the very same next one,
//! though the shop keeps hashes alone. Neither the table nor a token that was
//! used is enough to know the next one: it takes both.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::session::{FAMILY_BYTES, RefreshToken};
use crate::values::{NoEntropy, random_bytes};

/// What is random in a successor, beside the token that it follows.
pub(super) struct Nonce([u8; 32]);

impl Nonce {
    pub(super) fn generate() -> Result<Self, NoEntropy> {
        Ok(Self(random_bytes()?))
    }

    /// Reads a nonce as it stands in the table.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl RefreshToken {
    /// Returns the token that follows this one under that nonce: of the same
    /// family, with an HMAC-SHA256 in place of the bytes that are new with
    /// every refresh.
    pub(super) fn successor(&self, nonce: &Nonce) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let mut message = hmac::Context::with_key(&key);
        // The nonce has a fixed length, so that nothing can be read in two ways.
        message.update(&nonce.0);
        message.update(self.session_id.as_str().as_bytes());
        let mut next = self.clone();
        let new = next.secret.iter_mut().skip(FAMILY_BYTES);
        for (byte, new) in new.zip(message.sign().as_ref()) {
            *byte = *new;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{PathId, SessionId, UserId};

    fn first() -> RefreshToken {
        let (user, session) = (UserId::generate().unwrap(), SessionId::generate().unwrap());
        RefreshToken::first(user, session).unwrap()
    }

    #[test]
    fn a_successor_is_another_token_of_the_same_family_and_always_the_same() {
        let (token, nonce) = (first(), Nonce::generate().unwrap());
        let next = token.successor(&nonce);
        assert_eq!(next.family_hash(), token.family_hash());
        assert_ne!(next.hash(), token.hash());
        let read = Nonce::parse(&nonce.to_text()).unwrap();
        assert_eq!(token.successor(&read).to_text(), next.to_text());
    }

    #[test]
    fn a_successor_takes_the_token_the_nonce_and_the_session() {
        let (token, nonce) = (first(), Nonce::generate().unwrap());
        let next = token.successor(&nonce).hash();
        let other = Nonce::generate().unwrap();
        assert_ne!(token.successor(&other).hash(), next);
        let mut another = token.clone();
        another.secret[FAMILY_BYTES] ^= 1;
        assert_ne!(another.successor(&nonce).hash(), next);
        let mut elsewhere = token.clone();
        elsewhere.session_id = SessionId::generate().unwrap();
        assert_ne!(elsewhere.successor(&nonce).hash(), next);
    }

    #[test]
    fn a_successor_is_the_hmac_of_rfc_2104() {
        let mut token = first();
        token.secret = [7; 48];
        token.session_id = SessionId::parse("ses_01arz3ndektsv4rrffq69g5fav").unwrap();
        let next = token.successor(&Nonce([9; 32]));
        let expected = "XcaCiAC-TzLVmyUym1ifVhPuI_koQxd_MWPHV3XSicE";
        assert_eq!(
            URL_SAFE_NO_PAD.encode(&next.secret[FAMILY_BYTES..]),
            expected
        );
        assert_eq!(next.secret[..FAMILY_BYTES], [7; FAMILY_BYTES]);
    }

    #[test]
    fn what_is_no_nonce_is_none() {
        let good = Nonce::generate().unwrap().to_text();
        for text in ["", "AAAA", &good[1..], &format!("{good}AA"), "!"] {
            assert!(Nonce::parse(text).is_none(), "{text}");
        }
    }
}
