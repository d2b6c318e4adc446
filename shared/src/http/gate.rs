//! What decides, before a handler is asked, whether a request may come at all.

use std::future::Future;
use std::net::IpAddr;

use super::problem::Problem;
use super::quota::Quota;
use crate::aws::FromEnv;

/// Admits requests or refuses them, whatever they ask for.
pub(crate) trait Gate: FromEnv {
    /// Returns whether a route may be called from an address at all. Both are
    /// the gateway's own words.
    fn allows_address(&self, route: &str, source_ip: &str) -> bool;

    /// Returns for which address a frontend on a server calls, by its token;
    /// `None` if it isn't trusted.
    fn client_ip(&self, token: &str) -> impl Future<Output = Option<IpAddr>> + Send;

    /// Counts the request of an address. Returns how many are left; `None` where that is not
    /// known.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] where none is left.
    fn admit(&self, client_ip: &str)
    -> impl Future<Output = Result<Option<Quota>, Problem>> + Send;

    /// Counts ahead for an address that was just admitted, if that spares its next
    /// request the wait.
    fn renew(&self, client_ip: &str) -> impl Future<Output = ()> + Send;
}
