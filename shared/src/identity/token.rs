//! Access tokens: JSON Web Tokens signed with Ed25519 (RFC 8037), checked as
//! RFC 8725 asks. Whoever checks needs the public key alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::user::Role;
use crate::http::Problem;
use crate::values::{NoEntropy, PathId, SessionId, Timestamp, UserId, is_ulid, new_ulid};

/// How long an access token lives, in seconds.
pub(crate) const LIFETIME: u64 = 15 * 60;
/// How far two clocks may differ, in seconds.
pub(super) const LEEWAY: u64 = 5;
/// The longest token that is read, in bytes; ours are about 420.
const MAX_LENGTH: usize = 2048;
/// Who the tokens are for.
const AUDIENCE: &str = "buy-from-me";
/// RFC 9068 section 2.1: says that this is an access token and nothing else.
const TYPE: &str = "at+jwt";
/// The fixed beginning of an Ed25519 private key in PKCS#8 (RFC 8410); the 32
/// bytes of the key follow.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) user_id: UserId,
    pub(crate) role: Role,
    pub(crate) issued_at: i64,
    pub(crate) session_id: SessionId,
}

/// The claims as they stand in a token. A claim that is unknown, missing,
/// doubled or of another type makes the token invalid.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireClaims {
    user_id: String,
    role: String,
    iat: i64,
    exp: i64,
    iss: String,
    aud: String,
    jti: String,
    sid: String,
}

/// The header as it must be. `jwk`, `jku`, `x5u`, `crit` and whatever else
/// could point a verifier to another key are unknown fields, and refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// A token that looks like one of ours, before its signature is checked.
pub(crate) struct Unverified<'a> {
    text: &'a str,
    /// Which key it claims to be signed with.
    pub(crate) kid: String,
}

impl<'a> Unverified<'a> {
    /// Reads a token, or returns `None` if it can't be one of ours.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let kid = kid_of(text, TYPE)?;
        Some(Self { text, kid })
    }

    /// Returns what the token says, if the key signed it and it is valid now.
    pub(crate) fn verify(&self, key: &PublicKey, issuer: &str, now: Timestamp) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Below, by the clock of this crate.
        validation.validate_exp = false;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = jsonwebtoken::decode::<WireClaims>(self.text, &key.0, &validation)
            .ok()?
            .claims;
        let lifetime = claims.exp.checked_sub(claims.iat)?;
        let age = now.unix().checked_sub(claims.iat)?;
        let leeway = LEEWAY.cast_signed();
        let expired = claims.exp < now.unix().saturating_sub(leeway);
        (!expired && lifetime <= LIFETIME.cast_signed() && age >= -leeway).then_some(())?;
        // The shop makes no token without an id.
        is_ulid(&claims.jti).then_some(())?;
        Some(Claims {
            user_id: UserId::parse(&claims.user_id)?,
            role: claims.role.parse().ok()?,
            issued_at: claims.iat,
            session_id: SessionId::parse(&claims.sid)?,
        })
    }
}

/// Returns which key a token of this type claims to be signed with, or `None`
/// if its header is not exactly as it must be.
pub(super) fn kid_of(text: &str, typ: &str) -> Option<String> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next()?).ok()?;
    let header: WireHeader = serde_json::from_slice(&header).ok()?;
    (header.alg == "EdDSA" && header.typ == typ).then_some(header.kid)
}

/// A key that checks signatures.
#[derive(Clone)]
pub(crate) struct PublicKey(DecodingKey);

impl PublicKey {
    /// Reads a key as it stands in the table: 32 bytes in base64url.
    #[must_use]
    pub(crate) fn from_base64url(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then_some(())?;
        DecodingKey::from_ed_components(text).ok().map(Self)
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.0
    }
}

/// A key that signs, and the id under which its public half is known.
pub(crate) struct SigningKey {
    kid: String,
    key: EncodingKey,
}

impl SigningKey {
    /// Makes the key of a 32-byte seed.
    #[must_use]
    pub(crate) fn from_seed(kid: String, seed: &[u8; 32]) -> Self {
        let pkcs8 = [PKCS8_PREFIX.as_slice(), seed.as_slice()].concat();
        Self {
            kid,
            key: EncodingKey::from_ed_der(&pkcs8),
        }
    }

    /// Signs a new access token for one session.
    pub(crate) fn sign(
        &self,
        user_id: &UserId,
        role: Role,
        session_id: &SessionId,
        issuer: &str,
        issued_at: Timestamp,
    ) -> Result<String, SignError> {
        let claims = WireClaims {
            user_id: user_id.to_string(),
            role: <&str>::from(role).to_owned(),
            iat: issued_at.unix(),
            exp: issued_at.unix().saturating_add(LIFETIME.cast_signed()),
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            jti: new_ulid()?,
            sid: session_id.to_string(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// A token could not be signed.
#[derive(Debug)]
pub(crate) enum SignError {
    NoEntropy(NoEntropy),
    Key(jsonwebtoken::errors::Error),
}

impl From<NoEntropy> for SignError {
    fn from(error: NoEntropy) -> Self {
        Self::NoEntropy(error)
    }
}

impl From<jsonwebtoken::errors::Error> for SignError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Key(error)
    }
}

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        match error {
            SignError::NoEntropy(error) => Self::unavailable(error),
            SignError::Key(error) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    const ISSUER: &str = "test";

    fn public(seed: &[u8; 32]) -> PublicKey {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
        PublicKey::from_base64url(&URL_SAFE_NO_PAD.encode(pair.public_key())).unwrap()
    }

    fn signed(seed: &[u8; 32], at: Timestamp) -> String {
        SigningKey::from_seed("k1".into(), seed)
            .sign(
                &UserId::parse("usr_01arz3ndektsv4rrffq69g5fav").unwrap(),
                Role::Admin,
                &SessionId::generate().unwrap(),
                ISSUER,
                at,
            )
            .unwrap()
    }

    /// A token of these claims, signed like ours.
    fn forged(header: &serde_json::Value, claims: &str, seed: &[u8; 32]) -> String {
        let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let message = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.as_bytes())
        );
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
        let signature = encode(pair.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }

    fn verify(token: &str, seed: &[u8; 32]) -> Option<Claims> {
        Unverified::read(token)?.verify(&public(seed), ISSUER, Timestamp::now())
    }

    #[test]
    fn a_token_says_who_and_what() {
        let claims = verify(&signed(&[1; 32], Timestamp::now()), &[1; 32]).unwrap();
        assert_eq!(claims.role, Role::Admin);
        assert_eq!(claims.user_id.as_str(), "usr_01arz3ndektsv4rrffq69g5fav");
    }

    #[test]
    fn another_key_does_not_verify() {
        assert_eq!(verify(&signed(&[1; 32], Timestamp::now()), &[2; 32]), None);
    }

    #[test]
    fn a_token_has_its_time() {
        let at = |seconds: i64| Timestamp::from_unix(Timestamp::now().unix() + seconds).unwrap();
        assert!(verify(&signed(&[1; 32], at(-890)), &[1; 32]).is_some());
        assert_eq!(verify(&signed(&[1; 32], at(-910)), &[1; 32]), None);
        assert!(verify(&signed(&[1; 32], at(3)), &[1; 32]).is_some());
        assert_eq!(verify(&signed(&[1; 32], at(60)), &[1; 32]), None);
    }

    #[test]
    fn claims_that_are_not_exactly_ours_are_refused() {
        let header = serde_json::json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"});
        let now = Timestamp::now().unix();
        let good = format!(
            r#"{{"userId":"usr_01arz3ndektsv4rrffq69g5fav","role":"customer","iat":{now},"exp":{},"iss":"test","aud":"buy-from-me","jti":"01arz3ndektsv4rrffq69g5fav","sid":"ses_01arz3ndektsv4rrffq69g5fav"}}"#,
            now + 900
        );
        assert!(verify(&forged(&header, &good, &[1; 32]), &[1; 32]).is_some());
        for (from, to) in [
            ("\"exp\"", "\"expires\""),
            (":\"test\"", ":\"other\""),
            ("buy-from-me", "somebody-else"),
            ("\"customer\"", "\"root\""),
            ("\"customer\"", "\"customer\",\"role\":\"super-admin\""),
            ("\"jti\":\"01arz3ndektsv4rrffq69g5fav\"", "\"jti\":7"),
            ("\"jti\":\"01arz3ndektsv4rrffq69g5fav\",", ""),
            ("\"jti\":\"01arz3ndektsv4rrffq69g5fav\"", "\"jti\":\"\""),
            ("\"ses_01arz3ndektsv4rrffq69g5fav\"", "\"\""),
            ("\"ses_", "\"upl_"),
            ("usr_", "ord_"),
            (&format!("\"exp\":{}", now + 900), "\"exp\":1e300"),
            (
                &format!("\"exp\":{}", now + 900),
                &format!("\"exp\":{}", now + 901),
            ),
            (
                &format!("\"exp\":{}", now + 900),
                &format!("\"exp\":\"{}\"", now + 900),
            ),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert_eq!(
                verify(&forged(&header, &bad, &[1; 32]), &[1; 32]),
                None,
                "{to}"
            );
        }
    }

    #[test]
    fn a_header_that_is_not_exactly_ours_is_refused() {
        let now = Timestamp::now().unix();
        let claims = format!(
            r#"{{"userId":"usr_01arz3ndektsv4rrffq69g5fav","role":"customer","iat":{now},"exp":{},"iss":"test","aud":"buy-from-me","jti":"01arz3ndektsv4rrffq69g5fav","sid":"ses_01arz3ndektsv4rrffq69g5fav"}}"#,
            now + 900
        );
        for header in [
            serde_json::json!({"alg": "none", "typ": "at+jwt", "kid": "k1"}),
            serde_json::json!({"alg": "nOnE", "typ": "at+jwt", "kid": "k1"}),
            serde_json::json!({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}),
            serde_json::json!({"alg": "EdDSA", "typ": "JWT", "kid": "k1"}),
            serde_json::json!({"alg": "EdDSA", "typ": "at+jwt"}),
            serde_json::json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1", "crit": ["exp"]}),
            serde_json::json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1", "jku": "http://x"}),
            serde_json::json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1", "jwk": {}}),
        ] {
            assert_eq!(verify(&forged(&header, &claims, &[1; 32]), &[1; 32]), None);
        }
        for text in ["", ".", "..", "a.b.c", &"x".repeat(1_000_000)] {
            assert!(Unverified::read(text).is_none());
        }
    }
}
