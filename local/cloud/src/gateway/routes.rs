//! Which function a request goes to, as the HTTP API chooses: a literal segment beats a
//! parameter, a parameter beats a rest of the path, a method beats `ANY`, and `$default` takes
//! what is left.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use template::{FunctionTemplate, RouteTemplate};

/// The route table of one HTTP API.
#[derive(Debug)]
pub(super) struct Routes {
    routes: Vec<Route>,
    default: Option<String>,
}

#[derive(Debug)]
struct Route {
    method: String,
    path: String,
    segments: Vec<Segment>,
    function: String,
}

/// Ordered as routes are preferred: the first is the more specific.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Rest(String),
}

/// A request's route.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'a> {
    /// The logical id of the function.
    pub(super) function: &'a str,
    /// The route's key, such as `GET /api/orders/{orderId}`.
    pub(super) key: String,
    /// The path parameters, decoded.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Routes {
    pub(super) fn new(functions: &[FunctionTemplate]) -> Self {
        let mut routes = Vec::new();
        let mut default = None;
        for function in functions {
            for route in &function.routes {
                match route {
                    RouteTemplate::Default => default = Some(function.logical_id.clone()),
                    RouteTemplate::Path { method, path } => routes.push(Route {
                        method: method.clone(),
                        path: path.clone(),
                        segments: path.split('/').map(Segment::parse).collect(),
                        function: function.logical_id.clone(),
                    }),
                }
            }
        }
        // The most specific first; `ANY` sorts after every method of the same path by being
        // compared last.
        routes.sort_by(|a: &Route, b: &Route| {
            (kinds(&a.segments), a.method == "ANY").cmp(&(kinds(&b.segments), b.method == "ANY"))
        });
        Self { routes, default }
    }

    /// Finds the route of a method and a decoded path.
    pub(super) fn find(&self, method: &str, path: &DecodedPath) -> Option<Match<'_>> {
        let found = self.routes.iter().find_map(|route| {
            let fits = route.method == "ANY" || route.method == method;
            let parameters = fits.then(|| route.parameters(path)).flatten()?;
            Some(Match {
                function: &route.function,
                key: format!("{} {}", route.method, route.path),
                parameters,
            })
        });
        found.or_else(|| {
            self.default.as_deref().map(|function| Match {
                function,
                key: "$default".to_owned(),
                parameters: BTreeMap::new(),
            })
        })
    }
}

fn kinds(segments: &[Segment]) -> Vec<u8> {
    segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Rest(_) => 2,
        })
        .collect()
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            None => Self::Literal(text.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                None => Self::Parameter(name.to_owned()),
                Some(name) => Self::Rest(name.to_owned()),
            },
        }
    }
}

impl Route {
    /// Returns the parameters of the path, if it is this route's.
    fn parameters(&self, path: &DecodedPath) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut given = path.segments.iter();
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => {
                    if given.next()? != text {
                        return None;
                    }
                }
                Segment::Parameter(name) => {
                    let value = given.next().filter(|value| !value.is_empty())?;
                    parameters.insert(name.clone(), value.clone());
                }
                Segment::Rest(name) => {
                    let rest: Vec<&str> = given.by_ref().map(String::as_str).collect();
                    let rest = rest.join("/");
                    if rest.is_empty() {
                        return None;
                    }
                    parameters.insert(name.clone(), rest);
                }
            }
        }
        given.next().is_none().then_some(parameters)
    }
}

/// A path split at its slashes, each segment percent-decoded: an encoded slash stays inside its
/// segment.
#[derive(Debug)]
pub(super) struct DecodedPath {
    segments: Vec<String>,
}

impl DecodedPath {
    /// Decodes a path; `None` if what it encodes isn't UTF-8, or a `%` has no two digits behind it.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments = path.split('/').map(decode).collect::<Option<_>>()?;
        Some(Self { segments })
    }

    /// Returns the whole path, decoded. An HTTP API gives `rawPath` in this form, whatever its name
    /// says, unlike a REST API or a function URL.
    pub(super) fn text(&self) -> String {
        self.segments.join("/")
    }
}

fn decode(segment: &str) -> Option<String> {
    let mut rest = segment;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.get(..2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        rest = after;
    }
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    fn function(id: &str, routes: &[(&str, &str)]) -> FunctionTemplate {
        FunctionTemplate {
            logical_id: id.into(),
            name: id.into(),
            binary: id.into(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(1),
            memory_mib: 128,
            reserved_concurrency: None,
            log_group: String::new(),
            sources: Vec::new(),
            asynchronous: template::AsynchronousTemplate::default(),
            role: None,
            routes: routes
                .iter()
                .map(|(method, path)| match *path {
                    "$default" => RouteTemplate::Default,
                    path => RouteTemplate::Path {
                        method: (*method).into(),
                        path: path.into(),
                    },
                })
                .collect(),
        }
    }

    fn routes() -> Routes {
        Routes::new(&[
            function("any", &[("ANY", "/api/{kind}")]),
            function("rest", &[("GET", "/api/{path+}")]),
            function("get", &[("GET", "/api/orders/{orderId}")]),
            function("literal", &[("GET", "/api/orders/latest")]),
            function("list", &[("GET", "/api/orders")]),
            function("default", &[("", "$default")]),
        ])
    }

    fn found(method: &str, path: &str) -> (String, String) {
        let routes = routes();
        let found = routes
            .find(method, &DecodedPath::parse(path).unwrap())
            .unwrap();
        (found.function.to_owned(), found.key)
    }

    #[test]
    fn the_most_specific_route_wins() {
        let cases = [
            ("GET", "/api/orders", "list", "GET /api/orders"),
            (
                "GET",
                "/api/orders/latest",
                "literal",
                "GET /api/orders/latest",
            ),
            (
                "GET",
                "/api/orders/ord_1",
                "get",
                "GET /api/orders/{orderId}",
            ),
            ("GET", "/api/orders/ord_1/lines", "rest", "GET /api/{path+}"),
            ("PUT", "/api/orders", "any", "ANY /api/{kind}"),
            ("GET", "/api/carts", "any", "ANY /api/{kind}"),
            ("PUT", "/api/orders/ord_1", "default", "$default"),
            ("GET", "/", "default", "$default"),
            ("GET", "/api/", "default", "$default"),
            ("GET", "/API/orders", "default", "$default"),
        ];
        for (method, path, function, key) in cases {
            assert_eq!(
                found(method, path),
                (function.to_owned(), key.to_owned()),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn path_parameters_are_decoded_and_an_encoded_slash_stays_inside() {
        let routes = routes();
        let path = DecodedPath::parse("/api/orders/a%2Fb%20%C3%A9+c").unwrap();
        let found = routes.find("GET", &path).unwrap();
        assert_eq!(found.function, "get");
        assert_eq!(found.parameters.get("orderId").unwrap(), "a/b é+c");
        assert_eq!(path.text(), "/api/orders/a/b é+c");
    }

    #[test]
    fn a_path_that_cannot_be_decoded_is_refused() {
        for path in ["/api/%", "/api/%4", "/api/%zz", "/api/%ff", "/api/%é"] {
            assert!(DecodedPath::parse(path).is_none(), "{path}");
        }
    }
}
