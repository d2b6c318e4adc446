//! The HTTP API of a template.

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
