//! Characters that nobody sees, and where writing needs them all the same.

use unicode_normalization::char::canonical_combining_class;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// The canonical combining class of signs that take a consonant's vowel away.
const VIRAMA: u8 = 9;

/// Returns the first character of a text that changes how the rest is shown, or
/// hides in it, without being seen: one that controls the direction of writing,
/// or another that Unicode calls ignorable (`Default_Ignorable_Code_Point`),
/// all zero-width characters among them.
///
/// What scripts and emoji need is not returned:
/// - a joiner (U+200C, U+200D) after a virama (RFC 5892, appendix A.1 and A.2),
///   or between a letter and a virama, as Bengali and Kannada write it;
/// - a non-joiner (U+200C) between two letters of the Arabic script, such as
///   Persian's;
/// - a joiner (U+200D) between two pictographs: one that follows may have its
///   skin tone or variation selector before the joiner;
/// - one variation selector after a visible character;
/// - a soft hyphen, which is seen where a line breaks.
#[must_use]
pub fn find_invisible(text: &str) -> Option<char> {
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        if is_ignorable(c) && c != '\u{ad}' && !is_needed(before, c, after) {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

fn is_needed(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else {
        return false;
    };
    if is_variation_selector(c) {
        return !is_ignorable(before) && !before.is_control() && !before.is_whitespace();
    }
    let beside = |fits: fn(char) -> bool| fits(before) && after.is_some_and(fits);
    let conjunct = is_virama(before) || (before.is_alphabetic() && after.is_some_and(is_virama));
    match c {
        ZERO_WIDTH_NON_JOINER => conjunct || beside(is_arabic_letter),
        ZERO_WIDTH_JOINER => {
            let emoji = is_pictograph(before) || before == '\u{fe0f}';
            conjunct || (emoji && after.is_some_and(is_pictograph))
        }
        _ => false,
    }
}

/// Returns whether Unicode calls a character ignorable
/// (`Default_Ignorable_Code_Point` of Unicode 17).
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_variation_selector(c: char) -> bool {
    matches!(
        c,
        '\u{180b}'..='\u{180d}'
            | '\u{180f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == VIRAMA
}

/// Returns whether this is a letter of the blocks of the Arabic script, or a
/// vowel sign on one.
fn is_arabic_letter(c: char) -> bool {
    let arabic = matches!(
        c,
        '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{870}'..='\u{8ff}'
    );
    arabic && c.is_alphabetic()
}

/// Returns whether this stands in the blocks from which emoji are joined:
/// arrows and symbols, pictographs and skin tones.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_joiners_that_scripts_need_may_stand() {
        for text in [
            // Persian: "I want", "books".
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{6a9}\u{62a}\u{627}\u{628}\u{200c}\u{647}\u{627}",
            // Hindi: ksha with its half letter shown; with the virama shown.
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{915}\u{94d}\u{200c}\u{937}",
            // Sinhala "Sri", Malayalam with a chillu at its end.
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",
            "\u{d05}\u{d35}\u{d28}\u{d4d}\u{200d}",
            // Bengali ya-phalaa after ra.
            "\u{9b0}\u{200d}\u{9cd}\u{9af}\u{9be}\u{9ac}",
            // Emoji: a family, a rainbow flag, a health worker, a burning heart.
            "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            "\u{1f469}\u{1f3fd}\u{200d}\u{2695}\u{fe0f}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            // A variant of an ideograph, as in Japanese names.
            "\u{845b}\u{e0100}\u{98fe}\u{533a}",
            "Kaffee\u{ad}maschine",
            "",
        ] {
            assert_eq!(find_invisible(text), None, "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_nobody_sees_is_found_anywhere_else() {
        for text in [
            // Directions.
            "\u{202e}gnp.live",
            "a\u{2066}b\u{2069}",
            "a\u{200e}",
            "\u{200f}\u{5d0}",
            "\u{61c}\u{627}",
            // Zero width.
            "pay\u{200b}pal",
            "\u{feff}bom",
            "a\u{2060}b",
            "\u{180e}",
            "\u{3164}",
            "a\u{e0041}",
            // Joiners between what nothing joins, at an end, or twice.
            "a\u{200c}b",
            "a\u{200d}b",
            "\u{645}\u{200c}a",
            "a\u{200c}\u{645}",
            "\u{645}\u{6cc}\u{200c}",
            "\u{200c}\u{62e}",
            "\u{645}\u{200c}\u{200c}\u{62e}",
            "\u{645}\u{200d}\u{62e}",
            "\u{915}\u{200d}\u{937}",
            "\u{915}\u{94d}\u{200d}\u{200d}\u{937}",
            "\u{1f469}\u{200d}",
            "\u{200d}\u{1f469}",
            "\u{1f469}\u{200c}\u{1f467}",
            "\u{1f469}\u{200d}a",
            // Selectors of nothing, and more than one.
            "\u{fe0f}",
            " \u{fe0f}",
            "a\u{fe0f}\u{fe0e}",
        ] {
            assert!(find_invisible(text).is_some(), "{}", text.escape_unicode());
        }
    }
}
