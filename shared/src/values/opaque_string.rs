//! Passwords as text, so that one password typed on two keyboards is the same
//! bytes: the profile OpaqueString (RFC 8265, section 4.2).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_public_assigned;

use super::invisible::find_invisible;

/// Normalises a password: every space (category Zs) becomes U+0020, then the
/// text is brought into Normalisation Form C. Case and width stay.
///
/// Returns `None` for a text with characters that the profile's class refuses
/// (RFC 8264, section 4.3): control characters and line separators, what
/// nobody sees (see [`find_invisible`]; a soft hyphen too), conjoining Hangul
/// that normalisation doesn't compose, code points that are private or not
/// assigned, whose normal form may change with Unicode's version. In two
/// points this takes more than the class does: emoji that are joined or have
/// a variation selector, and every visible character, whatever is beside it.
///
/// An empty text stays empty: a password's length is its reader's business.
pub(crate) fn opaque_string(text: &str) -> Option<String> {
    let spaced = text.chars().map(|c| if is_space(c) { ' ' } else { c });
    let text: String = spaced.nfc().collect();
    let accepted = text.chars().all(is_accepted) && find_invisible(&text).is_none();
    accepted.then_some(text)
}

/// Returns whether a character's general category is Zs.
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn is_accepted(c: char) -> bool {
    let conjoining = matches!(
        c,
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}'
    );
    let separator = matches!(c, '\u{ad}' | '\u{2028}' | '\u{2029}');
    is_public_assigned(c) && !c.is_control() && !conjoining && !separator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_8265_are_normalised_as_it_says() {
        // The tables of its section 4.3.
        for (text, kept) in [
            (
                "correct horse battery staple",
                "correct horse battery staple",
            ),
            (
                "Correct Horse Battery Staple",
                "Correct Horse Battery Staple",
            ),
            ("\u{3c0}\u{df}\u{e5}", "\u{3c0}\u{df}\u{e5}"),
            ("Jack of \u{2666}s", "Jack of \u{2666}s"),
            ("foo\u{1680}bar", "foo bar"),
        ] {
            assert_eq!(opaque_string(text).as_deref(), Some(kept));
        }
        assert_eq!(opaque_string("my cat is a \u{9}by"), None);
    }

    #[test]
    fn spaces_become_one_and_what_is_composed_two_ways_becomes_one() {
        for (text, kept) in [
            ("a\u{a0}b\u{3000}c\u{2003}d\u{202f}e", "a b c d e"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{212b}\u{2126}", "\u{c5}\u{3a9}"),
            // Hangul as macOS and as Windows type it.
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
            // Marks in another order.
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
            // Neither case nor width is changed.
            ("\u{ff21}a\u{fb03}\u{2460}", "\u{ff21}a\u{fb03}\u{2460}"),
            (" two  spaces ", " two  spaces "),
            ("", ""),
        ] {
            let read = opaque_string(text);
            assert_eq!(read.as_deref(), Some(kept));
            assert_eq!(opaque_string(kept), read, "once is enough");
        }
    }

    #[test]
    fn what_nobody_sees_or_unicode_does_not_know_is_refused() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{feff}',
            '\u{fdd0}',
            '\u{ffff}',
            '\u{e000}',
            '\u{378}',
            '\u{1100}',
            '\u{3164}',
            '\u{e0041}',
        ] {
            assert_eq!(opaque_string(&format!("one{c}two")), None, "{c:?}");
        }
    }

    #[test]
    fn emoji_and_the_joiners_of_scripts_are_accepted() {
        for text in [
            "\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{1fae8}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
        ] {
            assert_eq!(opaque_string(text).as_deref(), Some(text));
        }
    }
}
