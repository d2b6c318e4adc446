//! S3 buckets of a template.

use serde_json::Value;

use crate::account::REGION;
use crate::error::TemplateError;
use crate::scope::{Resource, Scope, scalar_text};

/// One S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The bucket's name.
    pub name: String,
    /// Its CORS rules, in order: the first that fits a request answers it.
    pub cors: Vec<BucketCors>,
    /// The domain names of the CloudFront distributions that serve it.
    pub cdn_domains: Vec<String>,
    /// Patterns of the objects' ARNs that its policy lets CloudFront read.
    pub cdn_readable: Vec<String>,
}

/// One CORS rule of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketCors {
    /// Origins, each with at most one `*`.
    pub allowed_origins: Vec<String>,
    /// Methods.
    pub allowed_methods: Vec<String>,
    /// Request headers, each with at most one `*`.
    pub allowed_headers: Vec<String>,
    /// Response headers that a script may read.
    pub exposed_headers: Vec<String>,
    /// How many seconds a browser may remember a preflight.
    pub max_age: Option<u64>,
}

/// Reads a bucket.
pub(crate) fn bucket(
    scope: &Scope<'_>,
    resource: Resource<'_>,
    resources: &[Resource<'_>],
) -> Result<BucketTemplate, TemplateError> {
    if resource.property("NotificationConfiguration").is_some() {
        return Err(TemplateError::new(
            &resource.at("NotificationConfiguration"),
            "the local cloud cannot deliver events of a bucket",
        ));
    }
    let name = scope.physical_name(resource)?;
    let mut cors = Vec::new();
    let at = resource.at("CorsConfiguration");
    if let Some(configuration) = resource.property("CorsConfiguration")
        && let Some(configuration) = scope.resolve(configuration, &at)?
    {
        let rules = configuration.get("CorsRules").and_then(Value::as_array);
        for rule in rules.into_iter().flatten() {
            let texts = |name: &str| scope.texts(rule.get(name), &format!("{at}.{name}"));
            cors.push(BucketCors {
                allowed_origins: texts("AllowedOrigins")?,
                allowed_methods: texts("AllowedMethods")?,
                allowed_headers: texts("AllowedHeaders")?,
                exposed_headers: texts("ExposedHeaders")?,
                max_age: match rule.get("MaxAge") {
                    Some(value) => Some(scope.number(value, &format!("{at}.MaxAge"))?),
                    None => None,
                },
            });
        }
    }
    Ok(BucketTemplate {
        logical_id: resource.id.to_owned(),
        cdn_domains: cdn_domains(scope, &name, resources)?,
        cdn_readable: cdn_readable(scope, &name, resources)?,
        name,
        cors,
    })
}

/// Returns the domain names of the distributions whose first origin is the bucket.
fn cdn_domains(
    scope: &Scope<'_>,
    bucket: &str,
    resources: &[Resource<'_>],
) -> Result<Vec<String>, TemplateError> {
    let host = format!("{bucket}.s3.{REGION}.amazonaws.com");
    let mut domains = Vec::new();
    for distribution in resources
        .iter()
        .filter(|it| it.kind == "AWS::CloudFront::Distribution")
    {
        let origin = distribution
            .property("DistributionConfig")
            .and_then(|it| it.pointer("/Origins/0/DomainName"));
        let at = distribution.at("DistributionConfig.Origins");
        if let Some(origin) = origin
            && scope.text(origin, &at)? == host
        {
            domains.push(scope.attribute(&format!("{}.DomainName", distribution.id), &at)?);
        }
    }
    Ok(domains)
}

/// Returns what the bucket's policies let CloudFront read.
fn cdn_readable(
    scope: &Scope<'_>,
    bucket: &str,
    resources: &[Resource<'_>],
) -> Result<Vec<String>, TemplateError> {
    let mut readable = Vec::new();
    for policy in resources
        .iter()
        .filter(|it| it.kind == "AWS::S3::BucketPolicy")
    {
        let of = policy
            .property("Bucket")
            .ok_or_else(|| TemplateError::new(&policy.at("Bucket"), "is missing"))?;
        if scope.text(of, &policy.at("Bucket"))? != bucket {
            continue;
        }
        let at = policy.at("PolicyDocument");
        let document = match policy.property("PolicyDocument") {
            Some(document) => scope.resolve(document, &at)?,
            None => None,
        };
        let statements = document.as_ref().and_then(|it| it.get("Statement"));
        for statement in statements.and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| statement.get(name).and_then(Value::as_str);
            let service = statement.pointer("/Principal/Service");
            if text("Effect") == Some("Allow")
                && text("Action") == Some("s3:GetObject")
                && service.and_then(Value::as_str) == Some("cloudfront.amazonaws.com")
            {
                match statement.get("Resource") {
                    Some(Value::Array(items)) => {
                        readable.extend(items.iter().filter_map(scalar_text));
                    }
                    one => readable.extend(one.and_then(scalar_text)),
                }
            }
        }
    }
    Ok(readable)
}
