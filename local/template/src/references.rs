//! What `Ref` and `Fn::GetAtt` give for the resources of a template: the names and ARNs that
//! they have in the local cloud.

use serde_json::Value;

use crate::account::{ACCOUNT, REGION};
use crate::error::TemplateError;
use crate::scope::{Resource, Scope};

impl Scope<'_> {
    /// Returns the name that a resource has here: its own property, or what CloudFormation would
    /// make.
    pub(crate) fn physical_name(&self, resource: Resource<'_>) -> Result<String, TemplateError> {
        let property = match resource.kind {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
            "AWS::IAM::Role" => "RoleName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::SQS::Queue" => "QueueName",
            _ => "Name",
        };
        match resource.property(property) {
            Some(name) => self.text(name, &resource.at(property)),
            None => {
                let name = format!("{}-{}", self.stack, resource.id);
                // A bucket's name must be in lower case.
                Ok(if resource.kind == "AWS::S3::Bucket" {
                    name.to_lowercase()
                } else {
                    name
                })
            }
        }
    }

    /// Returns what `Ref` of a name gives; `None` is `AWS::NoValue`.
    pub(crate) fn reference(&self, name: &str, at: &str) -> Result<Option<Value>, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => self.stack.to_owned(),
            "AWS::StackId" => {
                let stack = self.stack;
                format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local")
            }
            _ => {
                let resource = self.resource(name, at)?;
                return self
                    .resource_reference(resource, at)
                    .map(Value::from)
                    .map(Some);
            }
        };
        Ok(Some(Value::from(pseudo)))
    }

    fn resource_reference(
        &self,
        resource: Resource<'_>,
        at: &str,
    ) -> Result<String, TemplateError> {
        match resource.kind {
            "AWS::DynamoDB::Table"
            | "AWS::S3::Bucket"
            | "AWS::Serverless::Function"
            | "AWS::Lambda::Function"
            | "AWS::IAM::Role"
            | "AWS::Logs::LogGroup" => self.physical_name(resource),
            "AWS::SQS::Queue" => Ok(queue_url(&self.physical_name(resource)?)),
            "AWS::SecretsManager::Secret" => Ok(secret_arn(&self.physical_name(resource)?)),
            "AWS::Serverless::HttpApi" => Ok("local".to_owned()),
            "AWS::CloudFront::Distribution" => Ok("LOCALDISTRIBUTION".to_owned()),
            kind => Err(TemplateError::new(
                at,
                format_args!("the local cloud does not know what Ref gives for {kind}"),
            )),
        }
    }

    /// Returns what `Fn::GetAtt` of `Resource.Attribute` gives.
    pub(crate) fn attribute(&self, path: &str, at: &str) -> Result<String, TemplateError> {
        let (id, attribute) = path
            .split_once('.')
            .ok_or_else(|| TemplateError::new(at, "Fn::GetAtt needs a resource and a name"))?;
        let resource = self.resource(id, at)?;
        let name = self.physical_name(resource)?;
        Ok(match (resource.kind, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => {
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
            }
            ("AWS::DynamoDB::Table", "StreamArn")
                if resource.property("StreamSpecification").is_some() =>
            {
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}/stream/{STREAM_LABEL}")
            }
            ("AWS::SQS::Queue", "Arn") => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            ("AWS::SQS::Queue", "QueueName") => name,
            ("AWS::SQS::Queue", "QueueUrl") => queue_url(&name),
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::S3::Bucket", "DomainName") => format!("{name}.s3.amazonaws.com"),
            ("AWS::S3::Bucket", "RegionalDomainName") => {
                format!("{name}.s3.{REGION}.amazonaws.com")
            }
            ("AWS::SecretsManager::Secret", "Id") => secret_arn(&name),
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
            }
            ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            ("AWS::Logs::LogGroup", "Arn") => {
                format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")
            }
            // Stands in for a name that only CloudFront can give. Whoever runs the functions puts
            // the local address of the bucket in its place.
            ("AWS::CloudFront::Distribution", "DomainName") => {
                format!("{}.cloudfront.net", resource.id.to_lowercase())
            }
            (kind, attribute) => {
                return Err(TemplateError::new(
                    at,
                    format_args!("the local cloud does not know {attribute} of {kind}"),
                ));
            }
        })
    }
}

/// Stands in for the time at which DynamoDB made a table's stream.
const STREAM_LABEL: &str = "2026-01-01T00:00:00.000";

fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// Returns the ARN of a secret. Secrets Manager appends six random characters; here they follow
/// from the name, so that a secret kept in a data folder is the same one after a restart.
fn secret_arn(name: &str) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // FNV-1a, since the standard library's hashes may change between releases.
    let mut hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut suffix = String::new();
    for _ in 0..6 {
        let index = usize::try_from(hash % 62).unwrap_or_default();
        suffix.extend(ALPHABET.get(index).map(|&byte| char::from(byte)));
        hash /= 62;
    }
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}")
}
