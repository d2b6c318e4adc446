//! Finds fields of an upload form that its policy doesn't name. s3s refuses most of them, but lets
//! some pass that S3 would not (`submit`, encryption, an old signature): a page that works here
//! should work there.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures_util::{StreamExt, stream};
use s3s::post_policy::{PostPolicy, PostPolicyCondition};

/// How much of a form is read until its file begins, in bytes; S3 takes 20 KB.
const MAX_FIELDS: usize = 1024 * 1024;
/// How long a piece is that s3s is given, in bytes.
const MAX_PIECE: usize = 16 * 1024;
/// Fields that need no condition, as does whatever begins with [`IGNORED`].
const FREE: [&str; 3] = ["x-amz-signature", "file", "policy"];
const IGNORED: &str = "x-ignore-";

/// Marks a request whose form has a field that no condition of its policy names.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnnamedField;

/// Reads a form up to its file, marks the request with [`UnnamedField`] and gives it back whole.
/// Leaves a body that is no form, can't be read or has no policy to s3s.
pub(super) async fn mark_unnamed_fields(request: Request) -> Request {
    let Some(boundary) = boundary(request.headers()) else {
        return request;
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
    let body = stream::iter(chunks).chain(rest);
    let body = Body::from_stream(body.flat_map(|chunk| stream::iter(pieces(chunk))));
    let mut request = Request::from_parts(parts, body);
    if fields.is_some_and(|fields| has_unnamed(&fields)) {
        request.extensions_mut().insert(UnnamedField);
    }
    request
}

/// Cuts a chunk of a body into pieces that s3s reads in any case: where one ends as a boundary
/// begins, it refuses a form whose next chunk is longer than 64 KiB.
fn pieces<Error>(chunk: Result<Bytes, Error>) -> Vec<Result<Bytes, Error>> {
    let mut rest = match chunk {
        Ok(chunk) => chunk,
        Err(error) => return vec![Err(error)],
    };
    let mut pieces = Vec::new();
    while rest.len() > MAX_PIECE {
        pieces.push(Ok(rest.split_to(MAX_PIECE)));
    }
    pieces.push(Ok(rest));
    pieces
}

/// Returns the boundary of a form's parts.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary")
}

/// Returns a parameter of a header's value, with or without quotes.
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

/// Splits around the first of these bytes.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..start)?, bytes.get(start + at.len()..)?))
}

/// Returns whether the form has a readable policy, and a field that no condition of it names.
fn has_unnamed(fields: &[(String, Bytes)]) -> bool {
    let policy = fields.iter().find(|(name, _)| name == "policy");
    let policy = policy.and_then(|(_, policy)| std::str::from_utf8(policy).ok());
    let Some(policy) = policy.and_then(|policy| PostPolicy::from_base64(policy).ok()) else {
        return false;
    };
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
    names
        // The bucket is in the URL, and counts as a field all the same.
        .chain(["bucket"])
        .filter(|name| !FREE.contains(name) && !name.starts_with(IGNORED))
        .any(|name| !named.contains(name))
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

    /// Sends the form in pieces of that size. Returns whether it is marked, and the body as it
    /// goes on.
    async fn found(form: &str, size: usize) -> (bool, Bytes) {
        let pieces = form.as_bytes().chunks(size);
        let pieces: Vec<_> = pieces
            .map(|it| Ok::<_, Infallible>(Bytes::copy_from_slice(it)))
            .collect();
        let request = Request::post("/b")
            .header("content-type", "multipart/form-data; boundary=\"limit\"")
            .body(Body::from_stream(stream::iter(pieces)))
            .unwrap();
        let request = mark_unnamed_fields(request).await;
        let marked = request.extensions().get::<UnnamedField>().is_some();
        (
            marked,
            to_bytes(request.into_body(), 1 << 20).await.unwrap(),
        )
    }

    #[tokio::test]
    async fn a_long_chunk_goes_on_in_pieces_that_a_parser_of_forms_takes() {
        let chunk = |bytes: Vec<u8>| Ok::<_, Infallible>(Bytes::from(bytes));
        // A chunk that ends as a boundary begins, and a long one after it.
        let sent = [chunk(b"--limit\r\n\r".to_vec()), chunk(vec![7; 200_000])];
        let request = Request::post("/b")
            .header("content-type", "multipart/form-data; boundary=limit")
            .body(Body::from_stream(stream::iter(sent)))
            .unwrap();
        let request = mark_unnamed_fields(request).await;
        let pieces: Vec<_> = request.into_body().into_data_stream().collect().await;
        let pieces: Vec<Bytes> = pieces.into_iter().map(Result::unwrap).collect();
        assert!(pieces.iter().all(|it| it.len() <= MAX_PIECE));
        let whole = [&b"--limit\r\n\r"[..], &[7; 200_000]].concat();
        assert!(pieces.concat() == whole);
    }

    #[tokio::test]
    async fn a_field_without_a_condition_is_found_however_the_form_arrives() {
        let policy = policy();
        for name in ["alpha", "submit", "Zeta"] {
            let form = form(&[
                ("KEY", "a/1"),
                ("policy", &policy),
                ("x-ignore-a", "1"),
                ("x-amz-signature", "0"),
                (name, "1"),
            ]);
            for size in [1, 7, 100_000] {
                let (marked, body) = found(&form, size).await;
                assert!(marked, "{name} in pieces of {size}");
                assert_eq!(body, form.as_bytes(), "in pieces of {size}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_found_where_there_is_nothing_to_find() {
        let policy = policy();
        // `form` puts a field behind the file, where nothing counts.
        let whole = form(&[("key", "a/1"), ("policy", &policy), ("x-ignore-a", "1")]);
        let half = whole.split_at(whole.len() / 2).0.to_owned();
        let unsigned = form(&[("key", "a/1"), ("x", "1")]);
        let unread = form(&[("x", "1"), ("policy", "e30=")]);
        for form in [whole, half, unsigned, unread, "--limit\r\n".repeat(9)] {
            let (marked, body) = found(&form, 64).await;
            assert!(!marked, "{form}");
            assert_eq!(body, form.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_bucket_that_the_policy_does_not_name_counts_as_a_field() {
        let policy = r#"{"expiration":"2030-01-01T00:00:00.000Z","conditions":[]}"#;
        let form = form(&[("policy", &STANDARD.encode(policy))]);
        assert!(found(&form, 64).await.0);
    }
}
