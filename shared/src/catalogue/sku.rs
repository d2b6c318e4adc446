//! The code by which the shop's people know a product.

use serde::Serialize;

use crate::input::{Field, Reason};

/// A stock-keeping unit: 1 to 64 visible ASCII characters. It is kept as it was typed, and
/// no other product has it in whatever case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sku(String);

impl Sku {
    /// Reads a code, or returns `None` if the text can't be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        ((1..=64).contains(&text.len()) && visible).then(|| Self(text.to_owned()))
    }

    pub(super) fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::parse(field.text()?)
            .ok_or_else(|| "must be 1 to 64 visible ASCII characters without spaces".into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what is the same for all codes that differ in case alone.
    pub(crate) fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_1_to_64_visible_ascii_characters() {
        for good in ["a", "MUG-01/b#2", "\"~!", &"x".repeat(64)] {
            assert_eq!(Sku::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a\t", "\u{e4}", &"x".repeat(65)] {
            assert_eq!(Sku::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn case_makes_no_other_sku() {
        let folded = |text| Sku::parse(text).unwrap().folded();
        assert_eq!(folded("Mug-A"), folded("mUG-a"));
        assert_ne!(folded("mug-a"), folded("mug_a"));
    }
}
