//! Functions of a template, with their environment and their routes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::roles;
use super::scope::{Resource, Scope, scalar_text};
use super::{FunctionTemplate, RouteTemplate, TemplateError};

/// A property of the function, or of `Globals.Function`.
fn function_property<'a>(
    scope: &Scope<'a>,
    resource: Resource<'a>,
    name: &str,
) -> Option<&'a Value> {
    resource
        .property(name)
        .or_else(|| scope.globals("Function")?.get(name))
}

/// A function with its environment and routes.
pub(super) fn function(
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
        routes: routes(scope, resource)?,
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

fn routes(scope: &Scope<'_>, resource: Resource<'_>) -> Result<Vec<RouteTemplate>, TemplateError> {
    let mut routes = Vec::new();
    let Some(events) = resource.property("Events").and_then(Value::as_object) else {
        return Ok(routes);
    };
    for (name, event) in events {
        let at = resource.at(&format!("Events.{name}"));
        match event.get("Type").and_then(Value::as_str) {
            Some("HttpApi") => {}
            Some(kind) => {
                return Err(TemplateError::new(
                    &at,
                    format_args!("the local cloud cannot deliver events of type {kind}"),
                ));
            }
            None => return Err(TemplateError::new(&at, "has no Type")),
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
    Ok(routes)
}
