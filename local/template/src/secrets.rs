//! Secrets of a template and their rotation.

use serde_json::json;

use crate::error::TemplateError;
use crate::scope::{Resource, Scope};

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

/// Reads a secret.
pub(crate) fn secret(
    scope: &Scope<'_>,
    resource: Resource<'_>,
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
    for schedule in scope.resources_of("AWS::SecretsManager::RotationSchedule") {
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
        for function in scope.resources_of("AWS::Serverless::Function") {
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
