//! S3 buckets of a template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::account::REGION;
use crate::error::TemplateError;
use crate::scope::{Resource, Scope};

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
    /// What its policy lets CloudFront read.
    pub cdn_readable: Vec<CdnReadable>,
    /// Whether it keeps the versions of an object that is written again or deleted.
    pub versioned: bool,
}

/// Objects that a bucket's policy lets CloudFront read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdnReadable {
    /// A pattern of their ARNs.
    pub objects: String,
    /// The tags that they must have, each with one of these values: `s3:ExistingObjectTag`.
    pub tags: BTreeMap<String, BTreeSet<String>>,
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
    let at = resource.at("VersioningConfiguration");
    let versioning = match resource.property("VersioningConfiguration") {
        Some(versioning) => scope.resolve(versioning, &at)?,
        None => None,
    };
    let versioned = match versioning.as_ref().map(|it| it.get("Status")) {
        None => false,
        Some(Some(Value::String(status))) if status == "Enabled" => true,
        Some(_) => {
            return Err(TemplateError::new(
                &at,
                "the local cloud knows buckets whose Status is Enabled, or without this property",
            ));
        }
    };
    Ok(BucketTemplate {
        logical_id: resource.id.to_owned(),
        cdn_domains: cdn_domains(scope, &name)?,
        cdn_readable: cdn_readable(scope, &name)?,
        name,
        cors,
        versioned,
    })
}

/// Returns the domain names of the distributions whose first origin is the bucket.
fn cdn_domains(scope: &Scope<'_>, bucket: &str) -> Result<Vec<String>, TemplateError> {
    let host = format!("{bucket}.s3.{REGION}.amazonaws.com");
    let mut domains = Vec::new();
    for distribution in scope.resources_of("AWS::CloudFront::Distribution") {
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
fn cdn_readable(scope: &Scope<'_>, bucket: &str) -> Result<Vec<CdnReadable>, TemplateError> {
    let mut readable = Vec::new();
    for policy in scope.resources_of("AWS::S3::BucketPolicy") {
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
                let tags = tags_demanded(scope, statement.get("Condition"), &at)?;
                let objects = scope.texts_or_one(statement.get("Resource"), &at)?;
                readable.extend(objects.into_iter().map(|objects| CdnReadable {
                    objects,
                    tags: tags.clone(),
                }));
            }
        }
    }
    Ok(readable)
}

/// Reads the tags that a statement's conditions demand of an object. That the request must come
/// from the distribution, every request here is taken to fulfil.
fn tags_demanded(
    scope: &Scope<'_>,
    conditions: Option<&Value>,
    at: &str,
) -> Result<BTreeMap<String, BTreeSet<String>>, TemplateError> {
    let mut tags = BTreeMap::new();
    for (operator, keys) in conditions.and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            // Case doesn't count in a condition's key; it does in the tag's.
            let (name, tag) = key.split_once('/').unwrap_or((key, ""));
            match (operator.as_str(), &*name.to_lowercase()) {
                ("StringEquals" | "ArnEquals" | "ArnLike" | "StringLike", "aws:sourcearn")
                | ("StringEquals", "aws:sourceaccount") => {}
                ("StringEquals", "s3:existingobjecttag") if !tag.is_empty() => {
                    let values = scope.texts_or_one(Some(values), at)?;
                    tags.insert(tag.to_owned(), values.into_iter().collect());
                }
                _ => {
                    return Err(TemplateError::new(
                        at,
                        format_args!(
                            "the local cloud does not know the condition {operator} on {key} of \
                             what CloudFront may read"
                        ),
                    ));
                }
            }
        }
    }
    Ok(tags)
}
