//! Which attributes an expression of DynamoDB names, and what it compares them with. It need
//! not know the grammar: every name in an expression that isn't a keyword, a function, or a
//! part further down a path is a top-level attribute.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>

use serde_json::Value;

/// Words that stand between names.
const KEYWORDS: [&str; 9] = [
    "ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET",
];

/// An expression cut into its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression<'a>(Vec<Part<'a>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    /// A name that may be an attribute's.
    Name(&'a str),
    /// `:value`.
    Value(&'a str),
    /// A keyword, or the number of a list's element.
    Word,
    Sign(char),
}

impl<'a> Expression<'a> {
    /// Reads an expression with its `ExpressionAttributeNames`; `None` if it has what no
    /// expression has, or a name that isn't given.
    pub(super) fn read(text: &'a str, names: Option<&'a Value>) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let part;
            (part, rest) = match first {
                '#' => {
                    let (name, rest) = word(rest, 1)?;
                    (Part::Name(names?.get(name)?.as_str()?), rest)
                }
                ':' => {
                    let (value, rest) = word(rest, 1)?;
                    (Part::Value(value), rest)
                }
                '_' | 'a'..='z' | 'A'..='Z' | '0'..='9' => {
                    let (text, rest) = word(rest, 0)?;
                    let keyword = KEYWORDS.iter().any(|it| it.eq_ignore_ascii_case(text));
                    if keyword || first.is_ascii_digit() {
                        (Part::Word, rest)
                    } else {
                        (Part::Name(text), rest)
                    }
                }
                '=' | '<' | '>' | '+' | '-' | '(' | ')' | '[' | ']' | '.' | ',' => {
                    (Part::Sign(first), rest.get(1..)?)
                }
                _ => return None,
            };
            parts.push(part);
            rest = rest.trim_start();
        }
        Some(Self(parts))
    }

    /// Returns the top-level attributes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &'a str> {
        self.paths()
            .filter(|(_, _, after)| *after != Some(Part::Sign('(')))
            .map(|(_, name, _)| name)
    }

    /// Returns the value that the attribute, all of it, must be equal to.
    pub(super) fn equal_to(&self, attribute: &str) -> Option<&'a str> {
        self.paths()
            .filter(|(_, name, _)| *name == attribute)
            .find_map(|(place, _, _)| {
                let part = |offset: isize| self.0.get(place.checked_add_signed(offset)?).copied();
                match (part(-2), part(-1), part(1), part(2)) {
                    (_, _, Some(Part::Sign('=')), Some(Part::Value(value))) => Some(value),
                    (Some(Part::Value(value)), Some(Part::Sign('=')), after, _)
                        if !matches!(after, Some(Part::Sign('.' | '['))) =>
                    {
                        Some(value)
                    }
                    _ => None,
                }
            })
    }

    /// Names that begin a path or a function's call: where each stands, and what follows.
    fn paths(&self) -> impl Iterator<Item = (usize, &'a str, Option<Part<'a>>)> {
        self.0.iter().enumerate().filter_map(|(place, part)| {
            let before = place.checked_sub(1).and_then(|before| self.0.get(before));
            match part {
                Part::Name(name) if before != Some(&Part::Sign('.')) => {
                    Some((place, *name, self.0.get(place + 1).copied()))
                }
                Part::Name(_) | Part::Value(_) | Part::Word | Part::Sign(_) => None,
            }
        })
    }
}

/// Splits a text after the word at its start, which has a sign before it.
fn word(text: &str, sign: usize) -> Option<(&str, &str)> {
    let letters = text.get(sign..)?;
    let length = letters
        .find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'))
        .unwrap_or(letters.len());
    (length > 0).then_some(())?;
    text.split_at_checked(sign + length)
}
