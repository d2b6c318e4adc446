//! The HTTP API of a template.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::TemplateError;
use crate::scope::{Resource, Scope, is_true};

/// `CorsConfiguration` of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiCors {
    /// Origins that may call, exactly as a browser sends them; `*` for all.
    pub allow_origins: Vec<String>,
    /// Methods answered to a preflight.
    pub allow_methods: Vec<String>,
    /// Request headers answered to a preflight.
    pub allow_headers: Vec<String>,
    /// Response headers that a script may read.
    pub expose_headers: Vec<String>,
    /// How many seconds a browser may remember a preflight.
    pub max_age: Option<u64>,
    /// Whether cookies and HTTP authentication may be sent.
    pub allow_credentials: bool,
}

/// How many requests a route takes before the gateway answers 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteLimit {
    /// `ThrottlingRateLimit`: requests a second on average.
    pub rate: u32,
    /// `ThrottlingBurstLimit`: requests at once.
    pub burst: u32,
}

/// `DefaultRouteSettings` and `RouteSettings` of the HTTP API, as far as they throttle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiThrottling {
    /// The limit of each route that has none of its own.
    pub default: Option<RouteLimit>,
    /// Limits by the route's key, such as `GET /api/orders/{orderId}`.
    pub routes: BTreeMap<String, RouteLimit>,
}

/// Reads how the API throttles its routes.
pub(crate) fn throttling(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<ApiThrottling, TemplateError> {
    let at = resource.at("DefaultRouteSettings");
    let default = match resource.property("DefaultRouteSettings") {
        Some(settings) => route_limit(scope, settings, &at)?,
        None => None,
    };
    let mut routes = BTreeMap::new();
    let at = resource.at("RouteSettings");
    let settings = resource
        .property("RouteSettings")
        .and_then(Value::as_object);
    for (key, settings) in settings.into_iter().flatten() {
        let limit = route_limit(scope, settings, &format!("{at}.{key}"))?;
        routes.extend(limit.map(|limit| (key.clone(), limit)));
    }
    Ok(ApiThrottling { default, routes })
}

/// Reads the limit of one group of settings; `None` if they set none.
fn route_limit(
    scope: &Scope<'_>,
    settings: &Value,
    at: &str,
) -> Result<Option<RouteLimit>, TemplateError> {
    let number = |name: &str| match settings.get(name) {
        None => Ok(None),
        Some(value) => {
            let at = format!("{at}.{name}");
            let number = u32::try_from(scope.number(value, &at)?).ok();
            let number = number.filter(|number| *number > 0);
            let wrong = || TemplateError::new(&at, "must be a positive number");
            number.ok_or_else(wrong).map(Some)
        }
    };
    match (
        number("ThrottlingRateLimit")?,
        number("ThrottlingBurstLimit")?,
    ) {
        (None, None) => Ok(None),
        (Some(rate), Some(burst)) => Ok(Some(RouteLimit { rate, burst })),
        _ => Err(TemplateError::new(
            at,
            "the local cloud throttles by a rate and a burst together",
        )),
    }
}

/// Reads the CORS configuration of the API.
pub(crate) fn cors(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<Option<ApiCors>, TemplateError> {
    for unknown in ["DefinitionBody", "DefinitionUri", "Auth", "StageVariables"] {
        if resource.property(unknown).is_some() {
            return Err(TemplateError::new(
                &resource.at(unknown),
                "the local cloud does not know this property",
            ));
        }
    }
    if let Some(stage) = resource.property("StageName") {
        let stage = scope.text(stage, &resource.at("StageName"))?;
        if stage != "$default" {
            return Err(TemplateError::new(
                &resource.at("StageName"),
                "the local cloud knows the stage $default only, which has no prefix in paths",
            ));
        }
    }
    let cors = resource.property("CorsConfiguration").or_else(|| {
        scope
            .globals("HttpApi")
            .and_then(|api| api.get("CorsConfiguration"))
    });
    let at = resource.at("CorsConfiguration");
    let Some(cors) = cors else { return Ok(None) };
    match scope.resolve(cors, &at)? {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Object(cors)) => {
            let texts = |name: &str| scope.texts(cors.get(name), &format!("{at}.{name}"));
            let max_age = match cors.get("MaxAge") {
                Some(value) => Some(scope.number(value, &format!("{at}.MaxAge"))?),
                None => None,
            };
            Ok(Some(ApiCors {
                allow_origins: texts("AllowOrigins")?,
                allow_methods: texts("AllowMethods")?,
                allow_headers: texts("AllowHeaders")?,
                expose_headers: texts("ExposeHeaders")?,
                max_age,
                allow_credentials: is_true(cors.get("AllowCredentials")),
            }))
        }
        Some(_) => Err(TemplateError::new(
            &at,
            "must be a mapping; the short form `true` would allow every origin",
        )),
    }
}
