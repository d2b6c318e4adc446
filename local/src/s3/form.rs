//! The fields of an upload form that its policy doesn't name. s3s refuses most of them, but lets
//! some pass that S3 would not (`submit`, encryption, an old signature), and says it in other
//! words: a page that works here should work there.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures_util::{StreamExt, stream};
use s3s::post_policy::{PostPolicy, PostPolicyCondition};

/// How s3s begins its refusal of a form's field that the policy doesn't name.
pub(super) const UNNAMED_FIELD: &str = "Each form field that you specify";
/// How much of a form is read until its file begins, in bytes; S3 takes 20 KB.
const MAX_FIELDS: usize = 1024 * 1024;
/// Fields that need no condition, as does whatever begins with [`IGNORED`].
const FREE: [&str; 3] = ["x-amz-signature", "file", "policy"];
const IGNORED: &str = "x-ignore-";

/// Names of fields that no condition of the form's policy names, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExtraFields(BTreeSet<String>);

impl ExtraFields {
    /// S3's sentence, fit for XML.
    pub(super) fn sentence(&self) -> String {
        let mut text = "Invalid according to Policy: Extra input fields: ".to_owned();
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            for character in name.chars() {
                match character {
                    '&' => text.push_str("&amp;"),
                    '<' => text.push_str("&lt;"),
                    '>' => text.push_str("&gt;"),
                    // XML can't say it.
                    it if it.is_control() => text.push('?'),
                    it => text.push(it),
                }
            }
        }
        text
    }
}

/// Reads a form up to its file and gives the request back whole. Nothing is found in what is no
/// form, can't be read or has no policy: s3s judges that.
pub(super) async fn extra_fields(request: Request) -> (Request, Option<ExtraFields>) {
    let Some(boundary) = boundary(request.headers()) else {
        return (request, None);
    };
    let (parts, body) = request.into_parts();
    let mut rest = body.into_data_stream();
    let (mut chunks, mut read) = (Vec::new(), Vec::new());
    let mut fields = None;
    while fields.is_none() && read.len() <= MAX_FIELDS {
        let Some(chunk) = rest.next().await else {
            break;
        };
        if let Ok(chunk) = &chunk {
            read.extend_from_slice(chunk);
            fields = fields_before_file(&read, &boundary);
        }
        let failed = chunk.is_err();
        chunks.push(chunk);
        if failed {
            break;
        }
    }
    let body = Body::from_stream(stream::iter(chunks).chain(rest));
    let extra = fields.and_then(|fields| judge(&fields));
    (Request::from_parts(parts, body), extra)
}

/// The boundary of a form's parts.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary")
}

/// A parameter of a header's value, with or without quotes.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case(wanted)).then(|| value.to_owned())
    })
}

/// Names in lower case and values of the fields before the file, once that has begun: S3 ignores
/// what comes after it.
fn fields_before_file(form: &[u8], boundary: &str) -> Option<Vec<(String, Bytes)>> {
    let first = format!("--{boundary}\r\n");
    let next = format!("\r\n--{boundary}\r\n");
    let form = form.strip_prefix(b"\r\n").unwrap_or(form);
    let mut rest = form.strip_prefix(first.as_bytes())?;
    let mut fields = Vec::new();
    loop {
        let (head, after) = split(rest, b"\r\n\r\n")?;
        let name = String::from_utf8_lossy(head)
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(header, _)| header.trim().eq_ignore_ascii_case("content-disposition"))
            .and_then(|(_, value)| parameter(value, "name"))?
            .to_ascii_lowercase();
        if name == "file" {
            return Some(fields);
        }
        let (value, after) = split(after, next.as_bytes())?;
        fields.push((name, Bytes::copy_from_slice(value)));
        rest = after;
    }
}

/// What is before and what is after the first of these bytes.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..start)?, bytes.get(start + at.len()..)?))
}

fn judge(fields: &[(String, Bytes)]) -> Option<ExtraFields> {
    let (_, policy) = fields.iter().find(|(name, _)| name == "policy")?;
    let policy = PostPolicy::from_base64(std::str::from_utf8(policy).ok()?).ok()?;
    let named: BTreeSet<&str> = policy
        .conditions
        .iter()
        .filter_map(|condition| match condition {
            PostPolicyCondition::Eq { field, .. }
            | PostPolicyCondition::StartsWith { field, .. } => Some(field.as_str()),
            PostPolicyCondition::ContentLengthRange { .. } => None,
        })
        .collect();
    let names = fields.iter().map(|(name, _)| name.as_str());
    let extra: BTreeSet<String> = names
        // The bucket is in the URL, and counts as a field all the same.
        .chain(["bucket"])
        .filter(|name| !FREE.contains(name) && !name.starts_with(IGNORED))
        .filter(|name| !named.contains(name))
        .map(str::to_owned)
        .collect();
    (!extra.is_empty()).then_some(ExtraFields(extra))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::convert::Infallible;

    use axum::body::to_bytes;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn form(fields: &[(&str, &str)]) -> String {
        let mut text = String::new();
        for (name, value) in fields {
            text.push_str(&format!(
                "--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        text + "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\
                picture\r\n--limit\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\nx\r\n\
                --limit--\r\n"
    }

    fn policy() -> String {
        STANDARD.encode(
            r#"{"expiration":"2030-01-01T00:00:00.000Z","conditions":[{"bucket":"b"},
            ["starts-with","$Key","a/"],["content-length-range",1,2]]}"#,
        )
    }

    /// Sends the form in pieces of that size; gives what is found, and the body as it goes on.
    async fn found(form: &str, size: usize) -> (Option<ExtraFields>, Bytes) {
        let pieces = form.as_bytes().chunks(size);
        let pieces: Vec<_> = pieces
            .map(|it| Ok::<_, Infallible>(Bytes::copy_from_slice(it)))
            .collect();
        let request = Request::post("/b")
            .header("content-type", "multipart/form-data; boundary=\"limit\"")
            .body(Body::from_stream(stream::iter(pieces)))
            .unwrap();
        let (request, extra) = extra_fields(request).await;
        (extra, to_bytes(request.into_body(), 1 << 20).await.unwrap())
    }

    #[tokio::test]
    async fn fields_without_a_condition_are_found_however_the_form_arrives() {
        let policy = policy();
        let form = form(&[
            ("KEY", "a/1"),
            ("Zeta", "1"),
            ("policy", &policy),
            ("x-ignore-a", "1"),
            ("x-amz-signature", "0"),
            ("alpha", "1"),
            ("submit", "1"),
        ]);
        for size in [1, 7, 100_000] {
            let (extra, body) = found(&form, size).await;
            assert_eq!(
                extra.unwrap().sentence(),
                "Invalid according to Policy: Extra input fields: alpha, submit, zeta",
                "after the file nothing counts"
            );
            assert_eq!(body, form.as_bytes(), "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn nothing_is_found_where_there_is_nothing_to_find() {
        let policy = policy();
        let whole = form(&[("key", "a/1"), ("policy", &policy)]);
        let half = whole.split_at(whole.len() / 2).0.to_owned();
        let unsigned = form(&[("key", "a/1"), ("x", "1")]);
        let unread = form(&[("x", "1"), ("policy", "e30=")]);
        for form in [whole, half, unsigned, unread, "--limit\r\n".repeat(9)] {
            let (extra, body) = found(&form, 64).await;
            assert_eq!(extra, None, "{form}");
            assert_eq!(body, form.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_bucket_that_the_policy_does_not_name_counts_as_a_field() {
        let policy = r#"{"expiration":"2030-01-01T00:00:00.000Z","conditions":[]}"#;
        let form = form(&[("policy", &STANDARD.encode(policy))]);
        let (extra, _) = found(&form, 64).await;
        assert!(extra.unwrap().sentence().ends_with(": bucket"));
    }

    #[test]
    fn a_name_cannot_become_a_part_of_the_answer() {
        let names = ["a</Message><b>&", "c\u{1}"].map(str::to_owned);
        assert!(
            ExtraFields(names.into())
                .sentence()
                .ends_with(": a&lt;/Message&gt;&lt;b&gt;&amp;, c?")
        );
    }
}
