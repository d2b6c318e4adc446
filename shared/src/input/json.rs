//! Strict JSON: duplicate keys, deep nesting and trailing text are malformed
//! (RFC 8259 leaves them to the reader, and two readers that differ can be
//! attacked), and every field that is missing, unknown or wrong is named at
//! once.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::{InputError, InvalidField};

/// Deeper than any body of this API, far less than a stack holds.
const MAX_DEPTH: usize = 32;
const DUPLICATE_KEY: &str = "a key stands twice";
const TOO_DEEP: &str = "nested too deeply";
/// How many bad fields one answer names at most.
const MAX_NAMED: usize = 50;
/// How much of an unknown field's name an answer repeats at most.
const MAX_ECHO: usize = 64;

/// Why a value is refused, as a clause that follows the field's name.
pub(crate) type Reason = Cow<'static, str>;

/// A type that is read from a JSON object.
pub trait FromJson: Sized {
    /// Reads every field it knows and records each that is wrong. Returns
    /// `None` only if something was recorded.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// Reads a whole body.
///
/// # Errors
/// [`InputError::Malformed`] for text that is not strict JSON,
/// [`InputError::Invalid`] naming every bad field.
pub(crate) fn parse<T: FromJson>(body: &[u8]) -> Result<T, InputError> {
    let value = parse_strict(body)?;
    let mut invalid = Vec::new();
    let read = read_object(&value, String::new(), &mut invalid);
    match read {
        Some(read) if invalid.is_empty() => Ok(read),
        Some(_) | None => {
            invalid.truncate(MAX_NAMED);
            Err(InputError::Invalid(invalid))
        }
    }
}

fn parse_strict(body: &[u8]) -> Result<Value, InputError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        // Our own two refusals say what to mend; the rest of an error's text may
        // repeat the body.
        let text = error.to_string();
        let detail = if text.starts_with(DUPLICATE_KEY) {
            "A key stands twice in an object of the body."
        } else if text.starts_with(TOO_DEEP) {
            "The body is nested too deeply."
        } else {
            "The body is not valid JSON."
        };
        InputError::malformed(detail)
    })
}

fn read_object<T: FromJson>(
    value: &Value,
    pointer: String,
    invalid: &mut Vec<InvalidField>,
) -> Option<T> {
    let Value::Object(object) = value else {
        invalid.push(InvalidField::new(pointer, "must be an object"));
        return None;
    };
    let mut fields = Fields {
        object,
        pointer,
        known: Vec::new(),
        invalid,
    };
    let read = T::from_fields(&mut fields);
    fields.refuse_unknown();
    read
}

/// The fields of one JSON object, and the list of what was wrong so far.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
    invalid: &'a mut Vec<InvalidField>,
}

impl Fields<'_> {
    /// Reads a field that must be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Field<'_>) -> Result<T, Reason>,
    ) -> Option<T> {
        match self.optional(name, read)? {
            Some(value) => Some(value),
            None => {
                self.refuse(name, "is required".into());
                None
            }
        }
    }

    /// Reads a field that may be absent or null. The outer option is `None` if
    /// the field is there and wrong.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Field<'_>) -> Result<T, Reason>,
    ) -> Option<Option<T>> {
        self.known.push(name);
        match self.object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match read(Field(value)) {
                Ok(value) => Some(Some(value)),
                Err(reason) => {
                    self.refuse(name, reason);
                    None
                }
            },
        }
    }

    /// Reads an object that must be there.
    pub fn object<T: FromJson>(&mut self, name: &'static str) -> Option<T> {
        self.known.push(name);
        let pointer = self.at(name);
        match self.object.get(name) {
            None | Some(Value::Null) => {
                self.refuse(name, "is required".into());
                None
            }
            Some(value) => read_object(value, pointer, self.invalid),
        }
    }

    /// Reads an object that may be absent or null. The outer option is `None` if the field is
    /// there and wrong.
    pub fn optional_object<T: FromJson>(&mut self, name: &'static str) -> Option<Option<T>> {
        self.known.push(name);
        let pointer = self.at(name);
        match self.object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => read_object(value, pointer, self.invalid).map(Some),
        }
    }

    /// Records that a field is wrong for a reason that its own text can't tell.
    pub fn refuse(&mut self, name: &str, reason: Reason) {
        let pointer = self.at(name);
        self.invalid.push(InvalidField::new(pointer, reason));
    }

    fn refuse_unknown(&mut self) {
        let unknown: Vec<String> = self
            .object
            .keys()
            .filter(|key| !self.known.contains(&key.as_str()))
            .take(MAX_NAMED)
            .map(|key| key.chars().take(MAX_ECHO).collect())
            .collect();
        for name in unknown {
            self.refuse(&name, "is not a known field".into());
        }
    }

    /// Returns the JSON pointer of a field (RFC 6901).
    fn at(&self, name: &str) -> String {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        format!("{}/{escaped}", self.pointer)
    }
}

/// One value of a body, not yet read.
#[derive(Clone, Copy)]
pub struct Field<'a>(&'a Value);

impl<'a> Field<'a> {
    /// Reads a string.
    ///
    /// # Errors
    /// The reason, for anything else.
    pub fn text(self) -> Result<&'a str, Reason> {
        self.0.as_str().ok_or(Cow::Borrowed("must be a string"))
    }

    /// Reads a whole number in a range, written without fraction or exponent.
    ///
    /// # Errors
    /// The reason, for anything else.
    pub fn integer(self, range: RangeInclusive<i64>) -> Result<i64, Reason> {
        match self.0.as_i64().filter(|number| range.contains(number)) {
            Some(number) => Ok(number),
            None => Err(format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            )
            .into()),
        }
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// The reason, for anything else.
    pub fn boolean(self) -> Result<bool, Reason> {
        self.0
            .as_bool()
            .ok_or(Cow::Borrowed("must be true or false"))
    }
}

/// Builds a [`Value`], refusing a key that stands twice and nesting deeper
/// than [`MAX_DEPTH`].
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom(DUPLICATE_KEY));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Line {
        name: String,
        quantity: i64,
    }

    impl FromJson for Line {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            let name = fields.required("name", |v| v.text().map(str::to_owned));
            let quantity = fields.required("quantity", |v| v.integer(1..=99));
            Some(Self {
                name: name?,
                quantity: quantity?,
            })
        }
    }

    fn pointers(body: &str) -> Vec<String> {
        match parse::<Line>(body.as_bytes()) {
            Err(InputError::Invalid(fields)) => fields.into_iter().map(|f| f.pointer).collect(),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_good_object_is_read() {
        let line: Line = parse(br#" {"name":"Cup","quantity":2} "#).unwrap();
        assert_eq!((line.name.as_str(), line.quantity), ("Cup", 2));
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        assert_eq!(
            pointers(r#"{"name":7,"quantity":100,"a/b~":true}"#),
            ["/name", "/quantity", "/a~1b~0"]
        );
        assert_eq!(pointers("{}"), ["/name", "/quantity"]);
        assert_eq!(pointers("[]"), [""]);
    }

    #[test]
    fn a_number_that_is_not_a_plain_integer_is_refused() {
        for number in [
            "-0",
            "1e1",
            "1.0",
            "0.1",
            "\"1\"",
            "9223372036854775808",
            "true",
        ] {
            let body = format!(r#"{{"name":"Cup","quantity":{number}}}"#);
            assert_eq!(pointers(&body), ["/quantity"], "{number}");
        }
    }

    #[test]
    fn what_is_not_strict_json_is_malformed() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let shallow_but_too_deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
        for body in [
            "",
            "{",
            r#"{"name":"a","name":"b","quantity":1}"#,
            r#"{"quantity":1,"name":{"a":1,"a":2}}"#,
            r#"{"name":"a","quantity":1} x"#,
            r#"{"name":"\ud800","quantity":1}"#,
            "{\"name\":\"a\u{0}b\",\"quantity\":1}",
            r#"{"name":"a","quantity":01}"#,
            r#"{"name":"a","quantity":1,}"#,
            r#"{"name":"a","quantity":NaN}"#,
            &deep,
            &shallow_but_too_deep,
        ] {
            let read = parse::<Line>(body.as_bytes());
            assert!(matches!(read, Err(InputError::Malformed(_))), "{body:.60}");
        }
        assert!(matches!(
            parse::<Line>(b"{\"name\":\"\xff\",\"quantity\":1}"),
            Err(InputError::Malformed(_))
        ));
    }

    #[test]
    fn a_field_that_is_null_counts_as_absent() {
        assert_eq!(pointers(r#"{"name":null,"quantity":1}"#), ["/name"]);
    }
}
