//! Header values that only some endpoints read.

use super::error::InputError;

/// The client's name for one attempt to buy or to make something: 1 to 255 visible ASCII characters
/// without a comma in the header `Idempotency-Key`.
#[derive(Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key, or returns `None` if the text can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Two headers of this name arrive as one, joined by a comma.
        let visible = text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
        ((1..=255).contains(&text.len()) && visible).then(|| Self(text.to_owned()))
    }

    /// Reads the header's value.
    ///
    /// # Errors
    /// [`InputError::Malformed`] if it is absent or can't be a key.
    pub(crate) fn from_header(value: Option<&str>) -> Result<Self, InputError> {
        value.and_then(Self::parse).ok_or_else(|| {
            InputError::malformed(
                "The header Idempotency-Key must be 1 to 255 visible ASCII characters, \
                 none of them a comma.",
            )
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The version that the client has read, in the header `If-Match`: `"3"`;
/// `None` where the header is absent or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Reads the header's value.
    ///
    /// # Errors
    /// [`InputError::Malformed`] if it can't be a version.
    pub(crate) fn from_header(value: Option<&str>) -> Result<Self, InputError> {
        let read = match value {
            None => Some(Self(None)),
            Some(text) => Self::parse(text),
        };
        read.ok_or_else(|| {
            InputError::malformed("The header If-Match must be the version in quotes, as in \"3\".")
        })
    }

    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self(None));
        }
        let digits = text.trim().strip_prefix('"')?.strip_suffix('"')?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        digits
            .parse()
            .ok()
            .filter(|_| plain)
            .map(|it| Self(Some(it)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_to_match_is_a_number_in_quotes() {
        assert_eq!(IfMatch::parse("\"3\""), Some(IfMatch(Some(3))));
        assert_eq!(IfMatch::parse("*"), Some(IfMatch(None)));
        for wrong in [
            "",
            "3",
            "\"\"",
            "\"x\"",
            "\"+3\"",
            "W/\"3\"",
            "\"3\",\"4\"",
            "\"-1\"",
        ] {
            assert_eq!(IfMatch::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        assert!(IdempotencyKey::parse("a").is_some());
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_some());
        for bad in ["", "a b", "a,b", "\u{e4}", "a\n", &"k".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_none());
        }
    }
}
