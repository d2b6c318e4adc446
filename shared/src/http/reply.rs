//! The closed set of answers. Every one says whether it may be cached: only
//! public bodies may, and everything else, problems included, is `no-store`.
//!
//! An order can't be made public:
//! ```compile_fail,E0277
//! use shared::http::{Problem, Public};
//! use shared::orders::Order;
//! fn leak(order: &Order) -> Result<Public<Order>, Problem> {
//!     Public::new(order)
//! }
//! ```
//! while a product can:
//! ```
//! use shared::catalogue::ProductDetail;
//! use shared::http::{Problem, Public};
//! fn show(product: &ProductDetail) -> Result<Public<ProductDetail>, Problem> {
//!     Public::new(product)
//! }
//! ```

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::json_body::JsonBody;
use super::problem::Problem;
use super::quota::Quota;
use crate::values::sha256_base64url;

/// How long a cache may keep a page of the catalogue (`PublicCacheControl` in openapi.yaml).
const PUBLIC: &str = "public, max-age=60, stale-while-revalidate=300";
const NO_STORE: &str = "no-store";

/// On every answer. The policies forbid a browser to do anything with it but
/// read it.
pub const SECURITY_HEADERS: [(&str, &str); 7] = [
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("cross-origin-resource-policy", "same-site"),
    // Today's browsers ignore it; older ones are safer with the filter off,
    // which could itself be abused.
    ("x-xss-protection", "0"),
];

/// Answers 200 with a body that no cache may store.
pub struct Private<T>(pub T);

/// Answers 200 with a body that everyone may see and caches may store. A process
/// may have written it a moment ago, for somebody else: `Age` then says how old it is
/// (RFC 9111 section 5.1).
pub struct Public<T: PublicBody> {
    body: WrittenBody,
    age: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

/// A public body as it is sent, and its validator. Cloning it copies neither.
#[derive(Clone)]
pub(crate) struct WrittenBody {
    body: Arc<JsonBody>,
    etag: Arc<str>,
}

/// Answers 201 with what was created, which no cache may store.
pub struct Created<T>(pub T);

/// Answers 204 without a body, which no cache may store.
pub struct NoContent;

/// The answer to a request that carries an idempotency key.
pub enum Idempotent<T> {
    /// Done now: 201.
    Created(T),
    /// Done by an earlier request with the same key: 200 and
    /// `Idempotent-Replayed: true`.
    Replayed(T),
}

/// The answer to a request that changes something and may carry an idempotency key: 200.
pub enum IdempotentChange<T> {
    /// Done now.
    Changed(T),
    /// Done by an earlier request with the same key: with `Idempotent-Replayed: true`.
    Replayed(T),
}

/// The answer to a request that makes something under a name of the caller's choice, or
/// changes what is there. No cache may store it.
pub enum Saved<T> {
    /// Made now: 201.
    Created(T),
    /// Was there, and is as the caller wants it now: 200.
    Changed(T),
}

/// What everybody may see and any cache may keep. Sealed: only areas of this
/// crate implement it, and a test lists which of their types do.
pub trait PublicBody: Serialize + sealed::Sealed {}

/// An answer that a handler may give. Sealed.
pub trait Reply: sealed::Sealed {
    /// Writes the answer. `if_none_match` is the request's header, if any.
    #[doc(hidden)]
    fn into_response(self, if_none_match: Option<&str>) -> Result<Response, Problem>;
}

pub(crate) mod sealed {
    /// Keeps other crates from implementing a trait of this one.
    pub trait Sealed {}
    impl<T> Sealed for super::Private<T> {}
    impl<T: super::PublicBody> Sealed for super::Public<T> {}
    impl<T> Sealed for super::Created<T> {}
    impl<T> Sealed for super::Idempotent<T> {}
    impl<T> Sealed for super::IdempotentChange<T> {}
    impl<T> Sealed for super::Saved<T> {}
    impl Sealed for super::NoContent {}
}

impl<T: Serialize> Reply for Private<T> {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        Response::json(200, NO_STORE, &self.0)
    }
}

impl<T: Serialize> Reply for Created<T> {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        Response::json(201, NO_STORE, &self.0)
    }
}

impl<T: Serialize> Reply for Idempotent<T> {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        match self {
            Self::Created(body) => Response::json(201, NO_STORE, &body),
            Self::Replayed(body) => replayed(&body),
        }
    }
}

fn replayed(body: &impl Serialize) -> Result<Response, Problem> {
    let response = Response::json(200, NO_STORE, body)?;
    Ok(response.with("idempotent-replayed", "true"))
}

impl<T: Serialize> Reply for IdempotentChange<T> {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        match self {
            Self::Changed(body) => Response::json(200, NO_STORE, &body),
            Self::Replayed(body) => replayed(&body),
        }
    }
}

impl<T: Serialize> Reply for Saved<T> {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        match self {
            Self::Created(body) => Response::json(201, NO_STORE, &body),
            Self::Changed(body) => Response::json(200, NO_STORE, &body),
        }
    }
}

impl Reply for NoContent {
    fn into_response(self, _: Option<&str>) -> Result<Response, Problem> {
        Ok(Response::empty(204, NO_STORE))
    }
}

impl WrittenBody {
    /// Writes a public body.
    pub(crate) fn new(body: &impl PublicBody) -> Result<Self, Problem> {
        let body = write(body)?;
        let etag = etag(body.quoted().as_bytes()).into();
        Ok(Self { body, etag })
    }

    /// Returns how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.body.quoted().len()
    }
}

impl<T: PublicBody> Public<T> {
    /// Writes a body.
    ///
    /// # Errors
    /// [`Problem::Internal`] if it can't be written.
    pub fn new(body: &T) -> Result<Self, Problem> {
        Ok(Self::written(WrittenBody::new(body)?, None))
    }

    /// Returns the answer with a body that was written before; `age` is how long
    /// ago it was read, if that wasn't for this request.
    pub(crate) fn written(body: WrittenBody, age: Option<Duration>) -> Self {
        Self {
            body,
            age,
            of: PhantomData,
        }
    }
}

impl<T: PublicBody> Reply for Public<T> {
    fn into_response(self, if_none_match: Option<&str>) -> Result<Response, Problem> {
        let WrittenBody { body, etag } = self.body;
        let response = if if_none_match.is_some_and(|seen| matches(seen, &etag)) {
            Response::empty(304, PUBLIC)
        } else {
            Response::with_body(200, PUBLIC, body)
        };
        // The gateway names the caller's origin in the answer, and AWS does not
        // say that it adds this.
        let response = response
            .with("etag", etag.to_string())
            .with("vary", "Origin");
        Ok(match self.age {
            // Rounded up, so that a cache never keeps it for too long.
            Some(age) => response.with("age", (age.as_secs() + 1).to_string()),
            None => response,
        })
    }
}

fn write(body: &impl Serialize) -> Result<Arc<JsonBody>, Problem> {
    let body = JsonBody::write(body).map_err(Problem::internal)?;
    Ok(Arc::new(body))
}

/// Computes a strong validator: the same bytes have the same tag, others another
/// (RFC 9110 section 8.8.3).
fn etag(body: &[u8]) -> String {
    format!("\"{}\"", sha256_base64url::<16>(body))
}

/// Compares weakly, as `If-None-Match` asks for (RFC 9110 section
/// 13.1.2).
fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|seen| {
        let seen = seen.strip_prefix("W/").unwrap_or(seen);
        seen == "*" || seen == etag
    })
}

/// Headers by their lower-case names; none is there twice.
pub(crate) type Headers = Vec<(&'static str, Cow<'static, str>)>;

/// An answer, ready to go out. Nobody outside this file can make one.
#[derive(Debug)]
pub struct Response {
    status: u16,
    cache_control: &'static str,
    headers: Headers,
    body: Option<Arc<JsonBody>>,
    /// The code of the problem that it tells of.
    code: Option<&'static str>,
}

impl Response {
    fn empty(status: u16, cache_control: &'static str) -> Self {
        let mut headers = Vec::with_capacity(SECURITY_HEADERS.len() + 4);
        headers.push(("cache-control", Cow::Borrowed(cache_control)));
        headers.extend(SECURITY_HEADERS.map(|(name, value)| (name, Cow::Borrowed(value))));
        Self {
            status,
            cache_control,
            headers,
            body: None,
            code: None,
        }
    }

    fn json(
        status: u16,
        cache_control: &'static str,
        body: &impl Serialize,
    ) -> Result<Self, Problem> {
        Ok(Self::with_body(status, cache_control, write(body)?))
    }

    fn with_body(status: u16, cache_control: &'static str, body: Arc<JsonBody>) -> Self {
        let response = Self::empty(status, cache_control);
        let response = response.with("content-type", "application/json");
        let body = Some(body);
        Self { body, ..response }
    }

    fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Makes the answer that tells of a problem.
    pub(crate) fn problem(problem: Problem, request_id: &str) -> Self {
        let document = problem.document();
        let mut response =
            Self::empty(document.status, NO_STORE).with("content-type", "application/problem+json");
        if document.status == 401 {
            // RFC 9110 section 11.6.1 requires a challenge.
            response = response.with("www-authenticate", "Bearer");
        }
        if let Some(wait) = document.retry_after {
            response = response.with("retry-after", wait.as_secs().max(1).to_string());
        }
        response.body = document.body(request_id).map(Arc::new);
        response.code = Some(document.code);
        response
    }

    /// Returns the answer with what belongs to its request alone: the id, and what
    /// is left of the limit, in the names that clients know
    /// (<https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-07.html>).
    /// What a cache may hand to anyone stays without them.
    pub(crate) fn for_request(self, id: &str, quota: Option<Quota>) -> Self {
        if self.cache_control != NO_STORE {
            return self;
        }
        let named = self.with("x-request-id", id.to_owned());
        let Some(quota) = quota else {
            return named;
        };
        named
            .with("ratelimit-limit", quota.limit.to_string())
            .with("ratelimit-remaining", quota.remaining.to_string())
            .with("ratelimit-reset", quota.reset.as_secs().to_string())
    }

    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| *n == name);
        values.next().map(|(_, value)| value.as_ref())
    }

    /// Returns the code of the problem that it tells of, if it does.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// Returns the body as a client gets it.
    #[cfg(test)]
    pub(crate) fn body(&self) -> String {
        let quoted = self.body.as_ref().map_or("\"\"", |body| body.quoted());
        serde_json::from_str(quoted).unwrap()
    }

    pub(crate) fn into_parts(self) -> (u16, Headers, Option<Arc<JsonBody>>) {
        (self.status, self.headers, self.body)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::http::Conflict;
    use crate::http::event::Answer;
    use crate::input::InvalidField;
    use crate::values::{Currency, Money, PathId, ProductId};

    #[derive(Serialize)]
    struct Page;
    impl sealed::Sealed for Page {}
    impl PublicBody for Page {}

    fn page() -> Public<Page> {
        Public::new(&Page).unwrap()
    }

    fn answers() -> Vec<Response> {
        vec![
            Private("x").into_response(None).unwrap(),
            Created("x").into_response(None).unwrap(),
            Idempotent::Created("x").into_response(None).unwrap(),
            Idempotent::Replayed("x").into_response(None).unwrap(),
            NoContent.into_response(None).unwrap(),
        ]
    }

    fn problems() -> Vec<Problem> {
        let eur = Currency::parse("EUR").unwrap();
        let id = ProductId::parse("prod_01arz3ndektsv4rrffq69g5fav").unwrap();
        vec![
            Problem::Malformed("x".into()),
            Problem::NoToken,
            Problem::BadToken,
            Problem::SignInFailed,
            Problem::Forbidden,
            Problem::AddressRefused,
            Problem::RateLimited {
                limit: "requests",
                quota: Quota {
                    limit: 1000,
                    remaining: 0,
                    reset: std::time::Duration::from_secs(7),
                },
            },
            Problem::NotFound,
            Problem::PayloadTooLarge,
            Problem::UnsupportedMediaType,
            Problem::Invalid(vec![InvalidField::new("/a", "is required")]),
            Problem::IdempotencyMismatch,
            Problem::Conflict(Conflict::AddressTaken),
            Problem::Conflict(Conflict::EmptyCart),
            Problem::Conflict(Conflict::OutOfStock(vec![id])),
            Problem::Conflict(Conflict::PriceChanged {
                total: Money::new(7, eur),
            }),
            Problem::Conflict(Conflict::CartChanged),
            Problem::Conflict(Conflict::Stale),
            Problem::Conflict(Conflict::InvalidTransition),
            Problem::Conflict(Conflict::TooManyNotes),
            Problem::Conflict(Conflict::LastSuperAdmin),
            Problem::unavailable("the table orders-7 is on fire"),
            Problem::internal("the table orders-7 is on fire"),
        ]
    }

    #[test]
    fn every_answer_and_every_problem_is_no_store() {
        for answer in answers() {
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        for problem in problems() {
            let answer = Response::problem(problem, "req-1");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn a_public_body_alone_is_cacheable() {
        let answer = page().into_response(None).unwrap();
        assert_eq!(answer.header("cache-control"), Some(PUBLIC));
        assert!(answer.header("etag").is_some());
    }

    #[test]
    fn what_a_cache_may_hand_to_anyone_says_nothing_of_who_asked() {
        let quota = Quota {
            limit: 1000,
            remaining: 7,
            reset: std::time::Duration::from_secs(9),
        };
        let own = |answer: Response| -> Vec<&str> {
            let answer = answer.for_request("req-1", Some(quota));
            let own = |name: &str| name == "x-request-id" || name.starts_with("ratelimit-");
            let names = answer.headers.iter().map(|(name, _)| *name);
            names.filter(|name| own(name)).collect()
        };
        for seen in [None, Some("*")] {
            let answer = page().into_response(seen).unwrap();
            assert_eq!(answer.header("vary"), Some("Origin"));
            assert!(own(answer).is_empty());
        }
        let problems = problems()
            .into_iter()
            .map(|problem| Response::problem(problem, "req-1"));
        for answer in answers().into_iter().chain(problems) {
            assert_eq!(own(answer).len(), 4);
        }
    }

    #[test]
    fn a_body_that_was_seen_is_not_sent_again() {
        let first = page().into_response(None).unwrap();
        let etag = first.header("etag").unwrap().to_owned();
        for seen in [etag.clone(), format!("\"x\", W/{etag}"), "*".into()] {
            let again = page().into_response(Some(&seen)).unwrap();
            assert_eq!((again.status(), again.body().as_str()), (304, ""));
            assert_eq!(again.header("etag"), Some(etag.as_str()));
            assert_eq!(again.header("cache-control"), Some(PUBLIC));
        }
        let other = page().into_response(Some("\"x\"")).unwrap();
        assert_eq!(other.status(), 200);
    }

    #[test]
    fn what_was_written_before_says_how_old_it_is() {
        let written = |age| Public::<Page>::written(WrittenBody::new(&Page).unwrap(), age);
        let fresh = written(None).into_response(None).unwrap();
        assert_eq!(fresh.header("age"), None);
        for (milliseconds, age) in [(0, "1"), (999, "1"), (1000, "2"), (9001, "10")] {
            let old = || written(Some(Duration::from_millis(milliseconds)));
            let answer = old().into_response(None).unwrap();
            assert_eq!(answer.header("age"), Some(age));
            assert_eq!(answer.header("etag"), fresh.header("etag"));
            assert_eq!(answer.body(), fresh.body());
            // Who asks whether it has changed learns the same.
            let seen = old().into_response(Some("*")).unwrap();
            assert_eq!((seen.status(), seen.header("age")), (304, Some(age)));
        }
    }

    #[test]
    fn headers_are_what_http_knows_and_none_is_there_twice() {
        let quota = Quota {
            limit: 1000,
            remaining: 7,
            reset: std::time::Duration::from_secs(9),
        };
        let remembered = Public::<Page>::written(page().body, Some(Duration::ZERO));
        let public = [page(), remembered].map(|it| it.into_response(None).unwrap());
        let problems = problems()
            .into_iter()
            .map(|p| Response::problem(p, "req-1"));
        for answer in answers().into_iter().chain(public).chain(problems) {
            let mut names = Vec::new();
            for (name, value) in &answer.for_request("req-1", Some(quota)).headers {
                HeaderName::from_static(name);
                HeaderValue::from_str(value).unwrap();
                assert!(!names.contains(name), "{name}");
                names.push(name);
            }
        }
    }

    #[test]
    fn a_value_that_http_does_not_know_is_left_out_alone() {
        let answer = NoContent.into_response(None).unwrap();
        let answer = answer
            .with("etag", "a\nb".to_owned())
            .with("age", "1".to_owned());
        let answer = serde_json::to_value(Answer::from(answer)).unwrap();
        let headers = answer["headers"].as_object().unwrap();
        assert!(!headers.contains_key("etag"));
        assert_eq!(headers["age"], "1");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(answer["body"], "");
    }

    #[test]
    fn the_security_headers_are_on_everything() {
        let problems = problems()
            .into_iter()
            .map(|p| Response::problem(p, "req-1"));
        for answer in answers().into_iter().chain(problems) {
            for (name, value) in SECURITY_HEADERS {
                assert_eq!(answer.header(name), Some(value));
            }
        }
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_a_code() {
        for problem in problems() {
            let answer = Response::problem(problem, "req-1");
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            let body: serde_json::Value = serde_json::from_str(&answer.body()).unwrap();
            assert_eq!(body["status"], answer.status());
            assert_eq!(body["requestId"], "req-1");
            let code = body["code"].as_str().unwrap();
            assert_eq!(body["type"], format!("/problems/{code}"));
            assert!(body["title"].is_string() && body["detail"].is_string());
        }
    }

    #[test]
    fn a_problem_tells_nothing_of_the_inside() {
        for problem in problems() {
            assert!(
                !Response::problem(problem, "req-1")
                    .body()
                    .contains("orders-7")
            );
        }
    }

    #[test]
    fn a_problem_carries_what_a_client_can_act_on() {
        let eur = Currency::parse("EUR").unwrap();
        let body = |problem| -> serde_json::Value {
            serde_json::from_str(&Response::problem(problem, "").body()).unwrap()
        };
        let total = Money::new(7, eur);
        let changed = body(Problem::Conflict(Conflict::PriceChanged { total }));
        assert_eq!(changed["total"]["amount"], 7);
        let id = ProductId::parse("prod_01arz3ndektsv4rrffq69g5fav").unwrap();
        let short = body(Problem::Conflict(Conflict::OutOfStock(vec![id.clone()])));
        assert_eq!(short["products"][0], id.as_str());
        let invalid = body(Problem::invalid("/name", "is required"));
        assert_eq!(invalid["errors"][0]["pointer"], "/name");
    }

    #[test]
    fn a_401_challenges_and_a_503_says_when_to_come_back() {
        let no_token = Response::problem(Problem::NoToken, "");
        assert_eq!(no_token.header("www-authenticate"), Some("Bearer"));
        let busy = Response::problem(Problem::unavailable("x"), "");
        assert_eq!(busy.header("retry-after"), Some("1"));
    }
}
