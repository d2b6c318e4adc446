//! What a handler may take from a request, beside who is calling: the path's
//! id, the query, the body, the page, the idempotency key, the time left.

use std::future::{Future, ready};
use std::time::Duration;

use crate::call::{Call, FromRequest};
use crate::ids::PathId;
use crate::json::{self, FromJson};
use crate::problem::Problem;

/// The largest body of this API (api.md).
const MAX_BODY: usize = 256 * 1024;

/// The id in the path. One that can't be an id names nothing: 404.
pub struct Path<T>(pub T);

impl<T: PathId + Send> FromRequest for Path<T> {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        let text = call.request().path_parameter(T::PARAMETER);
        ready(text.and_then(T::parse).map(Path).ok_or(Problem::NotFound))
    }
}

/// The body, read into a domain type.
pub struct Json<T>(pub T);

impl<T: FromJson + Send> FromRequest for Json<T> {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        ready(read_body(call))
    }
}

fn read_body<T: FromJson>(call: &Call<'_>) -> Result<Json<T>, Problem> {
    let body = call.request().body()?;
    if body.len() > MAX_BODY {
        return Err(Problem::PayloadTooLarge);
    }
    if body.is_empty() {
        return Err(Problem::Malformed("A JSON body is required.".into()));
    }
    if !call.request().header("content-type").is_some_and(is_json) {
        return Err(Problem::UnsupportedMediaType);
    }
    json::parse(&body).map(Json)
}

/// `application/json`, alone or with `charset=utf-8`.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            matches!(
                parameter.to_ascii_lowercase().as_str(),
                "charset=utf-8" | "charset=\"utf-8\""
            )
        })
}

/// The query, read into a domain type.
pub struct Query<T>(pub T);

/// A type that is read from the query. Parameters that nobody asks for are
/// ignored, as links carry all sorts of them.
pub trait FromQuery: Sized {
    /// Takes every parameter it knows. Nothing is returned only if one of
    /// them was noted as wrong.
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self>;
}

impl<T: FromQuery + Send> FromRequest for Query<T> {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        ready(read_query(&call.request().raw_query_string).map(Query))
    }
}

fn read_query<T: FromQuery>(query: &str) -> Result<T, Problem> {
    let mut parameters = Parameters {
        query,
        wrong: Vec::new(),
    };
    let read = T::from_query(&mut parameters);
    match read {
        Some(read) if parameters.wrong.is_empty() => Ok(read),
        Some(_) | None => Err(Problem::Malformed(parameters.wrong.join(" ").into())),
    }
}

/// The parameters of a query, and what was wrong so far.
pub struct Parameters<'a> {
    query: &'a str,
    wrong: Vec<String>,
}

impl Parameters<'_> {
    /// A parameter that may be absent, or empty as forms send it. The outer
    /// option is nothing if it is wrong, or there twice; `expected` says what
    /// it should be.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<Option<T>> {
        let mut values = form_urlencoded::parse(self.query.as_bytes())
            .filter_map(|(key, value)| (key == name && !value.is_empty()).then_some(value));
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some(value), None) => match read(&value) {
                Some(value) => Some(Some(value)),
                None => self.refuse(name, expected),
            },
            (Some(_), Some(_)) => self.refuse(name, "given once"),
        }
    }

    /// Notes that a parameter is wrong.
    pub(crate) fn refuse<T>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.wrong
            .push(format!("The parameter `{name}` must be {expected}."));
        None
    }
}

/// Which page of a list: `limit` (1 to 100, else 24) and `cursor`.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub(crate) limit: u16,
    pub(crate) cursor: Option<String>,
}

impl FromQuery for PageRequest {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let limit = parameters.optional(
            "limit",
            |text| {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let limit = text.parse().ok().filter(|_| digits)?;
                (1..=100).contains(&limit).then_some(limit)
            },
            "a whole number from 1 to 100",
        );
        let cursor = parameters.optional(
            "cursor",
            |text| (text.len() <= 1024).then(|| text.to_owned()),
            "the `nextCursor` of the page before",
        );
        Some(Self {
            limit: limit?.unwrap_or(24),
            cursor: cursor?,
        })
    }
}

impl FromRequest for PageRequest {
    async fn from_request(call: &Call<'_>) -> Result<Self, Problem> {
        let Query(page) = Query::from_request(call).await?;
        Ok(page)
    }
}

/// The client's own name for one attempt to buy: 1 to 255 visible ASCII
/// characters in the header `Idempotency-Key`.
#[derive(Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        ((1..=255).contains(&text.len()) && visible).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for IdempotencyKey {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        let key = call.request().header("idempotency-key");
        ready(key.and_then(Self::parse).ok_or_else(|| {
            Problem::Malformed(
                "The header Idempotency-Key must be 1 to 255 visible ASCII characters.".into(),
            )
        }))
    }
}

/// The version that the client has read, in the header `If-Match`: `"3"`.
/// Nothing, where the header is absent or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Reads the header's value; nothing if it can't be a version of ours.
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

impl FromRequest for IfMatch {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        let read = match call.request().header("if-match") {
            None => Some(Self(None)),
            Some(text) => Self::parse(text),
        };
        ready(read.ok_or_else(|| {
            Problem::Malformed(
                "The header If-Match must be the version in quotes, as in \"3\".".into(),
            )
        }))
    }
}

/// How long this call may still take before Lambda ends it.
#[derive(Clone, Copy)]
pub struct TimeLeft(std::time::Instant);

impl TimeLeft {
    /// What is left, less the half second that it takes to answer.
    #[must_use]
    pub fn to_work(self) -> Duration {
        self.0
            .saturating_duration_since(std::time::Instant::now())
            .saturating_sub(Duration::from_millis(500))
    }

    /// So long from now.
    #[must_use]
    pub fn of(duration: Duration) -> Self {
        Self(std::time::Instant::now() + duration)
    }
}

impl FromRequest for TimeLeft {
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send {
        ready(Ok(call.time_left()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<PageRequest, Problem> {
        read_query(query)
    }

    #[test]
    fn a_page_has_24_items_unless_told() {
        assert_eq!(page("").unwrap().limit, 24);
        assert_eq!(page("limit=&cursor=").unwrap().limit, 24);
        assert_eq!(page("limit=100&utm_source=mail").unwrap().limit, 100);
    }

    #[test]
    fn a_limit_that_is_not_1_to_100_is_malformed() {
        for limit in ["0", "101", "-1", "1.5", "x", "%2B5", "99999999999999999999"] {
            assert!(page(&format!("limit={limit}")).is_err(), "{limit}");
        }
        assert!(page("limit=1&limit=2").is_err());
    }

    #[test]
    fn only_json_in_utf_8_is_json() {
        for good in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=UTF-8",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/json; charset=latin1",
            "application/json,text/plain",
            "application/jsonx",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

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
        for bad in ["", "a b", "\u{e4}", "a\n", &"k".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_none());
        }
    }
}
