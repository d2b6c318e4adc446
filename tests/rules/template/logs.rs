//! Where functions write their lines, and for how long those are kept.

use std::collections::BTreeSet;

use super::{Allowed, Template, finds, holds, reference};
use crate::Faults;

fn logs_out_of_place(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for group in template.of_kind("AWS::Logs::LogGroup") {
        if group.property("RetentionInDays").is_null() {
            faults.push(format!("{} keeps its lines for ever", group.id));
        }
    }
    let mut writers = BTreeSet::new();
    for function in template.functions() {
        let name = function.name;
        let group = reference(&function.property("LoggingConfig")["LogGroup"], "");
        let group = group.filter(|it| template.kind_of(it) == Some("AWS::Logs::LogGroup"));
        let Some(group) = group else {
            faults.push(format!("{name} writes to no log group of this template"));
            continue;
        };
        for allowed in template.allowed(function) {
            let logs = allowed.actions().iter().any(|it| it.starts_with("logs:"));
            if logs && allowed.resources() != [format!("${{{group}.Arn}}")] {
                faults.push(format!("{name} may write to another log than {group}"));
            }
        }
        let writes = |it: &Allowed<'_>| it.covers("logs:PutLogEvents", &group);
        if !template.allowed(function).iter().any(writes) {
            faults.push(format!("{name} may not write to {group}"));
        }
        if !writers.insert(group.clone()) {
            faults.push(format!("{name} writes to {group}, which is another's"));
        }
    }
    faults
}

#[test]
fn every_log_ends_and_every_function_has_its_own() {
    holds(logs_out_of_place);
}

#[test]
fn a_log_out_of_place_is_found() {
    let function = |name: &str, group: &str, resource: &str| {
        format!(
            "  {name}Function:
    Type: AWS::Serverless::Function
    Properties: {{Role: !GetAtt {name}Role.Arn, LoggingConfig: {{LogGroup: {group}}}}}
  {name}Role:
    Type: AWS::IAM::Role
    Properties:
      Policies: [{{PolicyDocument: {{Statement: [{{Effect: Allow, Action: logs:PutLogEvents, Resource: {resource}}}]}}}}]
"
        )
    };
    let template = [
        "Resources:\n  ALogs: {Type: AWS::Logs::LogGroup}\n".to_owned(),
        "  BLogs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 1}}\n".to_owned(),
        function("A", "!Ref ALogs", "!GetAtt ALogs.Arn"),
        function("B", "/aws/lambda/b", "!GetAtt BLogs.Arn"),
        function("C", "!Ref ALogs", "!GetAtt ALogs.Arn"),
        function("D", "!Ref BLogs", "!GetAtt ALogs.Arn"),
    ]
    .concat();
    let words = [
        "ALogs keeps",
        "BFunction writes to no",
        "CFunction writes to ALogs, which is another's",
        "DFunction may write to another",
        "DFunction may not",
    ];
    finds(logs_out_of_place, &template, &words);
}
