//! Text that people type. It is stored and given back as it came, never
//! escaped: escaping belongs where text is put into a page.

use std::ops::RangeInclusive;

use crate::json::{Field, Reason};

/// One line: trimmed, without control characters, so many Unicode scalar
/// values long.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn line(field: Field<'_>, length: RangeInclusive<usize>) -> Result<String, Reason> {
    let text = field.text()?.trim();
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    within(text, length)
}

/// Several lines: as [`line`], but line breaks and tabs may stand in it.
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
    within(text, length)
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

/// A word from a fixed list, such as a status.
///
/// # Errors
/// The reason, for anything else.
pub(crate) fn one_of<T: Copy>(field: Field<'_>, words: &[(&'static str, T)]) -> Result<T, Reason> {
    let text = field.text()?;
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(format!("must be one of: {}", words.join(", ")).into())
        }
    }
}
