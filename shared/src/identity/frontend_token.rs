//! The tokens by which a frontend on a server says for whom it calls: JSON Web
//! Tokens signed with Ed25519, in the header `X-Trusted-Client`.

use std::net::IpAddr;

use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::token::{LEEWAY, PublicKey, kid_of};
use crate::values::Timestamp;

/// How long such a token lives at most, in seconds.
const MAX_LIFETIME: i64 = 60;
/// Says that this is such a token and nothing else (RFC 8725 section 3.11).
const TYPE: &str = "caller+jwt";

/// The claims as they stand in a token. A claim that is unknown, missing,
/// doubled or of another type makes the token invalid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireClaims {
    iss: String,
    ip: IpAddr,
    iat: i64,
    exp: i64,
    #[serde(rename = "aud")]
    _aud: String,
}

/// A token that looks like a frontend's, before its signature is checked.
pub(super) struct FrontendToken<'a> {
    text: &'a str,
    /// Which key it claims to be signed with.
    pub(super) kid: String,
}

impl<'a> FrontendToken<'a> {
    /// Reads a token, or returns `None` if it can't be a frontend's. Two headers
    /// arrive joined by a comma, which no token contains.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let kid = kid_of(text, TYPE)?;
        Some(Self { text, kid })
    }

    /// Returns for which address the frontend of this name calls a shop, if the
    /// key signed that and it is valid now.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        frontend: &str,
        shop: &str,
        now: Timestamp,
    ) -> Option<IpAddr> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Below, by the clock of this crate.
        validation.validate_exp = false;
        validation.set_audience(&[shop]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = jsonwebtoken::decode::<WireClaims>(self.text, key.decoding(), &validation);
        let claims = claims.ok()?.claims;
        let lifetime = claims.exp.checked_sub(claims.iat)?;
        let age = now.unix().checked_sub(claims.iat)?;
        let leeway = LEEWAY.cast_signed();
        let expired = claims.exp < now.unix().saturating_sub(leeway);
        let valid = !expired
            && claims.iss == frontend
            && (1..=MAX_LIFETIME).contains(&lifetime)
            && age >= -leeway;
        valid.then(|| claims.ip.to_canonical())
    }
}
