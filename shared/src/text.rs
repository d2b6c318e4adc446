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

/// A type with one word for each of its values, the same on the wire, in
/// tokens and in the tables.
pub trait Word: Copy + PartialEq + 'static {
    /// Every value with its word.
    const WORDS: &'static [(&'static str, Self)];

    /// The word.
    fn as_str(self) -> &'static str {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(_, value)| *value == self);
        found.map_or("", |(word, _)| word)
    }

    /// Reads a word; nothing if it is none of them.
    fn parse(text: &str) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(word, _)| *word == text);
        found.map(|(_, value)| *value)
    }

    /// Reads a field of a body.
    ///
    /// # Errors
    /// The reason, which names the words, for anything else.
    fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::parse(field.text()?).ok_or_else(|| {
            let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
            format!("must be one of: {}", words.join(", ")).into()
        })
    }
}
