//! Takes out of a template what the local cloud serves: functions with their routes, the HTTP
//! API's CORS, tables, buckets and secrets.

use serde_json::{Map, Value, json};

use super::functions::function;
use super::scope::{Resource, Scope, scalar_text};
use super::{
    ApiCors, BucketCors, BucketTemplate, SecretTemplate, TableTemplate, Template, TemplateError,
};

/// Kinds of resources without an effect on what a laptop can run: who may call functions, log
/// groups, alarms, the CDN.
const WITHOUT_EFFECT: [&str; 8] = [
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::",
    "AWS::WAFv2::",
];

/// Reads every resource of the template.
pub(super) fn read(scope: &Scope<'_>) -> Result<Template, TemplateError> {
    let resources = scope.resources()?;
    let mut template = Template {
        functions: Vec::new(),
        cors: None,
        tables: Vec::new(),
        buckets: Vec::new(),
        secrets: Vec::new(),
    };
    let mut api: Option<&str> = None;
    for resource in &resources {
        match resource.kind {
            "AWS::Serverless::Function" => template.functions.push(function(scope, *resource)?),
            "AWS::Serverless::HttpApi" => {
                if let Some(first) = api {
                    return Err(TemplateError::new(
                        &format!("Resources.{}", resource.id),
                        format_args!("the local cloud serves one HTTP API, and {first} is one"),
                    ));
                }
                api = Some(resource.id);
                template.cors = api_cors(scope, *resource)?;
            }
            "AWS::DynamoDB::Table" => template.tables.push(table(scope, *resource)?),
            "AWS::S3::Bucket" => template.buckets.push(bucket(scope, *resource)?),
            "AWS::SecretsManager::Secret" => {
                template.secrets.push(secret(scope, *resource, &resources)?);
            }
            // A role is read with the function that runs with it.
            "AWS::IAM::Role" | "AWS::SecretsManager::RotationSchedule" => {}
            kind if WITHOUT_EFFECT.iter().any(|known| kind.starts_with(known)) => {}
            kind => {
                return Err(TemplateError::new(
                    &format!("Resources.{}", resource.id),
                    format_args!("the local cloud cannot run resources of type {kind}"),
                ));
            }
        }
    }
    Ok(template)
}

fn api_cors(scope: &Scope<'_>, resource: Resource<'_>) -> Result<Option<ApiCors>, TemplateError> {
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

/// Whether a property is set; CloudFormation takes the string `true` as well.
fn is_true(value: Option<&Value>) -> bool {
    value
        .and_then(scalar_text)
        .is_some_and(|text| text == "true")
}

fn table(scope: &Scope<'_>, resource: Resource<'_>) -> Result<TableTemplate, TemplateError> {
    let name = scope.physical_name(resource)?;
    let mut create = Map::new();
    create.insert("TableName".into(), name.clone().into());
    for property in [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "BillingMode",
        "ProvisionedThroughput",
    ] {
        if let Some(value) = resource.property(property)
            && let Some(value) = scope.resolve(value, &resource.at(property))?
        {
            create.insert(property.into(), value);
        }
    }
    if let Some(stream) = resource.property("StreamSpecification") {
        let at = resource.at("StreamSpecification");
        // CloudFormation has only the view type, since a stream that is named is on.
        if let Some(Value::Object(mut stream)) = scope.resolve(stream, &at)? {
            stream.insert("StreamEnabled".into(), json!(true));
            create.insert("StreamSpecification".into(), Value::Object(stream));
        }
    }
    let ttl = match resource.property("TimeToLiveSpecification") {
        Some(ttl) => scope.resolve(ttl, &resource.at("TimeToLiveSpecification"))?,
        None => None,
    };
    let ttl_attribute = ttl
        .filter(|ttl| is_true(ttl.get("Enabled")))
        .and_then(|ttl| ttl.get("AttributeName").and_then(scalar_text));
    Ok(TableTemplate {
        logical_id: resource.id.to_owned(),
        name,
        create: Value::Object(create),
        ttl_attribute,
    })
}

fn bucket(scope: &Scope<'_>, resource: Resource<'_>) -> Result<BucketTemplate, TemplateError> {
    if resource.property("NotificationConfiguration").is_some() {
        return Err(TemplateError::new(
            &resource.at("NotificationConfiguration"),
            "the local cloud cannot deliver events of a bucket",
        ));
    }
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
        name: scope.physical_name(resource)?,
        cors,
    })
}

fn secret(
    scope: &Scope<'_>,
    resource: Resource<'_>,
    resources: &[Resource<'_>],
) -> Result<SecretTemplate, TemplateError> {
    for property in ["SecretString", "GenerateSecretString"] {
        if resource.property(property).is_some() {
            return Err(TemplateError::new(
                &resource.at(property),
                "the local cloud makes a secret's value by its rotation function only",
            ));
        }
    }
    let arn = scope.text(
        &json!({ "Ref": resource.id }),
        &format!("Resources.{}", resource.id),
    )?;
    let mut rotation_function = None;
    for schedule in resources
        .iter()
        .filter(|it| it.kind == "AWS::SecretsManager::RotationSchedule")
    {
        let rotated = schedule
            .property("SecretId")
            .ok_or_else(|| TemplateError::new(&schedule.at("SecretId"), "is missing"))?;
        if scope.text(rotated, &schedule.at("SecretId"))? != arn {
            continue;
        }
        let at = schedule.at("RotationLambdaARN");
        let function_arn = schedule
            .property("RotationLambdaARN")
            .ok_or_else(|| TemplateError::new(&at, "is missing"))?;
        let function_arn = scope.text(function_arn, &at)?;
        for function in resources
            .iter()
            .filter(|it| it.kind == "AWS::Serverless::Function")
        {
            let own = json!({ "Fn::GetAtt": [function.id, "Arn"] });
            if scope.text(&own, &at)? == function_arn {
                rotation_function = Some(function.id.to_owned());
            }
        }
        if rotation_function.is_none() {
            return Err(TemplateError::new(&at, "is no function of this template"));
        }
    }
    Ok(SecretTemplate {
        logical_id: resource.id.to_owned(),
        name: scope.physical_name(resource)?,
        arn,
        rotation_function,
    })
}
