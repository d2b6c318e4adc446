//! Money: an integer of minor units and a currency, never a fraction.

use std::fmt;

use serde::Serialize;

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

    /// Returns the three letters.
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
    /// Makes an amount of minor units of a currency.
    #[must_use]
    pub const fn new(amount: u64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Returns the amount in minor units.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.amount
    }

    /// Returns the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Multiplies by a quantity; `None` if the result does not fit.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Self> {
        let amount = self.amount.checked_mul(u64::from(quantity))?;
        Some(Self { amount, ..self })
    }

    /// Adds two amounts; `None` if the sum does not fit or the currencies
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

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(amount: u64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap())
    }

    /// The highest price that can be asked for one piece.
    const DEAREST: u64 = 1_000_000_000;

    #[test]
    fn a_full_cart_of_the_dearest_goods_still_adds_up() {
        let line = eur(DEAREST).times(99).unwrap();
        let total = (0..32).try_fold(eur(0), |sum, _| sum.plus(line)).unwrap();
        assert_eq!(total.amount(), 32 * 99 * DEAREST);
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
