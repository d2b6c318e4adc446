//! Functions of a template, with their environment and what invokes them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::account::{ACCOUNT, REGION};
use crate::error::TemplateError;
use crate::events::{self, AsynchronousTemplate, EventSource};
use crate::roles::{self, RoleTemplate};
use crate::scope::{Resource, Scope, scalar_text};

/// One Lambda function (`AWS::Serverless::Function`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// `FunctionName`, or what CloudFormation would make of the logical id.
    pub name: String,
    /// The binary of this workspace that the function runs.
    pub binary: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Memory in MiB. Told to the function, not enforced.
    pub memory_mib: u32,
    /// `ReservedConcurrentExecutions`: a hard limit; 0 turns the function off.
    pub reserved_concurrency: Option<u32>,
    /// The CloudWatch log group that the function would write to.
    pub log_group: String,
    /// The role it runs with; `None` for the one that SAM makes, which may write logs only.
    pub role: Option<RoleTemplate>,
    /// The HTTP API routes that lead to it.
    pub routes: Vec<RouteTemplate>,
    /// What else invokes it.
    pub sources: Vec<EventSource>,
    /// What becomes of events that aren't waited for, when it fails.
    pub asynchronous: AsynchronousTemplate,
}

impl FunctionTemplate {
    /// Returns the function's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name)
    }
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTemplate {
    /// A method and a path such as `/api/orders/{orderId}`.
    Path {
        /// The HTTP method in capitals, or `ANY`.
        method: String,
        /// The path, with `{name}` for a segment and `{name+}` for the rest of the path.
        path: String,
    },
    /// `$default`: whatever no other route takes.
    Default,
}

impl RouteTemplate {
    /// Returns the route's key, such as `GET /api/orders/{orderId}` or `$default`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Path { method, path } => format!("{method} {path}"),
            Self::Default => "$default".to_owned(),
        }
    }
}

/// Returns a property of the function, or of `Globals.Function`.
fn function_property<'a>(
    scope: &Scope<'a>,
    resource: Resource<'a>,
    name: &str,
) -> Option<&'a Value> {
    resource
        .property(name)
        .or_else(|| scope.globals("Function")?.get(name))
}

/// Reads a function with its environment and routes.
pub(crate) fn function(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<FunctionTemplate, TemplateError> {
    let name = scope.physical_name(resource)?;
    let binary = resource
        .body
        .get("Metadata")
        .and_then(|metadata| metadata.get("BuildProperties")?.get("Binary")?.as_str())
        .ok_or_else(|| {
            TemplateError::new(
                &format!("Resources.{}.Metadata.BuildProperties", resource.id),
                "Binary must name the function's binary",
            )
        })?;

    let mut environment = BTreeMap::new();
    let global = scope
        .globals("Function")
        .and_then(|function| function.get("Environment"));
    for (variables, at) in [
        (global, "Globals.Function.Environment".to_owned()),
        (resource.property("Environment"), resource.at("Environment")),
    ] {
        let Some(variables) = variables.and_then(|it| it.get("Variables")?.as_object()) else {
            continue;
        };
        for (name, value) in variables {
            let at = format!("{at}.Variables.{name}");
            if let Some(value) = scope.resolve(value, &at)? {
                let text = scalar_text(&value)
                    .ok_or_else(|| TemplateError::new(&at, "must be a string"))?;
                environment.insert(name.clone(), text);
            }
        }
    }

    // Lambda's own defaults: 3 seconds, 128 MiB.
    let number = |property: &str, default: u64| match function_property(scope, resource, property) {
        Some(value) => scope.number(value, &resource.at(property)),
        None => Ok(default),
    };
    let reserved = match function_property(scope, resource, "ReservedConcurrentExecutions") {
        Some(value) => scope.resolve(value, &resource.at("ReservedConcurrentExecutions"))?,
        None => None,
    };
    let reserved_concurrency = match reserved {
        Some(value) => Some(limit(
            scope,
            &value,
            resource,
            "ReservedConcurrentExecutions",
        )?),
        None => None,
    };
    // Lambda tells a function of its log level by a variable.
    let level = [
        resource.property("LoggingConfig"),
        scope
            .globals("Function")
            .and_then(|it| it.get("LoggingConfig")),
    ];
    let mut level = level.into_iter().flatten();
    if let Some(level) = level.find_map(|config| config.get("ApplicationLogLevel")) {
        let level = scope.text(level, &resource.at("LoggingConfig.ApplicationLogLevel"))?;
        environment.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level);
    }
    let log_group = function_property(scope, resource, "LoggingConfig")
        .and_then(|config| config.get("LogGroup"));
    let log_group = match log_group {
        Some(value) => scope.text(value, &resource.at("LoggingConfig.LogGroup"))?,
        None => format!("/aws/lambda/{name}"),
    };

    if function_property(scope, resource, "DeadLetterQueue").is_some() {
        return Err(TemplateError::new(
            &resource.at("DeadLetterQueue"),
            "the local cloud knows EventInvokeConfig.DestinationConfig.OnFailure instead, which \
             says why an event failed",
        ));
    }
    for unknown in ["Policies", "PermissionsBoundary"] {
        if function_property(scope, resource, unknown).is_some() {
            return Err(TemplateError::new(
                &resource.at(unknown),
                "the local cloud knows what a function may do by its Role only",
            ));
        }
    }
    let role = match function_property(scope, resource, "Role") {
        Some(role) => Some(roles::role_of(scope, role, &resource.at("Role"))?),
        None => None,
    };

    let (routes, sources) = events_of(scope, resource)?;
    Ok(FunctionTemplate {
        logical_id: resource.id.to_owned(),
        binary: binary.to_owned(),
        environment,
        timeout: Duration::from_secs(number("Timeout", 3)?),
        memory_mib: u32::try_from(number("MemorySize", 128)?)
            .map_err(|_| TemplateError::new(&resource.at("MemorySize"), "is too large"))?,
        reserved_concurrency,
        log_group,
        role,
        asynchronous: events::asynchronous(
            scope,
            resource,
            function_property(scope, resource, "EventInvokeConfig"),
        )?,
        routes,
        sources,
        name,
    })
}

fn limit(
    scope: &Scope<'_>,
    value: &Value,
    resource: Resource<'_>,
    property: &str,
) -> Result<u32, TemplateError> {
    let at = resource.at(property);
    u32::try_from(scope.number(value, &at)?).map_err(|_| TemplateError::new(&at, "is too large"))
}

/// Reads what invokes the function.
fn events_of(
    scope: &Scope<'_>,
    resource: Resource<'_>,
) -> Result<(Vec<RouteTemplate>, Vec<EventSource>), TemplateError> {
    let (mut routes, mut sources) = (Vec::new(), Vec::new());
    let Some(events) = resource.property("Events").and_then(Value::as_object) else {
        return Ok((routes, sources));
    };
    for (name, event) in events {
        let at = resource.at(&format!("Events.{name}"));
        if event.get("Type").and_then(Value::as_str) != Some("HttpApi") {
            sources.extend(events::source(scope, name, event, &at)?);
            continue;
        }
        let property = |name: &str| event.get("Properties").and_then(|it| it.get(name));
        if property("Auth").is_some() {
            return Err(TemplateError::new(
                &at,
                "the local cloud knows no authorizers; the functions verify tokens themselves",
            ));
        }
        if let Some(version) = property("PayloadFormatVersion") {
            let version = scope.text(version, &at)?;
            if version != "2.0" {
                return Err(TemplateError::new(
                    &at,
                    format_args!("payload format {version}: the local cloud speaks 2.0 only"),
                ));
            }
        }
        routes.push(match (property("Method"), property("Path")) {
            (None, None) => RouteTemplate::Default,
            (Some(method), Some(path)) => {
                let method = scope.text(method, &at)?.to_uppercase();
                let path = scope.text(path, &at)?;
                if path == "$default" {
                    RouteTemplate::Default
                } else {
                    RouteTemplate::Path {
                        method: if method == "*" { "ANY".into() } else { method },
                        path,
                    }
                }
            }
            _ => {
                return Err(TemplateError::new(
                    &at,
                    "needs both Method and Path, or neither",
                ));
            }
        });
    }
    Ok((routes, sources))
}
