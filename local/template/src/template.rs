//! A whole template: reads every resource that the local cloud serves.

use std::path::Path;

use serde_json::Value;

use crate::api::{self, ApiCors, ApiThrottling};
use crate::buckets::{BucketTemplate, bucket};
use crate::document::kept_document;
use crate::error::TemplateError;
use crate::functions::{FunctionTemplate, RouteTemplate, function};
use crate::queues::{QueueTemplate, queue};
use crate::scope::{Deployment, Scope};
use crate::secrets::{SecretTemplate, secret};
use crate::tables::{TableTemplate, table};

/// Everything of a template that the local cloud serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The Lambda functions, in the order of their logical ids.
    pub functions: Vec<FunctionTemplate>,
    /// CORS of the HTTP API, if it has any.
    pub cors: Option<ApiCors>,
    /// How the HTTP API throttles its routes.
    pub throttling: ApiThrottling,
    /// The DynamoDB tables.
    pub tables: Vec<TableTemplate>,
    /// The SQS queues.
    pub queues: Vec<QueueTemplate>,
    /// The S3 buckets.
    pub buckets: Vec<BucketTemplate>,
    /// The secrets.
    pub secrets: Vec<SecretTemplate>,
}

impl Template {
    /// Reads a template from a file.
    ///
    /// # Errors
    /// When the file can't be read, or has something that can't be run here.
    pub fn load(path: &Path, deployment: &Deployment) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TemplateError::new(&path.display().to_string(), error))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::parse(&text, deployment)
            .map_err(|error| TemplateError::new(&name.to_string_lossy(), error))
    }

    /// Returns the names of the parameters that a template in a file declares.
    ///
    /// # Errors
    /// When the file can't be read, or isn't YAML.
    pub fn parameter_names(path: &Path) -> Result<Vec<String>, TemplateError> {
        let at = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| TemplateError::new(&at, error))?;
        let document = kept_document(&text)?;
        let declared = document.get("Parameters").and_then(Value::as_object);
        Ok(declared
            .map(|declared| declared.keys().cloned().collect())
            .unwrap_or_default())
    }

    /// Reads a template from its text.
    ///
    /// # Errors
    /// When it isn't YAML, or has something that can't be run here.
    pub fn parse(text: &str, deployment: &Deployment) -> Result<Self, TemplateError> {
        let document = kept_document(text)?;
        let scope = Scope::new(&document, deployment)?;
        read(&scope)
    }
}

/// Beginnings of kinds of resources that a laptop has no use for: who may call functions and
/// queues, log groups, alarms, trails.
const IGNORED: [&str; 8] = [
    "AWS::CloudTrail::",
    "AWS::CloudWatch::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::SNS::",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::",
];

/// Reads every resource of the template.
fn read(scope: &Scope<'_>) -> Result<Template, TemplateError> {
    let mut template = Template {
        functions: Vec::new(),
        cors: None,
        throttling: ApiThrottling::default(),
        tables: Vec::new(),
        queues: Vec::new(),
        buckets: Vec::new(),
        secrets: Vec::new(),
    };
    let mut api: Option<&str> = None;
    for resource in scope.resources() {
        match resource.kind {
            "AWS::Serverless::Function" => template.functions.push(function(scope, resource)?),
            "AWS::Serverless::HttpApi" => {
                if let Some(first) = api {
                    return Err(TemplateError::new(
                        &format!("Resources.{}", resource.id),
                        format_args!("the local cloud serves one HTTP API, and {first} is one"),
                    ));
                }
                api = Some(resource.id);
                template.cors = api::cors(scope, resource)?;
                template.throttling = api::throttling(scope, resource)?;
            }
            "AWS::DynamoDB::Table" => template.tables.push(table(scope, resource)?),
            "AWS::SQS::Queue" => template.queues.push(queue(scope, resource)?),
            "AWS::S3::Bucket" => template.buckets.push(bucket(scope, resource)?),
            "AWS::SecretsManager::Secret" => template.secrets.push(secret(scope, resource)?),
            // Read with what they belong to: a function, a bucket, a secret.
            "AWS::IAM::Role"
            | "AWS::S3::BucketPolicy"
            | "AWS::SecretsManager::RotationSchedule" => {}
            kind if kind.starts_with("AWS::CloudFront::") => {}
            kind if IGNORED.iter().any(|known| kind.starts_with(known)) => {}
            kind => {
                return Err(TemplateError::new(
                    &format!("Resources.{}", resource.id),
                    format_args!("the local cloud cannot run resources of type {kind}"),
                ));
            }
        }
    }
    let routes: Vec<String> = template
        .functions
        .iter()
        .flat_map(|function| function.routes.iter().map(RouteTemplate::key))
        .collect();
    let limited = &mut template.throttling.routes.keys();
    if let (Some(id), Some(unknown)) = (api, limited.find(|key| !routes.contains(key))) {
        // AWS refuses it too, in the middle of a deployment.
        return Err(TemplateError::new(
            &format!("Resources.{id}.Properties.RouteSettings.{unknown}"),
            "no function has this route",
        ));
    }
    Ok(template)
}
