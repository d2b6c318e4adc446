//! What a handler may take from a request, beside who is calling: the path's
//! id, the query, the body, the page, header values, the deadline.

use std::future::{Future, ready};

use super::deadline::Deadline;
use super::endpoint::FromRequest;
use super::problem::Problem;
use super::request::RequestContext;
use crate::input::{
    FromJson, FromQuery, IdempotencyKey, IfMatch, InputError, PageRequest, parse_json, parse_query,
};
use crate::values::PathId;

/// The largest body of this API.
const MAX_BODY: usize = 256 * 1024;

/// The id in the path, or two ids. One that can't be an id names nothing: 404.
pub struct Path<T>(pub T);

/// The body, read into a domain type.
pub struct Json<T>(pub T);

impl<T: FromJson> Json<T> {
    /// Reads the text of a body.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for what is not strict JSON, [`Problem::Invalid`] naming every bad
    /// field.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        Ok(Self(parse_json(body)?))
    }
}

/// The query, read into a domain type.
pub struct Query<T>(pub T);

impl<T: FromQuery> Query<T> {
    /// Reads a query from its names and values, both decoded.
    ///
    /// # Errors
    /// [`Problem::Malformed`] naming every bad parameter.
    pub fn read<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problem> {
        Ok(Self(parse_query(given)?))
    }
}

/// Implements [`FromRequest`] for what is read from the request alone.
macro_rules! from_request {
    (@impl [$($generics:tt)*] $Type:ty, $read:expr) => {
        impl<$($generics)*> FromRequest for $Type {
            type Service = ();

            fn from_request(
                request: &RequestContext<'_>,
                (): &(),
            ) -> impl Future<Output = Result<Self, Problem>> + Send {
                let read: fn(&RequestContext<'_>) -> Result<Self, Problem> = $read;
                ready(read(request))
            }
        }
    };
    (<$T:ident: $Bound:ident> $Type:ty, $read:expr) => {
        from_request!(@impl [$T: $Bound + Send] $Type, $read);
    };
    ($Type:ident, $read:expr) => {
        from_request!(@impl [] $Type, $read);
    };
}

from_request!(<T: PathId> Path<T>, |request| {
    let text = request.path_parameter(T::PARAMETER);
    text.and_then(T::parse).map(Path).ok_or(Problem::NotFound)
});
from_request!(@impl [A: PathId + Send, B: PathId + Send] Path<(A, B)>, |request| {
    let first = request.path_parameter(A::PARAMETER).and_then(A::parse);
    let second = request.path_parameter(B::PARAMETER).and_then(B::parse);
    first.zip(second).map(Path).ok_or(Problem::NotFound)
});
from_request!(<T: FromJson> Json<T>, read_body);
from_request!(<T: FromQuery> Query<T>, |request| {
    Query::read(request.query_parameters())
});
from_request!(PageRequest, |request| {
    Ok(parse_query(request.query_parameters())?)
});
from_request!(IdempotencyKey, |request| {
    Ok(Self::from_header(request.header("idempotency-key"))?)
});
from_request!(@impl [] Option<IdempotencyKey>, |request| {
    let value = request.header("idempotency-key");
    let key = value.map(|value| IdempotencyKey::from_header(Some(value)));
    Ok(key.transpose()?)
});
from_request!(IfMatch, |request| Ok(Self::from_header(
    request.header("if-match")
)?));
from_request!(Deadline, |request| Ok(request.deadline()));

fn read_body<T: FromJson>(request: &RequestContext<'_>) -> Result<Json<T>, Problem> {
    let body = request.body()?;
    if body.len() > MAX_BODY {
        return Err(Problem::PayloadTooLarge);
    }
    if body.is_empty() {
        return Err(InputError::malformed("A JSON body is required.").into());
    }
    if !request.header("content-type").is_some_and(is_json) {
        return Err(Problem::UnsupportedMediaType);
    }
    Json::read(body)
}

/// Returns whether this is `application/json`, alone or with `charset=utf-8`.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
