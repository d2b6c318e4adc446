//! Cross-origin requests, answered as an HTTP API with a `CorsConfiguration` does: it answers
//! preflights itself and replaces whatever CORS headers a function writes.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use template::ApiCors;

/// Returns whether the request is a preflight. Any other `OPTIONS` request is a route's.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Headers of the answer to a preflight. An origin that isn't allowed gets none that allow
/// anything, and that is how a browser learns it.
pub(super) fn answer_preflight(cors: &ApiCors, request: &HeaderMap, answer: &mut HeaderMap) {
    if !allow(cors, request, answer) {
        return;
    }
    set_list(
        answer,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        &cors.allow_methods,
    );
    set_list(
        answer,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        &cors.allow_headers,
    );
    if let Some(seconds) = cors.max_age {
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
}

/// Headers of the answer to any other request.
pub(super) fn answer_actual(cors: &ApiCors, request: &HeaderMap, answer: &mut HeaderMap) {
    let own: Vec<HeaderName> = answer
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"))
        .cloned()
        .collect();
    for name in own {
        answer.remove(name);
    }
    if allow(cors, request, answer) {
        set_list(
            answer,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &cors.expose_headers,
        );
    }
}

/// Names the origin in the answer if it may call. AWS does not say that its gateway adds `Vary`,
/// so this one doesn't: a function whose answer may be cached must.
fn allow(cors: &ApiCors, request: &HeaderMap, answer: &mut HeaderMap) -> bool {
    // A browser sends one. Of two, an allowed one must not speak for the other.
    let mut origins = request.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return false;
    };
    let allowed = cors.allow_origins.iter().any(|allowed| {
        let scheme = allowed.strip_suffix("://*");
        allowed == "*"
            || allowed.as_bytes() == origin.as_bytes()
            || scheme.is_some_and(|scheme| {
                let rest = origin.as_bytes().strip_prefix(scheme.as_bytes());
                rest.is_some_and(|rest| rest.starts_with(b"://"))
            })
    });
    if allowed {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if cors.allow_credentials {
            answer.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
    allowed
}

fn set_list(answer: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !values.is_empty()
    {
        answer.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn cors() -> ApiCors {
        ApiCors {
            allow_origins: vec!["http://localhost:3000".into()],
            allow_methods: vec!["GET".into(), "POST".into()],
            allow_headers: vec!["authorization".into()],
            expose_headers: vec!["etag".into(), "x-request-id".into()],
            max_age: Some(600),
            allow_credentials: false,
        }
    }

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn a_preflight_from_an_allowed_origin_is_told_what_it_may_do() {
        let mut answer = HeaderMap::new();
        answer_preflight(&cors(), &from("http://localhost:3000"), &mut answer);
        assert_eq!(
            text(&answer, "access-control-allow-origin"),
            Some("http://localhost:3000")
        );
        assert_eq!(
            text(&answer, "access-control-allow-methods"),
            Some("GET,POST")
        );
        assert_eq!(
            text(&answer, "access-control-allow-headers"),
            Some("authorization")
        );
        assert_eq!(text(&answer, "access-control-max-age"), Some("600"));
        assert_eq!(text(&answer, "access-control-allow-credentials"), None);
    }

    #[test]
    fn an_origin_that_only_looks_like_an_allowed_one_is_told_nothing() {
        for origin in [
            "null",
            "http://localhost:3000.evil.example",
            "http://localhost:30000",
            "https://localhost:3000",
            "http://evil.example",
            "http://LOCALHOST:3000",
        ] {
            let mut answer = HeaderMap::new();
            answer_preflight(&cors(), &from(origin), &mut answer);
            assert!(answer.is_empty(), "{origin}: {answer:?}");
        }
    }

    #[test]
    fn two_origins_are_told_nothing_even_if_one_is_allowed() {
        for (first, second) in [
            ("http://localhost:3000", "http://evil.example"),
            ("http://evil.example", "http://localhost:3000"),
        ] {
            let mut both = from(first);
            both.append(header::ORIGIN, second.parse().unwrap());
            let mut answer = HeaderMap::new();
            answer_preflight(&cors(), &both, &mut answer);
            answer_actual(&cors(), &both, &mut answer);
            assert!(answer.is_empty(), "{first} and {second}: {answer:?}");
        }
    }

    #[test]
    fn the_gateways_headers_replace_the_functions_own() {
        let mut answer = HeaderMap::new();
        answer.insert("access-control-allow-origin", "*".parse().unwrap());
        answer.insert("access-control-allow-credentials", "true".parse().unwrap());
        answer.insert("vary", "Accept".parse().unwrap());
        answer_actual(&cors(), &from("http://evil.example"), &mut answer);
        assert_eq!(text(&answer, "access-control-allow-origin"), None);
        assert_eq!(text(&answer, "access-control-allow-credentials"), None);
        assert_eq!(text(&answer, "vary"), Some("Accept"));

        answer_actual(&cors(), &from("http://localhost:3000"), &mut answer);
        assert_eq!(
            text(&answer, "access-control-expose-headers"),
            Some("etag,x-request-id")
        );
    }
}
