//! Who may do what: the roles of functions, and the policies that hang on resources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Allowed, Template, finds, has_star, holds, may_be, patterns, reference};
use crate::Faults;

/// A template of one function with this role.
fn with_statement(statement: &str) -> String {
    format!(
        "Resources:
  AuditTable: {{Type: AWS::DynamoDB::Table}}
  UsersTable: {{Type: AWS::DynamoDB::Table}}
  OtherKey: {{Type: AWS::SecretsManager::Secret}}
  SigningKey: {{Type: AWS::SecretsManager::Secret}}
  GetOrdersFunction:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: get-orders}}}}
    Properties: {{Role: !GetAtt GetOrdersRole.Arn}}
  GetOrdersRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: get-orders
          PolicyDocument:
            Statement:
              - {statement}
"
    )
}

/// The one resource that a role may write with a star: a key per upload.
const UPLOADS: &str = "${ImagesBucket.Arn}/pending/*";

fn wide_permissions(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for resource in template.resources() {
        if resource.kind.starts_with("AWS::IAM::") && resource.kind != "AWS::IAM::Role" {
            faults.push(format!("{} is not a role", resource.id));
        }
        if !resource.property("ManagedPolicyArns").is_null() {
            faults.push(format!("{} has a managed policy", resource.id));
        }
        if resource.body.get("Connectors").is_some() {
            faults.push(format!("{} has permissions of SAM's choosing", resource.id));
        }
    }
    for function in template.functions() {
        let name = function.name;
        if !function.setting("Policies").is_null() {
            faults.push(format!("{name} has a policy beside its role"));
        }
        for allowed in template.allowed(function) {
            for negation in ["NotAction", "NotResource"] {
                if !allowed.0[negation].is_null() {
                    faults.push(format!("{name} may do all but a {negation}"));
                }
            }
            for action in allowed.actions() {
                if has_star(&action) {
                    faults.push(format!("{name} may {action}"));
                } else if action == "dynamodb:scan" {
                    faults.push(format!("{name} may scan"));
                } else if action.starts_with("dynamodb:partiql") {
                    faults.push(format!("{name} may use PartiQL"));
                }
            }
            for resource in allowed.resources() {
                if has_star(&resource) && resource != UPLOADS {
                    faults.push(format!("{name} may do something on {resource}"));
                }
            }
        }
    }
    faults
}

#[test]
fn no_role_has_a_wildcard_a_scan_partiql_or_a_managed_policy() {
    holds(wide_permissions);
}

#[test]
fn a_wide_permission_is_found() {
    for (statement, words) in [
        (
            "{Effect: Allow, Action: 'dynamodb:*', Resource: !GetAtt AuditTable.Arn}",
            &["may dynamodb:*"][..],
        ),
        (
            "{Effect: Allow, Action: ['DynamoDB:Scan'], Resource: !GetAtt AuditTable.Arn}",
            &["scan"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:PartiQLSelect, Resource: !GetAtt AuditTable.Arn}",
            &["PartiQL"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: '*'}",
            &["on *"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:Query, Resource: !Sub '${AuditTable.Arn}/index/*'}",
            &["index/*"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:Query, Resource: !Join ['', [a, b]]}",
            &["on *"],
        ),
        (
            "{Effect: Allow, Action: s3:PutObject, Resource: !If [A, !Sub '${ImagesBucket.Arn}/pending/*', !Sub '${ImagesBucket.Arn}/*']}",
            &["Bucket.Arn}/*"],
        ),
        (
            "{Effect: Allow, NotAction: s3:PutObject, NotResource: !GetAtt AuditTable.Arn}",
            &["NotAction", "NotResource"],
        ),
        ("{Effect: Deny, Action: '*', Resource: '*'}", &[]),
        (
            "{Effect: Allow, Action: [logs:PutLogEvents], Resource: !GetAtt GetOrdersLogs.Arn}",
            &[],
        ),
    ] {
        finds(wide_permissions, &with_statement(statement), words);
    }
    let template = "
Resources:
  Extra: {Type: AWS::IAM::Policy}
  Function: {Type: AWS::Serverless::Function, Connectors: {A: {}}, Properties: {Policies: [AmazonS3FullAccess]}}
  Role: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [a]}}
";
    let words = [
        "Extra is not",
        "SAM's choosing",
        "managed",
        "beside its role",
    ];
    finds(wide_permissions, template, &words);
}

fn shared_roles(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut users: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for function in template.functions() {
        let id = function.resource.id;
        match reference(function.property("Role"), ".Arn") {
            Some(role) if template.kind_of(&role) == Some("AWS::IAM::Role") => {
                users.entry(role).or_default().push(id);
            }
            _ => faults.push(format!("{id} has no role of this template")),
        }
    }
    for role in template.of_kind("AWS::IAM::Role") {
        match users.get(role.id).map(Vec::as_slice) {
            Some([_]) => {}
            Some(several) => faults.push(format!("{} is shared by {several:?}", role.id)),
            None => faults.push(format!("{} is nobody's", role.id)),
        }
        let trust = Allowed::all(role.property("AssumeRolePolicyDocument"));
        let services: Vec<&Value> = trust.iter().map(|it| &it.0["Principal"]).collect();
        let lambda = serde_json::json!({ "Service": "lambda.amazonaws.com" });
        if services != [&lambda] {
            faults.push(format!("{} may be taken by others than Lambda", role.id));
        }
    }
    faults
}

#[test]
fn every_function_has_a_role_and_every_role_one_function() {
    holds(shared_roles);
}

#[test]
fn a_shared_role_is_found() {
    let template = r#"
Resources:
  AFunction: {Type: AWS::Serverless::Function, Properties: {Role: !GetAtt ARole.Arn}}
  BFunction: {Type: AWS::Serverless::Function, Properties: {Role: !GetAtt ARole.Arn}}
  CFunction: {Type: AWS::Serverless::Function}
  DFunction: {Type: AWS::Serverless::Function, Properties: {Role: "arn:aws:iam::1:role/admin"}}
  ARole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  BRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: "*"}, Action: sts:AssumeRole}}
"#;
    let words = [
        "CFunction has no role",
        "DFunction has no role",
        "ARole is shared",
        "BRole is nobody's",
        "BRole may be taken",
    ];
    finds(shared_roles, template, &words);
}

/// Everyone who may get a value of the signing key.
fn readers_of_the_signing_key(template: &Template) -> Vec<String> {
    let reads = |allowed: &Allowed<'_>| {
        let actions = ["GetSecretValue", "BatchGetSecretValue"];
        let actions = actions.map(|it| format!("secretsmanager:{it}"));
        actions.iter().any(|it| allowed.covers(it, "SigningKey"))
    };
    let functions = template.functions();
    let functions = functions.filter(|it| template.allowed(*it).iter().any(reads));
    let policies = template.of_kind("AWS::SecretsManager::ResourcePolicy");
    functions
        .map(|it| it.name.to_owned())
        .chain(policies.map(|it| format!("whom {} names", it.id)))
        .collect()
}

#[test]
fn only_the_functions_that_sign_may_read_the_signing_key() {
    let signing = ["admin-login", "login", "refresh", "register"];
    let replacing = ["rotate-signing-key"];
    let expected: BTreeSet<String> = signing
        .into_iter()
        .chain(replacing)
        .map(Into::into)
        .collect();
    let template = Template::own();
    let readers = BTreeSet::from_iter(readers_of_the_signing_key(&template));
    assert_eq!(readers, expected);
    // Those that sign may read it and do nothing else with any secret, and the rest
    // aren't even told where it is.
    for function in template.functions() {
        let told = function.environment().flat_map(|(_, it)| patterns(it));
        let told = told.filter(|it| may_be(it, "SigningKey")).count();
        assert_eq!(
            told > 0,
            readers.contains(function.name),
            "{}",
            function.name
        );
        let actions = template
            .allowed(function)
            .into_iter()
            .flat_map(|it| it.actions());
        let actions: Vec<String> = actions
            .filter(|it| it.starts_with("secretsmanager:"))
            .collect();
        if signing.contains(&function.name) {
            assert_eq!(
                actions,
                ["secretsmanager:getsecretvalue"],
                "{}",
                function.name
            );
        } else if !replacing.contains(&function.name) {
            assert_eq!(actions, [""; 0], "{}", function.name);
        }
    }
}

#[test]
fn another_reader_of_the_signing_key_is_found() {
    for (statement, words) in [
        (
            "{Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref SigningKey}",
            &["get-orders"][..],
        ),
        (
            "{Effect: Allow, Action: SecretsManager:getsecretvalue, Resource: !GetAtt SigningKey.Id}",
            &["get-orders"],
        ),
        (
            "{Effect: Allow, Action: ['secretsmanager:Get*'], Resource: '*'}",
            &["get-orders"],
        ),
        (
            "{Effect: Allow, Action: '*', Resource: 'arn:aws:secretsmanager:*:*:secret:*'}",
            &["get-orders"],
        ),
        (
            "{Effect: Allow, NotAction: dynamodb:GetItem, Resource: '*'}",
            &["get-orders"],
        ),
        (
            "{Effect: Allow, Action: secretsmanager:BatchGetSecretValue, Resource: '*'}",
            &["get-orders"],
        ),
        (
            "{Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref OtherKey}",
            &[],
        ),
        (
            "{Effect: Allow, Action: secretsmanager:DescribeSecret, Resource: !Ref SigningKey}",
            &[],
        ),
        (
            "{Effect: Deny, Action: secretsmanager:GetSecretValue, Resource: !Ref SigningKey}",
            &[],
        ),
    ] {
        finds(
            readers_of_the_signing_key,
            &with_statement(statement),
            words,
        );
    }
    let template = "Resources: {Open: {Type: AWS::SecretsManager::ResourcePolicy}}";
    finds(readers_of_the_signing_key, template, &["Open"]);
}

/// What would change or remove an entry of the audit log. Nothing can express that
/// a PutItem may not replace one: the condition that it carries is in the code.
fn changes_of_the_audit_log(template: &Template) -> Faults {
    let actions = [
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
        "dynamodb:DeleteTable",
        "dynamodb:UpdateTimeToLive",
    ];
    let mut faults = Faults::new();
    for function in template.functions() {
        for allowed in template.allowed(function) {
            for action in actions.iter().filter(|it| allowed.covers(it, "AuditTable")) {
                faults.push(format!("{} may {action} the audit log", function.name));
            }
        }
    }
    faults
}

#[test]
fn nobody_may_change_or_remove_what_the_audit_log_says() {
    holds(changes_of_the_audit_log);
}

#[test]
fn a_change_of_the_audit_log_is_found() {
    for (statement, words) in [
        (
            "{Effect: Allow, Action: [dynamodb:PutItem, dynamodb:UpdateItem], Resource: [!GetAtt UsersTable.Arn, !GetAtt AuditTable.Arn]}",
            &["UpdateItem"][..],
        ),
        (
            "{Effect: Allow, Action: dynamodb:Delete*, Resource: !GetAtt AuditTable.Arn}",
            &["DeleteItem", "DeleteTable"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:BatchWriteItem, Resource: !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AuditTable}'}",
            &["BatchWriteItem"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:DeleteItem, Resource: 'arn:aws:dynamodb:*:*:table/*'}",
            &["DeleteItem"],
        ),
        (
            "{Effect: Allow, Action: [dynamodb:PutItem, dynamodb:Query], Resource: !GetAtt AuditTable.Arn}",
            &[],
        ),
        (
            "{Effect: Allow, Action: dynamodb:DeleteItem, Resource: !GetAtt UsersTable.Arn}",
            &[],
        ),
    ] {
        finds(changes_of_the_audit_log, &with_statement(statement), words);
    }
}

/// Which attributes of a user each function may write outside of making one. What
/// is missing here may write any, and whoever could write a role could make an admin.
const WRITERS_OF_USERS: &[(&str, &[&str])] = &[
    ("logout", &["userId", "tokensValidAfter", "keptSession"]),
    (
        "change-password",
        &[
            "userId",
            "version",
            "tokensValidAfter",
            "keptSession",
            "staffPassword",
        ],
    ),
    (
        "accept-invite",
        &["userId", "status", "version", "staffPassword", "awaited"],
    ),
    (
        "admin-create-user",
        &[
            "userId", "status", "name", "phone", "role", "version", "awaited",
        ],
    ),
    (
        "admin-update-user",
        &[
            "userId",
            "role",
            "status",
            "version",
            "tokensValidAfter",
            "keptSession",
            "staffPassword",
        ],
    ),
];

fn updates_of_users(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        let name = function.name;
        let known = WRITERS_OF_USERS.iter().find(|it| it.0 == name);
        let expected = known.map_or(&[][..], |it| it.1);
        for allowed in template.allowed(function) {
            if !allowed.covers("dynamodb:UpdateItem", "UsersTable") {
                continue;
            }
            let only = &allowed.0["Condition"]["ForAllValues:StringEquals"];
            let attributes = patterns(&only["dynamodb:Attributes"]);
            if attributes.is_empty() || attributes != expected {
                faults.push(format!("{name} may write {attributes:?} of a user"));
            }
        }
    }
    faults
}

#[test]
fn nobody_may_update_a_user_but_for_what_their_role_names() {
    holds(updates_of_users);
}

#[test]
fn a_function_that_may_write_more_of_a_user_is_found() {
    let update = "{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt UsersTable.Arn";
    for (statement, words) in [
        (format!("{update}}}"), &["write [] of"][..]),
        (
            format!(
                "{update}, Condition: {{ForAllValues:StringEquals: {{dynamodb:Attributes: [role]}}}}}}"
            ),
            &["role"],
        ),
    ] {
        finds(updates_of_users, &with_statement(&statement), words);
    }
    let other = "{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt AuditTable.Arn}";
    finds(updates_of_users, &with_statement(other), &[]);
}

/// `ForAllValues` is also true of a request that names no attribute at all, and one
/// that asks for the whole item back reads past the list.
fn lists_of_attributes_with_a_gap(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        for allowed in template.allowed(function) {
            let condition = &allowed.0["Condition"];
            if condition["ForAllValues:StringEquals"]["dynamodb:Attributes"].is_null() {
                continue;
            }
            if condition["Null"]["dynamodb:Attributes"] != "false" {
                faults.push(format!("{} may name no attribute", function.name));
            }
            let returned = patterns(&condition["StringEqualsIfExists"]["dynamodb:ReturnValues"]);
            if returned.is_empty() || returned.iter().any(|it| it.starts_with("ALL_")) {
                faults.push(format!("{} may get the whole item", function.name));
            }
        }
    }
    faults
}

#[test]
fn a_list_of_attributes_has_no_gap() {
    holds(lists_of_attributes_with_a_gap);
}

#[test]
fn a_gap_in_a_list_of_attributes_is_found() {
    let list = "ForAllValues:StringEquals: {dynamodb:Attributes: [userId]}";
    let null = "'Null': {dynamodb:Attributes: 'false'}";
    let returned = "StringEqualsIfExists: {dynamodb:ReturnValues: [NONE, UPDATED_NEW]}";
    let all = "StringEqualsIfExists: {dynamodb:ReturnValues: [NONE, ALL_NEW]}";
    for (condition, words) in [
        (format!("{list}, {null}, {returned}"), &[][..]),
        (format!("{list}, {returned}"), &["no attribute"]),
        (format!("{list}, {null}"), &["whole item"]),
        (format!("{list}, {null}, {all}"), &["whole item"]),
    ] {
        let statement = format!("{{Effect: Allow, Condition: {{{condition}}}}}");
        finds(
            lists_of_attributes_with_a_gap,
            &with_statement(&statement),
            words,
        );
    }
}

/// Policies that hang on a resource rather than on a role.
fn open_doors(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for resource in template.resources() {
        let document = match resource.kind {
            "AWS::IAM::Role" => "AssumeRolePolicyDocument",
            "AWS::KMS::Key" => "KeyPolicy",
            _ => "PolicyDocument",
        };
        for allowed in Allowed::all(resource.property(document)) {
            let principal = &allowed.0["Principal"];
            let mut names = match principal {
                Value::Object(kinds) => kinds.values().flat_map(patterns).collect(),
                other => patterns(other),
            };
            if !allowed.0["NotPrincipal"].is_null() {
                names.push("*".to_owned());
            }
            if names.iter().any(|it| has_star(it)) {
                faults.push(format!("{} lets everyone in", resource.id));
            }
        }
        if resource.kind == "AWS::Lambda::Permission" {
            let bounded = ["SourceAccount", "SourceArn"];
            let bounded = bounded.iter().any(|it| !resource.property(it).is_null());
            let everyone = patterns(resource.property("Principal"))
                .iter()
                .any(|it| has_star(it));
            if everyone || !bounded {
                faults.push(format!("{} lets any account in", resource.id));
            }
        }
    }
    faults
}

#[test]
fn no_policy_of_a_resource_lets_everyone_in() {
    holds(open_doors);
}

#[test]
fn an_open_door_is_found() {
    let template = r#"
Resources:
  APolicy:
    Type: AWS::S3::BucketPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Allow, Principal: "*", Action: s3:GetObject}]}}
  BPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties: {PolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: ["*"]}, Action: sns:Publish}}}
  CKey:
    Type: AWS::KMS::Key
    Properties: {KeyPolicy: {Statement: [{Effect: Allow, NotPrincipal: {AWS: a}, Action: kms:Decrypt}]}}
  DPermission: {Type: AWS::Lambda::Permission, Properties: {Principal: s3.amazonaws.com}}
  EPermission: {Type: AWS::Lambda::Permission, Properties: {Principal: "*", SourceAccount: a}}
  FPermission: {Type: AWS::Lambda::Permission, Properties: {Principal: s3.amazonaws.com, SourceAccount: a}}
  GPolicy:
    Type: AWS::S3::BucketPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Deny, Principal: "*", Action: s3:GetObject}]}}
"#;
    let words = ["APolicy", "BPolicy", "CKey", "DPermission", "EPermission"];
    finds(open_doors, template, &words);
}
