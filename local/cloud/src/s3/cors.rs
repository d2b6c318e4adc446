//! CORS of a bucket, in front of s3s, which answers preflights with 501.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use template::BucketCors;

/// What a browser asks of a bucket: in a preflight, or by an actual request.
pub(super) struct Asked {
    origin: String,
    method: String,
    /// Lower-case names of the headers that a preflight asks for.
    headers: Vec<String>,
}

impl Asked {
    /// Reads a preflight; `None` if it lacks the headers that make it one.
    pub(super) fn by_preflight(headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok();
        Some(Self {
            origin: text(header::ORIGIN)?.to_owned(),
            method: text(header::ACCESS_CONTROL_REQUEST_METHOD)?.to_owned(),
            headers: text(header::ACCESS_CONTROL_REQUEST_HEADERS)
                .unwrap_or_default()
                .split(',')
                .map(|name| name.trim().to_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }

    /// Reads any other request; `None` if no browser asks across origins.
    pub(super) fn by_request(method: &str, headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            origin: headers.get(header::ORIGIN)?.to_str().ok()?.to_owned(),
            method: method.to_owned(),
            headers: Vec::new(),
        })
    }

    /// Finds the first rule that allows all of it.
    fn rule<'a>(&self, rules: &'a [BucketCors]) -> Option<&'a BucketCors> {
        rules.iter().find(|rule| {
            let lower: Vec<String> = rule
                .allowed_headers
                .iter()
                .map(|it| it.to_lowercase())
                .collect();
            rule.allowed_origins.iter().any(|it| fits(it, &self.origin))
                && rule.allowed_methods.contains(&self.method)
                && self
                    .headers
                    .iter()
                    .all(|name| lower.iter().any(|it| fits(it, name)))
        })
    }
}

/// Answers a preflight: 200 with what is allowed, or 403.
pub(super) fn answer_preflight(asked: Option<&Asked>, rules: &[BucketCors]) -> Response<Body> {
    let allowed = asked.and_then(|asked| Some((asked, asked.rule(rules)?)));
    let Some((asked, rule)) = allowed else {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessForbidden</Code>\
                    <Message>CORSResponse: This CORS request is not allowed.</Message></Error>";
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        );
        return response;
    };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    write(asked, rule, headers);
    set(
        headers,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        &asked.headers.join(", "),
    );
    if let Some(seconds) = rule.max_age {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
    response
}

/// Adds to an actual answer what the first fitting rule allows, and nothing if none fits.
pub(super) fn answer_actual(asked: &Asked, rules: &[BucketCors], headers: &mut HeaderMap) {
    if let Some(rule) = asked.rule(rules) {
        write(asked, rule, headers);
    }
}

fn write(asked: &Asked, rule: &BucketCors, headers: &mut HeaderMap) {
    let origin = if rule.allowed_origins.iter().any(|it| it == "*") {
        "*"
    } else {
        &asked.origin
    };
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    set(
        headers,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        &rule.allowed_methods.join(", "),
    );
    set(
        headers,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        &rule.exposed_headers.join(", "),
    );
    headers.append(
        header::VARY,
        HeaderValue::from_static(
            "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        ),
    );
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}

/// Returns whether a text fits a pattern that has at most one `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
