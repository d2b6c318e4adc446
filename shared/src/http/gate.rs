//! What decides, before a handler is asked, whether a request may come at all.

use std::future::Future;

use super::problem::Problem;
use super::quota::Quota;
use crate::aws::FromEnv;

/// Admits requests or refuses them, whatever they ask for.
pub(crate) trait Gate: FromEnv {
    /// Returns whether a route may be called from an address at all. Both are
    /// the gateway's own words.
    fn allows_address(&self, route: &str, source_ip: &str) -> bool;

    /// Counts the request. Returns how many are left; `None` where that is not
    /// known.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] where none is left.
    fn admit(&self, source_ip: &str)
    -> impl Future<Output = Result<Option<Quota>, Problem>> + Send;
}
