//! The body of an answer, as the gateway takes it: a JSON text that is a string
//! of another JSON text.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};
use serde_json::value::RawValue;

/// A JSON text, written as a JSON string in one go: to write it first and quote
/// it afterwards took a fifth of the instructions of an answer from memory
/// (docs/performance.md).
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct JsonBody(Box<RawValue>);

impl JsonBody {
    /// Writes a value.
    pub(crate) fn write(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let mut quoted = Vec::with_capacity(4096);
        quoted.push(b'"');
        value.serialize(&mut Serializer::with_formatter(
            &mut quoted,
            QuotedFormatter,
        ))?;
        quoted.push(b'"');
        let quoted = String::from_utf8(quoted).map_err(serde::ser::Error::custom)?;
        RawValue::from_string(quoted).map(Self)
    }

    /// Returns the string in its quotes.
    pub(crate) fn quoted(&self) -> &str {
        self.0.get()
    }
}

/// Writes JSON with its quotes and backslashes escaped once more. There is
/// nothing else to escape: serde_json writes no control character as it is.
struct QuotedFormatter;

impl Formatter for QuotedFormatter {
    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(br#"\""#)
    }

    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(br#"\""#)
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let escape: &[u8] = match escape {
            CharEscape::Quote => br#"\\\""#,
            CharEscape::ReverseSolidus => br"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => br"\\b",
            CharEscape::FormFeed => br"\\f",
            CharEscape::LineFeed => br"\\n",
            CharEscape::CarriageReturn => br"\\r",
            CharEscape::Tab => br"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, r"\\u{byte:04x}"),
        };
        writer.write_all(escape)
    }

    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // JSON that somebody else wrote may have line breaks between its tokens.
        for byte in fragment.bytes() {
            match byte {
                b'"' | b'\\' => writer.write_all(&[b'\\', byte])?,
                0..0x20 => writer.write_all(b" ")?,
                _ => writer.write_all(&[byte])?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    /// Returns the text that a client gets.
    fn sent(value: &impl Serialize) -> String {
        let body = JsonBody::write(value).unwrap();
        let answer = serde_json::to_string(&BTreeMap::from([("body", &body)])).unwrap();
        let answer: BTreeMap<&str, String> = serde_json::from_str(&answer).unwrap();
        answer["body"].clone()
    }

    #[test]
    fn a_body_is_what_serde_json_writes() {
        let every_character: String = (0..=0x2fff).filter_map(char::from_u32).collect();
        let by_number = BTreeMap::from([(1, true), (-2, false)]);
        assert_eq!(sent(&by_number), serde_json::to_string(&by_number).unwrap());
        for value in [
            json!(null),
            json!("plain"),
            json!({}),
            json!([]),
            json!({ "a\"\\\n": [1, -2, 3.5, true, null, "\"", r#"\""#], "b": { "c": "ä€😀" } }),
            json!(every_character),
            json!("a very \"long\" text\\ ".repeat(1000)),
        ] {
            assert_eq!(sent(&value), serde_json::to_string(&value).unwrap());
        }
    }

    #[test]
    fn what_is_json_already_is_quoted_too() {
        let raw = RawValue::from_string("{\n\t\"a\": \"\\\"\\n\"}".to_owned()).unwrap();
        let read: Value = serde_json::from_str(&sent(&raw)).unwrap();
        assert_eq!(read, json!({ "a": "\"\n" }));
    }
}
