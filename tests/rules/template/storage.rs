//! What holds data.

use super::{Template, finds, holds, is_true, patterns};
use crate::Faults;

/// Whether a table can be restored to any second of the last 35 days.
const RECOVERY: &str = "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled";
/// The one table that must not be: a backup would keep the addresses of callers.
const COUNTERS: &str = "RateLimitsTable";

/// What must stand in a table and in a bucket. A secret is left out on purpose: the
/// signing keys can be made anew in a minute, and one that outlived its stack would
/// be a key that nobody watches.
fn what_could_be_lost(template: &Template) -> Faults {
    let table = [
        "/DeletionProtectionEnabled",
        RECOVERY,
        "/SSESpecification/SSEEnabled",
    ];
    let bucket = [
        "/PublicAccessBlockConfiguration/BlockPublicAcls",
        "/PublicAccessBlockConfiguration/BlockPublicPolicy",
        "/PublicAccessBlockConfiguration/IgnorePublicAcls",
        "/PublicAccessBlockConfiguration/RestrictPublicBuckets",
    ];
    let mut faults = Faults::new();
    for resource in template.resources() {
        let switches = match resource.kind {
            "AWS::DynamoDB::Table" => &table[..],
            "AWS::S3::Bucket" => &bucket[..],
            kind if kind.starts_with("AWS::DynamoDB::") => {
                faults.push(format!("{} is of a kind that nobody checks", resource.id));
                continue;
            }
            _ => continue,
        };
        // RetainExceptOnCreate deletes what a failed creation leaves, and else retains. A
        // table can't have it: deletion protection would let the clean-up fail.
        let bucket = resource.kind == "AWS::S3::Bucket";
        let deletion = &resource.body["DeletionPolicy"];
        if *deletion != "Retain" && !(bucket && *deletion == "RetainExceptOnCreate") {
            faults.push(format!("{}: DeletionPolicy is not Retain", resource.id));
        }
        if resource.body["UpdateReplacePolicy"] != "Retain" {
            faults.push(format!(
                "{}: UpdateReplacePolicy is not Retain",
                resource.id
            ));
        }
        for switch in switches {
            let value = resource.body["Properties"].pointer(switch);
            let is_on = value.is_some_and(is_true);
            if resource.id == COUNTERS && *switch == RECOVERY {
                if is_on {
                    faults.push(format!("{} keeps what it should forget", resource.id));
                }
            } else if !is_on {
                faults.push(format!("{}: {switch} is not on", resource.id));
            }
        }
        if resource.kind == "AWS::S3::Bucket" {
            if resource.property("BucketEncryption").is_null() {
                faults.push(format!("{} is not encrypted", resource.id));
            }
            if resource.property("VersioningConfiguration")["Status"] != "Enabled" {
                faults.push(format!("{} forgets what is overwritten", resource.id));
            }
        }
    }
    faults
}

#[test]
fn tables_and_buckets_outlive_the_stack_and_mistakes() {
    holds(what_could_be_lost);
}

#[test]
fn what_could_be_lost_is_found() {
    let template = "
Resources:
  ATable: {Type: AWS::DynamoDB::Table}
  BBucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, UpdateReplacePolicy: Delete}
  CTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      DeletionProtectionEnabled: false
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
  DTable: {Type: AWS::DynamoDB::GlobalTable}
  RateLimitsTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      DeletionProtectionEnabled: true
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
  ETable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      DeletionProtectionEnabled: true
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
  FBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: RetainExceptOnCreate
    Properties: &safe
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
      BucketEncryption: {ServerSideEncryptionConfiguration: []}
      VersioningConfiguration: {Status: Enabled}
  GBucket: {Type: AWS::S3::Bucket, DeletionPolicy: Delete, UpdateReplacePolicy: Retain, Properties: *safe}
  HBucket: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain, Properties: *safe}
";
    let words = [
        "ATable: DeletionPolicy",
        "ATable: UpdateReplacePolicy",
        "ATable: /DeletionProtection",
        "ATable: /PointInTime",
        "ATable: /SSE",
        "BBucket: UpdateReplacePolicy",
        "BBucket: /PublicAccessBlockConfiguration/BlockPublicAcls",
        "BBucket: /PublicAccessBlockConfiguration/BlockPublicPolicy",
        "BBucket: /PublicAccessBlockConfiguration/IgnorePublicAcls",
        "BBucket: /PublicAccessBlockConfiguration/RestrictPublicBuckets",
        "BBucket is not encrypted",
        "BBucket forgets",
        "CTable: /DeletionProtection",
        "DTable is of a kind",
        "ETable: DeletionPolicy",
        "FBucket: UpdateReplacePolicy",
        "GBucket: DeletionPolicy",
        "RateLimitsTable keeps what",
    ];
    finds(what_could_be_lost, template, &words);
}

/// Properties by which a template fixes the name of what it makes.
const NAMES: [&str; 9] = [
    "AlarmName",
    "BucketName",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "Name",
    "RoleName",
    "TableName",
    "TopicName",
];

/// What a first deployment that fails would leave behind under a name that the next one needs.
fn names_that_stay_taken(template: &Template) -> Faults {
    template
        .resources()
        .filter(|it| it.body["DeletionPolicy"] == "Retain")
        .flat_map(|it| {
            let named = NAMES
                .iter()
                .filter(move |name| !it.property(name).is_null());
            named.map(move |name| format!("{} is retained under its {name}", it.id))
        })
        .collect()
}

#[test]
fn a_failed_first_deployment_leaves_no_name_taken() {
    holds(names_that_stay_taken);
}

#[test]
fn a_name_that_stays_taken_is_found() {
    let template = "
Resources:
  ABucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, Properties: {BucketName: a}}
  BBucket: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, Properties: {BucketName: b}}
  CBucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}
  DTable: {Type: AWS::DynamoDB::Table, DeletionPolicy: Retain, Properties: {TableName: d}}
  ELogs: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, Properties: {LogGroupName: e}}
  FLogs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: f}}
  GSecret: {Type: AWS::SecretsManager::Secret, DeletionPolicy: Retain, Properties: {Name: g}}
";
    let words = ["ABucket", "DTable", "ELogs", "GSecret"];
    finds(names_that_stay_taken, template, &words);
}

/// What the audit log's own policy must forbid to everyone, whatever a role says.
fn what_the_audit_log_allows(template: &Template) -> Faults {
    let statements = template
        .of_kind("AWS::DynamoDB::Table")
        .filter(|it| it.id == "AuditTable")
        .flat_map(|it| {
            let policy = &it.body["Properties"]["ResourcePolicy"]["PolicyDocument"];
            policy["Statement"].as_array().cloned().unwrap_or_default()
        });
    let denied: Vec<_> = statements
        .filter(|it| it["Effect"] == "Deny" && it["Principal"] == "*" && it["Condition"].is_null())
        .flat_map(|it| patterns(&it["Action"]))
        .collect();
    let must = [
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "PartiQLUpdate",
        "PartiQLDelete",
    ];
    must.into_iter()
        .filter(|it| !denied.contains(&format!("dynamodb:{it}")))
        .map(|it| format!("everyone may {it} the audit log"))
        .collect()
}

#[test]
fn the_audit_log_forbids_changes_to_everyone() {
    holds(what_the_audit_log_allows);
}

#[test]
fn an_audit_log_that_allows_changes_is_found() {
    let with = |statement: &str| {
        format!(
            "Resources: {{AuditTable: {{Type: AWS::DynamoDB::Table, Properties: {{ResourcePolicy: \
             {{PolicyDocument: {{Statement: [{statement}]}}}}}}}}}}"
        )
    };
    let all =
        "dynamodb:UpdateItem, dynamodb:DeleteItem, dynamodb:BatchWriteItem, dynamodb:PartiQLUpdate";
    let deny = format!("{{Effect: Deny, Principal: '*', Action: [{all}]}}");
    finds(what_the_audit_log_allows, &with(&deny), &["PartiQLDelete"]);
    for gap in [
        deny.replace("Deny", "Allow"),
        deny.replace("'*'", "{AWS: '111122223333'}"),
        deny.replace("Effect", "Condition: {Bool: {a: b}}, Effect"),
    ] {
        let faults = [
            "Update",
            "Delete",
            "BatchWrite",
            "PartiQLUpdate",
            "PartiQLDelete",
        ];
        finds(what_the_audit_log_allows, &with(&gap), &faults);
    }
}
