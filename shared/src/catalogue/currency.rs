//! The one currency of the shop.

use crate::aws::{Env, StartError};
use crate::values::Currency;

/// Reads the one currency of the shop.
pub(crate) fn currency(env: &Env) -> Result<Currency, StartError> {
    let text = env.variable("CURRENCY")?;
    Currency::parse(&text)
        .ok_or_else(|| StartError::new("CURRENCY must be an ISO 4217 code such as EUR"))
}
