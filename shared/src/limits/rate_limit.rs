//! Limits that single endpoints have, beside the general one.

use std::marker::PhantomData;

use super::address::Address;
use super::counters::Counters;
use crate::http::{FromRequest, Problem, RequestContext};

/// A limit on what one address may do in 15 minutes. Each attempt counts,
/// whatever comes of it.
pub trait RateLimit: Send + Sync {
    /// Its name in the table and in the log.
    const NAME: &'static str;
    /// How many attempts a window takes.
    const MAX: u32;
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
    const MAX: u32 = 30;
}
impl RateLimit for StaffSignIns {
    const NAME: &'static str = "admin-login";
    const MAX: u32 = 5;
}
impl RateLimit for Registrations {
    const NAME: &'static str = "register";
    const MAX: u32 = 20;
}
impl RateLimit for Invitations {
    const NAME: &'static str = "accept-invite";
    const MAX: u32 = 20;
}

/// Counts this attempt; 429 when none is left. Stands after the body, so that
/// malformed requests don't count.
pub struct RateLimited<L>(PhantomData<L>);

impl<L: RateLimit> FromRequest for RateLimited<L> {
    type Service = Counters;

    async fn from_request(
        request: &RequestContext<'_>,
        counters: &Counters,
    ) -> Result<Self, Problem> {
        request.admitted().await;
        let address = Address::of(request.source_ip());
        let quota = counters.count(L::NAME, L::MAX, &address).await?;
        request.record_quota(quota);
        Ok(Self(PhantomData))
    }
}
