//! Money: an integer of minor units and a currency, never a fraction.

use std::fmt;

use serde::Serialize;

use crate::json::{Fields, FromJson};

/// The highest price of one piece, in minor units (api.md).
pub(crate) const MAX_PRICE: u64 = 1_000_000_000;

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code such as `EUR`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of minor units (cents, pence, yen) in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    amount: u64,
    currency: Currency,
}

impl Money {
    /// So many minor units of a currency.
    #[must_use]
    pub const fn new(amount: u64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// This price so many times; nothing if it does not fit.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Self> {
        let amount = self.amount.checked_mul(u64::from(quantity))?;
        Some(Self { amount, ..self })
    }

    /// The sum of two amounts; nothing if it does not fit or the currencies
    /// differ.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        let amount = self.amount.checked_add(other.amount)?;
        Some(Self { amount, ..self })
    }
}

impl FromJson for Money {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Self::up_to(i64::MAX, fields)
    }
}

/// The price of one piece: at most [`MAX_PRICE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price(pub(crate) Money);

impl FromJson for Price {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let max = i64::try_from(MAX_PRICE).unwrap_or(i64::MAX);
        Money::up_to(max, fields).map(Self)
    }
}

impl Money {
    fn up_to(max: i64, fields: &mut Fields<'_>) -> Option<Self> {
        let amount = fields.required("amount", |v| v.integer(0..=max));
        let currency = fields.required("currency", |v| {
            Currency::parse(v.text()?).ok_or_else(|| "must be an ISO 4217 code such as EUR".into())
        });
        Some(Self {
            amount: u64::try_from(amount?).ok()?,
            currency: currency?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(amount: u64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap())
    }

    #[test]
    fn a_full_cart_of_the_dearest_goods_still_adds_up() {
        let line = eur(MAX_PRICE).times(99).unwrap();
        let total = (0..32).try_fold(eur(0), |sum, _| sum.plus(line)).unwrap();
        assert_eq!(total.amount(), 32 * 99 * MAX_PRICE);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_no_sum() {
        assert_eq!(eur(u64::MAX).plus(eur(1)), None);
        assert_eq!(eur(u64::MAX).times(2), None);
    }

    #[test]
    fn two_currencies_do_not_add() {
        let usd = Money::new(1, Currency::parse("USD").unwrap());
        assert_eq!(eur(1).plus(usd), None);
    }

    #[test]
    fn only_three_capital_letters_name_a_currency() {
        for text in ["", "EU", "EURO", "eur", "E R", "ÄÖ", "12A"] {
            assert!(Currency::parse(text).is_none(), "{text}");
        }
    }
}
