//! Readers of single fields: text, e-mail addresses, telephone numbers, words
//! of a fixed list, amounts of money.
//!
//! Text is stored and given back as it came, never escaped: escaping belongs
//! where text is put into a page.

use std::ops::RangeInclusive;
use std::str::FromStr;

use strum::VariantNames;

use super::json::{Field, Fields, FromJson, Reason};
use crate::values::{Currency, EmailAddress, Money, find_invisible};

/// The highest amount that is read, in minor units: larger whole numbers are not kept exactly by
/// every reader of JSON (RFC 8259 section 6).
const MAX_AMOUNT: i64 = (1 << 53) - 1;
/// The highest price of one piece, in minor units.
const MAX_PRICE: i64 = 1_000_000_000;

/// Reads one line, trimmed: without control characters and characters that
/// nobody sees (see [`find_invisible`]), and of a length in Unicode scalar
/// values.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn line(field: Field<'_>, length: RangeInclusive<usize>) -> Result<String, Reason> {
    let text = field.text()?.trim();
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    visible(text)?;
    within(text, length)
}

/// Reads several lines: as [`line`], but with line breaks and tabs allowed.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn paragraphs(
    field: Field<'_>,
    length: RangeInclusive<usize>,
) -> Result<String, Reason> {
    let text = field.text()?.trim();
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err("must not contain control characters".into());
    }
    visible(text)?;
    within(text, length)
}

/// Refuses text in which something hides, and says what.
fn visible(text: &str) -> Result<(), Reason> {
    match find_invisible(text) {
        None => Ok(()),
        Some(c) => Err(format!(
            "must not contain invisible characters such as this U+{:04X}",
            u32::from(c)
        )
        .into()),
    }
}

fn within(text: &str, length: RangeInclusive<usize>) -> Result<String, Reason> {
    if length.contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(match (length.start(), length.end()) {
        (0, max) => format!("must be at most {max} characters"),
        (min, max) => format!("must be {min} to {max} characters"),
    }
    .into())
}

/// Reads a telephone number in E.164 form: `+` and 8 to 15 digits. Spaces,
/// hyphens, dots and brackets are taken out.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn phone(field: Field<'_>) -> Result<String, Reason> {
    let number: String = field
        .text()?
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let valid = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    valid
        .then_some(number)
        .ok_or_else(|| "must be + and 8 to 15 digits, as in +4930123456".into())
}

/// Reads an e-mail address.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn email(field: Field<'_>) -> Result<EmailAddress, Reason> {
    EmailAddress::parse(field.text()?).ok_or_else(|| "must be an e-mail address".into())
}

/// Reads one of the words of an enum that derives them by `strum`.
///
/// # Errors
/// The reason, which lists the words, for anything else.
pub(crate) fn word<T: FromStr + VariantNames>(field: Field<'_>) -> Result<T, Reason> {
    let text = field.text()?;
    text.parse()
        .map_err(|_| format!("must be one of: {}", T::VARIANTS.join(", ")).into())
}

impl FromJson for Money {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        money_up_to(MAX_AMOUNT, fields)
    }
}

/// The price of one piece: at most 1,000,000,000 minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price(pub(crate) Money);

impl FromJson for Price {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        money_up_to(MAX_PRICE, fields).map(Self)
    }
}

fn money_up_to(max: i64, fields: &mut Fields<'_>) -> Option<Money> {
    let amount = fields.required("amount", |v| v.integer(0..=max));
    let currency = fields.required("currency", |v| {
        Currency::parse(v.text()?).ok_or_else(|| "must be an ISO 4217 code such as EUR".into())
    });
    Some(Money::new(u64::try_from(amount?).ok()?, currency?))
}
