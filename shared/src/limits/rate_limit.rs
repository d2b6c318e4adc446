//! Limits that single endpoints have, beside the general one.

use std::marker::PhantomData;

use super::address::Address;
use super::counters::Counters;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{FromRequest, Problem, RequestContext};

/// A limit on what one address may do in 15 minutes. Each attempt counts,
/// whatever comes of it. How many there are is the function's variable
/// `ATTEMPT_LIMIT`.
pub trait RateLimit: Send + Sync {
    /// Its name in the table and in the log.
    const NAME: &'static str;
}

/// Signing in as a customer.
pub struct CustomerSignIns;
/// Signing in as staff.
pub struct StaffSignIns;
/// Making an account.
pub struct Registrations;
/// Accepting an invitation.
pub struct Invitations;

impl RateLimit for CustomerSignIns {
    const NAME: &'static str = "login";
}
impl RateLimit for StaffSignIns {
    const NAME: &'static str = "admin-login";
}
impl RateLimit for Registrations {
    const NAME: &'static str = "register";
}
impl RateLimit for Invitations {
    const NAME: &'static str = "accept-invite";
}

/// Counts this attempt; 429 when none is left. Stands after the body, so that
/// malformed requests don't count.
pub struct RateLimited<L>(PhantomData<L>);

/// The counters, and how many attempts a window takes.
#[derive(Clone)]
pub struct AttemptLimit {
    counters: Counters,
    max: u32,
}

impl FromEnv for AttemptLimit {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let max = env.variable("ATTEMPT_LIMIT")?;
        let max = max.parse().ok().filter(|max| *max >= 1);
        Ok(Self {
            counters: Counters::from_env(env)?,
            max: max.ok_or_else(|| {
                StartError::new("ATTEMPT_LIMIT must be a whole number, 1 at least")
            })?,
        })
    }
}

impl<L: RateLimit> FromRequest for RateLimited<L> {
    type Service = AttemptLimit;

    async fn from_request(
        request: &RequestContext<'_>,
        limit: &AttemptLimit,
    ) -> Result<Self, Problem> {
        request.admitted().await;
        let address = Address::of(request.client_ip());
        let quota = limit.counters.count(L::NAME, limit.max, &address).await?;
        request.record_quota(quota);
        Ok(Self(PhantomData))
    }
}
