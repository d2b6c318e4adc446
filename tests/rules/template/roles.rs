//! Who may do what: the roles of functions, and the policies that hang on resources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Allowed, Function, IMAGES, Template, finds, has_star, holds, matches, may_be, patterns,
    reference,
};
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

/// What a role may name with a star: the folders of the pictures' bucket, each with a key per
/// file.
const FOLDERS: [&str; 2] = ["/pending/*", "/ecommerce-products/*"];

fn is_folder(resource: &str) -> bool {
    let buckets = ["${ImagesBucket.Arn}", IMAGES];
    let mut folder = buckets.iter().filter_map(|it| resource.strip_prefix(it));
    folder.any(|it| FOLDERS.contains(&it))
}

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
                if has_star(&resource) && !is_folder(&resource) {
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

/// Everyone who may get a value of the customers' signing key.
fn readers_of_the_signing_key(template: &Template) -> Vec<String> {
    readers_of("SigningKey", template)
}

/// Everyone who may get a value of a secret.
fn readers_of(key: &str, template: &Template) -> Vec<String> {
    let reads = |allowed: &Allowed<'_>| {
        let actions = ["GetSecretValue", "BatchGetSecretValue"];
        let actions = actions.map(|it| format!("secretsmanager:{it}"));
        actions.iter().any(|it| allowed.covers(it, key))
    };
    let functions = template.functions();
    let functions = functions.filter(|it| template.allowed(*it).iter().any(reads));
    let policies = template.of_kind("AWS::SecretsManager::ResourcePolicy");
    functions
        .map(|it| it.name.to_owned())
        .chain(policies.map(|it| format!("whom {} names", it.id)))
        .collect()
}

/// Each key, the functions that sign with it, and the one that replaces it.
const SIGNING_KEYS: [(&str, &[&str], &str); 2] = [
    (
        "SigningKey",
        &["login", "refresh", "register"],
        "rotate-signing-key",
    ),
    (
        "StaffSigningKey",
        &["admin-login", "admin-refresh"],
        "rotate-staff-signing-key",
    ),
];

#[test]
fn only_the_functions_that_sign_with_a_key_may_read_it() {
    let template = Template::own();
    let secrets: Vec<&str> = template
        .of_kind("AWS::SecretsManager::Secret")
        .map(|it| it.id)
        .collect();
    assert_eq!(secrets, SIGNING_KEYS.map(|it| it.0));
    for (key, signing, replacing) in SIGNING_KEYS {
        let expected = signing.iter().chain([&replacing]);
        let expected: BTreeSet<String> = expected.map(|it| (*it).to_owned()).collect();
        assert_eq!(BTreeSet::from_iter(readers_of(key, &template)), expected);
        // The rest aren't even told where it is.
        for function in template.functions() {
            let told = function.environment().flat_map(|(_, it)| patterns(it));
            let told = told.filter(|it| may_be(it, key)).count();
            assert_eq!(
                told > 0,
                expected.contains(function.name),
                "{}",
                function.name
            );
        }
    }
    // Those that sign may read their key and do nothing else with any secret.
    for function in template.functions() {
        let actions = template
            .allowed(function)
            .into_iter()
            .flat_map(|it| it.actions());
        let actions: Vec<String> = actions
            .filter(|it| it.starts_with("secretsmanager:"))
            .collect();
        let is = |names: &[&str]| names.contains(&function.name);
        if SIGNING_KEYS.iter().any(|(_, signing, _)| is(signing)) {
            assert_eq!(
                actions,
                ["secretsmanager:getsecretvalue"],
                "{}",
                function.name
            );
        } else if !SIGNING_KEYS.iter().any(|(_, _, it)| is(&[it])) {
            assert_eq!(actions, [""; 0], "{}", function.name);
        }
    }
}

/// The partitions of a table that a statement is limited to; `None` if it is not.
fn leading_keys(allowed: &Allowed<'_>) -> Option<Vec<String>> {
    let condition = &allowed.0["Condition"];
    // Without this, a call that names no key would pass.
    if condition["Null"]["dynamodb:LeadingKeys"] != "false" {
        return None;
    }
    ["ForAllValues:StringEquals", "ForAllValues:StringLike"]
        .iter()
        .map(|it| patterns(&condition[*it]["dynamodb:LeadingKeys"]))
        .find(|it| !it.is_empty())
}

/// Who may write which ring of public keys.
const WRITERS_OF_RINGS: [(&str, &str); 2] = [
    ("rotate-signing-key", "tokens"),
    ("rotate-staff-signing-key", "staff-tokens"),
];

/// Whoever could put a public key on a ring could sign what it verifies.
fn writers_of_rings(template: &Template) -> Faults {
    let writes = [
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "PartiQLInsert",
        "PartiQLUpdate",
        "PartiQLDelete",
    ];
    let writes = writes.map(|it| format!("dynamodb:{it}"));
    let mut faults = Faults::new();
    for function in template.functions() {
        let own = WRITERS_OF_RINGS.iter().find(|it| it.0 == function.name);
        for allowed in template.allowed(function) {
            if !writes.iter().any(|it| allowed.covers(it, "TokenKeysTable")) {
                continue;
            }
            let rings = leading_keys(&allowed);
            if own.is_none_or(|(_, ring)| rings.as_deref() != Some(&[(*ring).to_owned()])) {
                faults.push(format!("{} may write the rings {rings:?}", function.name));
            }
        }
    }
    faults
}

#[test]
fn a_ring_is_written_by_its_own_rotation_alone() {
    holds(writers_of_rings);
    let template = Template::own();
    let may_write = |function: &&Function<'_>| {
        let allowed = template.allowed(**function).into_iter();
        allowed
            .into_iter()
            .any(|it| it.covers("dynamodb:PutItem", "TokenKeysTable"))
    };
    let functions: Vec<Function<'_>> = template.functions().collect();
    let writers = functions.iter().filter(may_write).map(|it| it.name);
    assert!(writers.eq(WRITERS_OF_RINGS.map(|it| it.0)));
}

#[test]
fn another_writer_of_a_ring_is_found() {
    let put = "Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt TokenKeysTable.Arn";
    let keys = "ForAllValues:StringEquals: {dynamodb:LeadingKeys: [tokens]}";
    let null = "'Null': {dynamodb:LeadingKeys: 'false'}";
    for (name, statement, words) in [
        (
            "get-orders",
            format!("{{{put}}}"),
            &["get-orders may write"][..],
        ),
        (
            "get-orders",
            format!("{{{put}, Condition: {{{keys}, {null}}}}}"),
            &["get-orders may write"],
        ),
        (
            "rotate-signing-key",
            format!("{{{put}, Condition: {{{keys}, {null}}}}}"),
            &[],
        ),
        (
            "rotate-signing-key",
            format!("{{{put}, Condition: {{{keys}}}}}"),
            &["rings None"],
        ),
        (
            "rotate-staff-signing-key",
            format!("{{{put}, Condition: {{{keys}, {null}}}}}"),
            &["tokens"],
        ),
        (
            "get-orders",
            put.replace("PutItem", "Query").replace("Effect", "{Effect") + "}",
            &[],
        ),
    ] {
        let template =
            with_statement(&statement).replace("Binary: get-orders", &format!("Binary: {name}"));
        finds(writers_of_rings, &template, words);
    }
}

/// The tables of the staff's accounts.
const STAFF_TABLES: [&str; 3] = ["StaffTable", "StaffCredentialsTable", "StaffSessionsTable"];

/// What functions outside of `/api/admin/` may do with what is the staff's: their
/// tables, their signing key, the counters of their failed sign-ins.
fn grants_on_the_staff(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        let is_staffs = |event: &Value| {
            let path = event["Properties"]["Path"].as_str();
            path.is_some_and(|it| it.starts_with("/api/admin/"))
        };
        let mut events = function.events().map(|(_, event)| event).peekable();
        if events.peek().is_some() && events.all(is_staffs) {
            continue;
        }
        let name = function.name;
        for allowed in template.allowed(function) {
            let negated = !allowed.0["NotResource"].is_null();
            let reaches = |id: &str| negated || allowed.resources().iter().any(|it| may_be(it, id));
            for table in STAFF_TABLES.into_iter().filter(|it| reaches(it)) {
                faults.push(format!("{name} may do something with {table}"));
            }
            if name != "rotate-staff-signing-key" && reaches("StaffSigningKey") {
                faults.push(format!("{name} may do something with StaffSigningKey"));
            }
            let counts = |key: &String| {
                let subjects = ["staff-account#someone", "staff-known-address#somewhere"];
                subjects.iter().any(|it| matches(key, it))
            };
            if reaches("RateLimitsTable")
                && leading_keys(&allowed).is_none_or(|keys| keys.iter().any(counts))
            {
                faults.push(format!("{name} may count the staff's failures"));
            }
        }
    }
    faults
}

#[test]
fn no_function_that_customers_call_reaches_what_is_the_staffs() {
    holds(grants_on_the_staff);
    for table in STAFF_TABLES {
        let template = Template::own();
        assert_eq!(template.kind_of(table), Some("AWS::DynamoDB::Table"));
    }
}

#[test]
fn a_grant_on_what_is_the_staffs_is_found() {
    for (statement, words) in [
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt StaffTable.Arn}",
            &["with StaffTable"][..],
        ),
        (
            "{Effect: Allow, Action: dynamodb:Query, Resource: [!GetAtt UsersTable.Arn, !Sub '${StaffTable.Arn}/index/by-role']}",
            &["with StaffTable"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: 'arn:aws:dynamodb:*:*:table/*', Condition: {'Null': {dynamodb:LeadingKeys: 'false'}, ForAllValues:StringLike: {dynamodb:LeadingKeys: ['requests#*']}}}",
            &[
                "StaffTable",
                "StaffCredentialsTable",
                "StaffSessionsTable",
                "StaffSigningKey",
            ],
        ),
        (
            "{Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref StaffSigningKey}",
            &["with StaffSigningKey"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt RateLimitsTable.Arn}",
            &["count"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt RateLimitsTable.Arn, Condition: {'Null': {dynamodb:LeadingKeys: 'false'}, ForAllValues:StringLike: {dynamodb:LeadingKeys: ['*account#*']}}}",
            &["count"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt RateLimitsTable.Arn, Condition: {'Null': {dynamodb:LeadingKeys: 'false'}, ForAllValues:StringLike: {dynamodb:LeadingKeys: ['*known-address#*']}}}",
            &["count"],
        ),
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt RateLimitsTable.Arn, Condition: {'Null': {dynamodb:LeadingKeys: 'false'}, ForAllValues:StringLike: {dynamodb:LeadingKeys: ['known-address#*']}}}",
            &[],
        ),
        (
            "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt UsersTable.Arn}",
            &[],
        ),
    ] {
        let open = with_statement(statement);
        finds(grants_on_the_staff, &open, words);
        let role = "Properties: {Role: !GetAtt GetOrdersRole.Arn}";
        let with_route = |path: &str| {
            let events = format!("Events: {{Route: {{Properties: {{Path: {path}}}}}}}");
            open.replace(role, &role.replace("{Role", &format!("{{{events}, Role")))
        };
        finds(grants_on_the_staff, &with_route("/api/orders"), words);
        finds(grants_on_the_staff, &with_route("/api/admin/x"), &[]);
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

/// Who verifies the passwords of a table.
const VERIFIERS: [(&str, &[&str]); 2] = [
    ("CredentialsTable", &["login", "change-password"]),
    (
        "StaffCredentialsTable",
        &["admin-login", "admin-change-password"],
    ),
];
/// The key of the row that no address has.
const NO_ADDRESS: &str = "email#";

/// Who may read a password's hash and has none to verify. What remains is what a refused
/// condition may tell of an item, which IAM knows no key for.
fn readers_of_hashes(template: &Template) -> Faults {
    let reads = [
        "GetItem",
        "BatchGetItem",
        "Query",
        "Scan",
        "PartiQLSelect",
        "ConditionCheckItem",
        "GetRecords",
    ];
    let reads = reads.map(|it| format!("dynamodb:{it}"));
    let mut faults = Faults::new();
    for function in template.functions() {
        let name = function.name;
        for (table, verifiers) in VERIFIERS {
            if verifiers.contains(&name) {
                continue;
            }
            for allowed in template.allowed(function) {
                if !reads.iter().any(|it| allowed.covers(it, table)) {
                    continue;
                }
                let keys = leading_keys(&allowed).unwrap_or_default();
                let of_nobody = keys == [NO_ADDRESS];
                let condition = &allowed.0["Condition"];
                let only = &condition["ForAllValues:StringEquals"]["dynamodb:Attributes"];
                let only = patterns(only);
                let selected = &condition["StringEqualsIfExists"]["dynamodb:Select"];
                // The rule about lists of attributes finds the other gaps.
                let of_others = !only.is_empty()
                    && !only.iter().any(|it| it == "passwordHash" || has_star(it))
                    && patterns(selected) == ["SPECIFIC_ATTRIBUTES"];
                if !of_nobody && !of_others {
                    faults.push(format!("{name} may read the hashes of {table}"));
                }
            }
        }
    }
    faults
}

#[test]
fn who_verifies_no_password_reads_no_hash() {
    holds(readers_of_hashes);
}

#[test]
fn a_reader_of_hashes_is_found() {
    let get =
        "Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt StaffCredentialsTable.Arn";
    let null = "'Null': {dynamodb:LeadingKeys: 'false', dynamodb:Attributes: 'false'}";
    let select = "StringEqualsIfExists: {dynamodb:Select: SPECIFIC_ATTRIBUTES}";
    let attributes = |names: &str| {
        format!(
            "{{{get}, Condition: {{{null}, {select}, ForAllValues:StringEquals: {{dynamodb:Attributes: [{names}]}}}}}}"
        )
    };
    let keys = |names: &str| {
        format!(
            "{{{get}, Condition: {{{null}, ForAllValues:StringLike: {{dynamodb:LeadingKeys: [{names}]}}}}}}"
        )
    };
    let found = &["get-orders may read the hashes of StaffCredentialsTable"][..];
    for (statement, words) in [
        (format!("{{{get}}}"), found),
        (attributes("login, userId"), &[]),
        (attributes("login, passwordHash"), found),
        (
            attributes("login, userId").replace(select, "Bool: {a: b}"),
            found,
        ),
        (keys("'email#'"), &[]),
        (keys("'email#*'"), found),
        (keys("'email#', 'email#ann@example.com'"), found),
        (
            format!("{{{get}}}").replace("GetItem", "ConditionCheckItem"),
            found,
        ),
        (format!("{{{get}}}").replace("GetItem", "PutItem"), &[]),
    ] {
        finds(readers_of_hashes, &with_statement(&statement), words);
        let verifier =
            with_statement(&statement).replace("Binary: get-orders", "Binary: admin-login");
        finds(readers_of_hashes, &verifier, &[]);
    }
}

/// Which attributes of a customer and of one of the staff each function may write
/// outside of making one. What is missing here may write any, and whoever could write
/// a role among the staff could make an admin.
const WRITERS_OF_USERS: &[(&str, &str, &[&str])] = &[
    (
        "logout",
        "UsersTable",
        &["userId", "tokensValidAfter", "keptSession"],
    ),
    (
        "admin-logout",
        "StaffTable",
        &["userId", "tokensValidAfter", "keptSession"],
    ),
    (
        "change-password",
        "UsersTable",
        &["userId", "version", "tokensValidAfter", "keptSession"],
    ),
    (
        "admin-change-password",
        "StaffTable",
        &["userId", "version", "tokensValidAfter", "keptSession"],
    ),
    (
        "accept-invite",
        "StaffTable",
        &["userId", "status", "version", "awaited"],
    ),
    (
        "admin-create-user",
        "StaffTable",
        &[
            "userId", "status", "name", "phone", "role", "version", "awaited",
        ],
    ),
    (
        "admin-update-user",
        "StaffTable",
        &[
            "userId",
            "role",
            "status",
            "version",
            "tokensValidAfter",
            "keptSession",
        ],
    ),
    (
        "admin-update-user",
        "UsersTable",
        &[
            "userId",
            "status",
            "version",
            "tokensValidAfter",
            "keptSession",
        ],
    ),
];

fn updates_of_users(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        let name = function.name;
        for table in ["UsersTable", "StaffTable"] {
            let mut known = WRITERS_OF_USERS.iter();
            let known = known.find(|it| (it.0, it.1) == (name, table));
            let expected = known.map_or(&[][..], |it| it.2);
            for allowed in template.allowed(function) {
                if !allowed.covers("dynamodb:UpdateItem", table) {
                    continue;
                }
                let only = &allowed.0["Condition"]["ForAllValues:StringEquals"];
                let attributes = patterns(&only["dynamodb:Attributes"]);
                if attributes.is_empty() || attributes != expected {
                    faults.push(format!("{name} may write {attributes:?} of a user"));
                }
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
        let staff = statement.replace("UsersTable", "StaffTable");
        finds(updates_of_users, &with_statement(&staff), words);
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
            let reads = ["getitem", "batchgetitem", "query", "scan"];
            let reads = reads.map(|it| format!("dynamodb:{it}"));
            let selected = patterns(&condition["StringEqualsIfExists"]["dynamodb:Select"]);
            if allowed.actions().iter().any(|it| reads.contains(it))
                && selected != ["SPECIFIC_ATTRIBUTES"]
            {
                faults.push(format!("{} may read the whole item", function.name));
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
    let read = format!("Effect: Allow, Action: dynamodb:GetItem, Condition: {{{list}, {null}, ");
    for (values, words) in [
        (returned.to_owned(), &["read the whole item"][..]),
        (
            returned.replace(
                "{dynamodb",
                "{dynamodb:Select: SPECIFIC_ATTRIBUTES, dynamodb",
            ),
            &[],
        ),
    ] {
        let statement = format!("{{{read}{values}}}}}");
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
