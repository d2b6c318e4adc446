//! The one currency of the shop.

use crate::aws::{Env, StartError};
use crate::http::Problem;
use crate::values::{Currency, Money};

/// Reads the one currency of the shop.
pub(crate) fn currency(env: &Env) -> Result<Currency, StartError> {
    let text = env.variable("CURRENCY")?;
    Currency::parse(&text)
        .ok_or_else(|| StartError::new("CURRENCY must be an ISO 4217 code such as EUR"))
}

/// Checks that a product's price is in the currency of the shop.
///
/// # Errors
/// [`Problem::Invalid`] for another one.
pub(super) fn check_currency(price: Money, currency: Currency) -> Result<(), Problem> {
    if price.currency() == currency {
        return Ok(());
    }
    let currency = currency.as_str();
    let detail = format!("must be {currency}, the currency of this shop");
    Err(Problem::invalid("/price/currency", detail))
}
