//! Reads template.yaml as CloudFormation and SAM would, as far as a laptop needs it: what is
//! deployed and what runs here are the same file. What cannot be run here is an error, never
//! skipped silently.

mod conditions;
mod document;
mod functions;
mod references;
mod resources;
mod roles;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

pub use roles::{
    ConditionTemplate, ConditionTest, ContextKey, Effect, RoleTemplate, StatementTemplate,
};

/// The AWS region that the local cloud pretends to be in.
pub const REGION: &str = "eu-central-1";
/// The account number in every local ARN.
pub const ACCOUNT: &str = "000000000000";

/// A template that cannot be read or run here. The sentence says where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError(String);

impl TemplateError {
    fn new(at: &str, sentence: impl fmt::Display) -> Self {
        Self(format!("{at}: {sentence}"))
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

/// What a deployment would be told besides the template.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The name of the stack; physical names begin with it.
    pub stack: String,
    /// Values for the template's parameters; a default in the template gives way to them. Names
    /// that the template doesn't declare are ignored, as one set serves templates that grow.
    pub parameters: BTreeMap<String, String>,
}

/// Everything of a template that the local cloud serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The Lambda functions, in the order of their logical ids.
    pub functions: Vec<FunctionTemplate>,
    /// CORS of the HTTP API, if it has any.
    pub cors: Option<ApiCors>,
    /// The DynamoDB tables.
    pub tables: Vec<TableTemplate>,
    /// The S3 buckets.
    pub buckets: Vec<BucketTemplate>,
    /// The secrets.
    pub secrets: Vec<SecretTemplate>,
}

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
}

impl FunctionTemplate {
    /// The function's ARN.
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
    /// The route's key, such as `GET /api/orders/{orderId}` or `$default`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Path { method, path } => format!("{method} {path}"),
            Self::Default => "$default".to_owned(),
        }
    }
}

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

/// One DynamoDB table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The table's name.
    pub name: String,
    /// The body of a `CreateTable` call.
    pub create: Value,
    /// The attribute that holds an item's end of life in epoch seconds, if the table has one.
    pub ttl_attribute: Option<String>,
}

/// One S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The bucket's name.
    pub name: String,
    /// Its CORS rules, in order: the first that fits a request answers it.
    pub cors: Vec<BucketCors>,
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

/// One secret of Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretTemplate {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The secret's name.
    pub name: String,
    /// Its ARN, with the six characters that Secrets Manager appends.
    pub arn: String,
    /// The logical id of the function that rotates it, if it is rotated.
    pub rotation_function: Option<String>,
}

/// A template as it is written, nothing of it resolved and nothing refused: CloudFormation's
/// short tags (`!Ref`) in their long form (`{"Ref": ..}`). For checks of what [`Template`] leaves
/// out, such as roles.
///
/// # Errors
/// When it isn't one YAML document.
pub fn document(text: &str) -> Result<Value, TemplateError> {
    document::parse(text)
}

impl Template {
    /// Reads a template from a file.
    ///
    /// # Errors
    /// When the file can't be read, or has something that can't be run here.
    pub fn load(path: &Path, deployment: &Deployment) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TemplateError::new(&path.display().to_string(), error))?;
        Self::parse(&text, deployment).map_err(|error| {
            TemplateError::new(
                &path
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                error,
            )
        })
    }

    /// The names of the parameters that a template in a file declares.
    ///
    /// # Errors
    /// When the file can't be read, or isn't YAML.
    pub fn parameter_names(path: &Path) -> Result<Vec<String>, TemplateError> {
        let at = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| TemplateError::new(&at, error))?;
        let document = document::parse(&text)?;
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
        let document = document::parse(text)?;
        let scope = scope::Scope::new(&document, deployment)?;
        resources::read(&scope)
    }
}
