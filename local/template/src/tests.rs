//! What the template's parser must and must not take.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::*;

const SMALL: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  AllowedOrigins: {Type: CommaDelimitedList}
  Stage: {Type: String, Default: test}
  Memory: {Type: Number, Default: 256}
Mappings:
  Limits: {test: {seconds: 7}}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsProduction: !Not [!Condition IsTest]
  Both: !And [!Condition IsTest, !Or [!Condition IsProduction, !Equals [1, "1"]]]
Globals:
  Function:
    MemorySize: !Ref Memory
    Environment:
      Variables:
        TOKEN_ISSUER: !Ref AWS::StackName
        STAGE: global
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageName: $default
      CorsConfiguration:
        AllowOrigins: !Ref AllowedOrigins
        AllowMethods: [GET, POST]
        AllowHeaders: [authorization]
        ExposeHeaders: [etag]
        MaxAge: 600
      DefaultRouteSettings: {ThrottlingRateLimit: 5, ThrottlingBurstLimit: 9}
      RouteSettings:
        "GET /api/orders/{orderId}": {ThrottlingRateLimit: !Ref Memory, ThrottlingBurstLimit: "7"}
  GetOrdersFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: get-orders}}
    Properties:
      FunctionName: !Sub "${AWS::StackName}-get-orders"
      Role: !GetAtt GetOrdersRole.Arn
      Timeout: !FindInMap [Limits, !Ref Stage, seconds]
      Environment:
        Variables:
          ORDERS_TABLE: !Ref OrdersTable
          SIGNING_KEY_ARN: !Ref SigningKey
          STAGE: !If [Both, !Select [1, !Split ["-", "a-own"]], wrong]
          LITERAL: !Sub ["${!keep} ${Name}", {Name: !Join ["/", [a, b]]}]
          ABSENT: !If [IsProduction, x, !Ref AWS::NoValue]
          NUMBER: 5
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: "/api/orders/{orderId}"}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
  GetOrdersRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17"}
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: dynamodb:Query
                Resource: !GetAtt OrdersTable.Arn
              - Sid: InTransactions
                Effect: Deny
                Action: [dynamodb:PutItem, dynamodb:UpdateItem]
                Resource: [!GetAtt OrdersTable.Arn, !Sub "${ImagesBucket.Arn}/pending/*"]
                Condition:
                  ForAnyValue:StringEquals: {dynamodb:EnclosingOperation: [TransactWriteItems]}
                  ForAllValues:StringEquals: {dynamodb:Attributes: [userId, total]}
                  ForAllValues:StringLike: {dynamodb:LeadingKeys: ["usr_*", admin]}
                  "Null": {dynamodb:LeadingKeys: "true", dynamodb:Attributes: false}
                  StringEqualsIfExists: {dynamodb:ReturnValues: NONE}
                  StringLike: {"s3:prefix": "pending/*"}
  OnlyInProduction:
    Type: AWS::Nobody::Knows
    Condition: IsProduction
  OrdersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: userId, AttributeType: S}]
      KeySchema: [{AttributeName: userId, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
  ImagesBucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${AWS::StackName}-images"
      CorsConfiguration:
        CorsRules:
          - {AllowedMethods: [POST], AllowedOrigins: !Ref AllowedOrigins, AllowedHeaders: ["*"], MaxAge: 60}
  SigningKey: {Type: AWS::SecretsManager::Secret}
  Rotation:
    Type: AWS::SecretsManager::RotationSchedule
    Properties: {SecretId: !Ref SigningKey, RotationLambdaARN: !GetAtt GetOrdersFunction.Arn}
"#;

fn deployment() -> Deployment {
    Deployment {
        stack: "shop".into(),
        parameters: BTreeMap::from([(
            "AllowedOrigins".into(),
            "http://localhost:3000, http://localhost:3001".into(),
        )]),
    }
}

fn small() -> Template {
    Template::parse(SMALL, &deployment()).unwrap()
}

fn refusal(of: &str, with: &str) -> String {
    assert!(SMALL.contains(of), "the small template has no {of}");
    Template::parse(&SMALL.replace(of, with), &deployment())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_function_has_the_values_that_cloudformation_would_give_it() {
    let template = small();
    let function = &template.functions[0];
    assert_eq!(function.name, "shop-get-orders");
    assert_eq!(function.binary, "get-orders");
    assert_eq!(function.timeout, Duration::from_secs(7));
    assert_eq!(function.memory_mib, 256);
    assert_eq!(function.reserved_concurrency, None);
    assert_eq!(function.log_group, "/aws/lambda/shop-get-orders");
    let environment: Vec<(&str, &str)> = function
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        environment,
        [
            ("LITERAL", "${keep} a/b"),
            ("NUMBER", "5"),
            ("ORDERS_TABLE", "shop-OrdersTable"),
            ("SIGNING_KEY_ARN", template.secrets[0].arn.as_str()),
            ("STAGE", "own"),
            ("TOKEN_ISSUER", "shop"),
        ]
    );
    assert_eq!(
        function.routes,
        [
            RouteTemplate::Default,
            RouteTemplate::Path {
                method: "GET".into(),
                path: "/api/orders/{orderId}".into()
            },
        ]
    );
}

#[test]
fn routes_are_throttled_by_their_own_limit_or_by_that_of_all() {
    let throttling = small().throttling;
    assert_eq!(throttling.default, Some(RouteLimit { rate: 5, burst: 9 }));
    let own = RouteLimit {
        rate: 256,
        burst: 7,
    };
    let route = "GET /api/orders/{orderId}".to_owned();
    assert_eq!(throttling.routes, BTreeMap::from([(route, own)]));
    for (of, with, told) in [
        (
            "\"GET /api/orders/{orderId}\":",
            "\"GET /api\":",
            "no function has",
        ),
        ("ThrottlingBurstLimit: 9", "Other: 9", "a rate and a burst"),
        (
            "ThrottlingRateLimit: 5",
            "ThrottlingRateLimit: 0",
            "positive",
        ),
    ] {
        assert!(refusal(of, with).contains(told), "{with}");
    }
}

#[test]
fn a_function_has_the_role_that_it_names_with_every_statement() {
    let template = small();
    let role = template.functions[0].role.as_ref().unwrap();
    assert_eq!(role.name, "shop-GetOrdersRole");
    let orders = "arn:aws:dynamodb:eu-central-1:000000000000:table/shop-OrdersTable";
    let [query, deny] = &role.statements[..] else {
        panic!("{role:?}");
    };
    assert_eq!(query.effect, Effect::Allow);
    assert_eq!(query.actions, ["dynamodb:Query"]);
    assert_eq!(query.resources, [orders]);
    assert_eq!(query.conditions, []);
    assert_eq!(deny.effect, Effect::Deny);
    assert_eq!(deny.actions, ["dynamodb:PutItem", "dynamodb:UpdateItem"]);
    let pending = "arn:aws:s3:::shop-images/pending/*";
    assert_eq!(deny.resources, [orders, pending]);
    let set = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
    let mut tests: Vec<_> = deny
        .conditions
        .iter()
        .map(|it| (it.key, &it.test))
        .collect();
    tests.sort_by_key(|(key, _)| *key);
    assert_eq!(
        tests,
        [
            (
                ContextKey::Attributes,
                &ConditionTest::AllEqual(set(&["userId", "total"]))
            ),
            (ContextKey::Attributes, &ConditionTest::Present),
            (
                ContextKey::EnclosingOperation,
                &ConditionTest::AnyEqual(set(&["TransactWriteItems"]))
            ),
            (
                ContextKey::LeadingKeys,
                &ConditionTest::AllLike(set(&["usr_*", "admin"]))
            ),
            (ContextKey::LeadingKeys, &ConditionTest::Absent),
            (
                ContextKey::Prefix,
                &ConditionTest::Like(set(&["pending/*"]))
            ),
            (
                ContextKey::ReturnValues,
                &ConditionTest::EqualsIfExists(set(&["NONE"]))
            ),
        ]
    );
}

#[test]
fn what_a_policy_says_that_is_not_understood_is_never_skipped() {
    let action = "Action: dynamodb:Query";
    let any_value = "ForAnyValue:StringEquals: {dynamodb:EnclosingOperation: [TransactWriteItems]}";
    let cases = [
        (
            action,
            "NotAction: dynamodb:Query",
            "does not know NotAction",
        ),
        (action, "Action: []", "must be a string or a list"),
        (action, "Action: Query", "Query is no action"),
        ("Effect: Deny", "Effect: Perhaps", "Allow or Deny"),
        (
            "Sid: InTransactions",
            "Principal: \"*\"",
            "does not know Principal",
        ),
        (
            "Resource: !GetAtt OrdersTable.Arn",
            "NotResource: \"*\"",
            "does not know NotResource",
        ),
        (
            "Resource: !GetAtt OrdersTable.Arn",
            "Resource: !Ref OrdersTable",
            "is no ARN",
        ),
        ("pending/*", "${!aws:userid}", "policy variables"),
        (
            any_value,
            "StringNotLike: {dynamodb:EnclosingOperation: x}",
            "condition operator",
        ),
        (
            "StringLike: {\"s3:prefix\": \"pending/*\"}",
            "StringLike: {dynamodb:LeadingKeys: x}",
            "needs ForAllValues",
        ),
        (
            any_value,
            "ForAnyValue:StringEqualsIfExists: {dynamodb:Attributes: x}",
            "condition operator",
        ),
        (
            any_value,
            "StringEquals: {dynamodb:ReturnConsumedCapacity: NONE}",
            "condition key",
        ),
        (
            any_value,
            "StringEquals: {dynamodb:Attributes: x}",
            "needs ForAllValues",
        ),
        (
            any_value,
            "StringEquals: {dynamodb:ReturnValues: \"${!aws:userid}\"}",
            "policy variables",
        ),
        (
            "dynamodb:Attributes: false",
            "dynamodb:Attributes: maybe",
            "true or false",
        ),
        (
            "dynamodb:ReturnValues: NONE",
            "dynamodb:ReturnValues: []",
            "a list of strings",
        ),
        (
            "Version: \"2012-10-17\"\n",
            "Version: \"2008-10-17\"\n",
            "Version 2012-10-17 only",
        ),
        (
            "      Policies:\n",
            "      ManagedPolicyArns: []\n      Policies:\n",
            "this property of a role",
        ),
        (
            "Role: !GetAtt GetOrdersRole.Arn",
            "Role: arn:aws:iam::1:role/own",
            "no role of this template",
        ),
        (
            "Role: !GetAtt GetOrdersRole.Arn",
            "Policies: [AdministratorAccess]",
            "by its Role only",
        ),
        (
            "  OnlyInProduction:\n",
            "  More: {Type: AWS::IAM::RolePolicy}\n  OnlyInProduction:\n",
            "AWS::IAM::RolePolicy",
        ),
    ];
    for (of, with, expected) in cases {
        let error = refusal(of, with);
        assert!(error.contains(expected), "{with}: {error}");
    }
}

#[test]
fn tables_buckets_secrets_and_cors_are_read() {
    let template = small();
    assert_eq!(
        template.tables[0].create,
        json!({
            "TableName": "shop-OrdersTable",
            "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        })
    );
    assert_eq!(
        template.tables[0].ttl_attribute.as_deref(),
        Some("expiresAt")
    );
    assert_eq!(template.buckets[0].name, "shop-images");
    assert_eq!(template.buckets[0].cors[0].allowed_origins.len(), 2);
    let cors = template.cors.unwrap();
    assert_eq!(
        cors.allow_origins,
        ["http://localhost:3000", "http://localhost:3001"]
    );
    assert_eq!((cors.max_age, cors.allow_credentials), (Some(600), false));
    assert_eq!(
        template.secrets[0].rotation_function.as_deref(),
        Some("GetOrdersFunction")
    );
}

#[test]
fn a_secret_has_an_arn_of_the_form_that_secrets_manager_makes() {
    let arn = small().secrets[0].arn.clone();
    let suffix = arn
        .strip_prefix("arn:aws:secretsmanager:eu-central-1:000000000000:secret:shop-SigningKey-")
        .unwrap();
    assert_eq!(suffix.len(), 6);
    assert!(suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(arn, small().secrets[0].arn, "it stays the same");
}

#[test]
fn a_parameter_without_a_value_is_named() {
    let empty = Deployment {
        stack: "shop".into(),
        parameters: BTreeMap::new(),
    };
    let error = Template::parse(SMALL, &empty).unwrap_err().to_string();
    assert!(error.starts_with("Parameters.AllowedOrigins: "), "{error}");
}

#[test]
fn what_cannot_be_run_here_is_refused_with_its_place() {
    let cases = [
        ("!Ref OrdersTable", "!ImportValue x", "Fn::ImportValue"),
        ("!Ref OrdersTable", "!Ref Missing", "refers to Missing"),
        (
            "!Ref OrdersTable",
            "!GetAtt OrdersTable.Colour",
            "Colour of AWS::DynamoDB::Table",
        ),
        (
            "!Ref OrdersTable",
            "!Sub '${OrdersTable'",
            "without its `}`",
        ),
        (
            "{Type: HttpApi, Properties: {ApiId: !Ref Api}}",
            "{Type: Kinesis}",
            "type Kinesis",
        ),
        (
            "{Type: HttpApi, Properties: {ApiId: !Ref Api}}",
            "{Type: Api}",
            "type Api",
        ),
        (
            "Condition: IsProduction",
            "Condition: IsTest",
            "AWS::Nobody::Knows",
        ),
        (
            "Condition: IsProduction",
            "Condition: Nowhere",
            "no such condition",
        ),
        ("{Binary: get-orders}", "{}", "Binary"),
        (
            "StageName: $default",
            "StageName: v1",
            "stage $default only",
        ),
        (
            "!Not [!Condition IsTest]",
            "!Condition IsProduction",
            "refers to itself",
        ),
        (
            "Type: AWS::SecretsManager::Secret}",
            "Type: AWS::SecretsManager::Secret, Properties: {SecretString: x}}",
            "rotation function only",
        ),
    ];
    for (of, with, expected) in cases {
        let error = refusal(of, with);
        assert!(error.contains(expected), "{with}: {error}");
    }
}

#[test]
fn text_that_is_not_yaml_is_refused() {
    for text in ["a: [", "", "--- a\n--- b", "just words"] {
        assert!(Template::parse(text, &deployment()).is_err(), "{text}");
    }
}

#[test]
fn a_document_has_the_long_form_of_every_short_tag() {
    let text = "{a: !Ref B, c: !GetAtt D.Arn, e: [!Sub \"${F}\"], g: !Condition H, i: 1}";
    let expected = json!({
        "a": {"Ref": "B"}, "c": {"Fn::GetAtt": "D.Arn"}, "e": [{"Fn::Sub": "${F}"}],
        "g": {"Condition": "H"}, "i": 1,
    });
    assert_eq!(document(text).unwrap(), expected);
    assert!(document("a: [").is_err());
}

#[test]
fn an_alias_is_what_its_anchor_names_and_a_merge_key_is_refused() {
    let text = "a: &one {b: !Ref C}\nd: [*one, &two !GetAtt E.F, *two]\ng: {h: *one}";
    let one = json!({"b": {"Ref": "C"}});
    let two = json!({"Fn::GetAtt": "E.F"});
    let expected = json!({"a": one, "d": [one, two, two], "g": {"h": one}});
    assert_eq!(document(text).unwrap(), expected);
    for text in ["a: &b {c: 1}\nd: {<<: *b, e: 2}", "a: *b"] {
        assert!(document(text).is_err(), "{text}");
    }
}

#[test]
fn alarms_and_whom_they_tell_are_passed_over() {
    let monitoring = r#"
  AlarmTopic: {Type: AWS::SNS::Topic, Condition: IsTest, Properties: {KmsMasterKeyId: !GetAtt Key.Arn}}
  AlarmTopicPolicy: {Type: AWS::SNS::TopicPolicy}
  AlarmSubscription: {Type: AWS::SNS::Subscription}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmActions: [!Ref AlarmTopic]}}
  Dashboard: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: !Sub "${Alarm.Arn}"}}
"#;
    let with = format!("{}{monitoring}", SMALL.trim_end());
    assert_eq!(Template::parse(&with, &deployment()).unwrap(), small());
}

#[test]
fn the_shops_own_template_is_understood() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = Template::load(&path, &deployment()).unwrap();
    for function in &template.functions {
        assert!(!function.binary.is_empty());
        assert_eq!(function.name, format!("shop-{}", function.binary));
    }
    assert!(template.cors.is_some());
    assert!(!template.tables.is_empty());
}

const POLICY: &str = r#"
Resources:
  ImagesBucket:
    Type: AWS::S3::Bucket
    Properties: {VersioningConfiguration: {Status: Enabled}}
  ImagesBucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref ImagesBucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: cloudfront.amazonaws.com}
            Action: s3:GetObject
            Resource: !Sub "${ImagesBucket.Arn}/public/*"
            Condition:
              StringEquals:
                AWS:SourceArn: arn:aws:cloudfront::000000000000:distribution/OWN
                s3:ExistingObjectTag/public: "true"
"#;

#[test]
fn a_bucket_has_versions_and_says_which_tags_the_cdn_needs_to_see() {
    let template = Template::parse(POLICY, &deployment()).unwrap();
    let bucket = &template.buckets[0];
    assert!(bucket.versioned);
    assert_eq!(
        bucket.cdn_readable,
        [CdnReadable {
            objects: "arn:aws:s3:::shop-imagesbucket/public/*".into(),
            tags: BTreeMap::from([("public".into(), ["true".into()].into())]),
        }]
    );
    assert!(!small().buckets[0].versioned);
}

#[test]
fn what_a_buckets_policy_or_versioning_says_that_is_not_understood_is_refused() {
    for (of, with, told) in [
        ("s3:ExistingObjectTag/public", "s3:prefix", "on s3:prefix"),
        (
            "s3:ExistingObjectTag/public",
            "s3:ExistingObjectTag",
            "the condition",
        ),
        ("StringEquals:", "StringNotEquals:", "StringNotEquals on"),
        ("Status: Enabled", "Status: Suspended", "Enabled"),
    ] {
        let text = POLICY.replace(of, with);
        let refused = Template::parse(&text, &deployment())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(told), "{with}: {refused}");
    }
}

const EVENTS: &str = r#"
Resources:
  ImagesBucket: {Type: AWS::S3::Bucket}
  UploadsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Failed:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: 1209600, SqsManagedSseEnabled: true}
  ImagesFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: images}}
    Properties:
      Environment: {Variables: {QUEUE: !Ref Failed, STREAM: !GetAtt UploadsTable.StreamArn}}
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        MaximumEventAgeInSeconds: 3600
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
      Events:
        Put:
          Type: S3
          Properties:
            Bucket: !Ref ImagesBucket
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: pending/}]}}
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt UploadsTable.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumBatchingWindowInSeconds: 1
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 3
            MaximumRecordAgeInSeconds: -1
            FunctionResponseTypes: [ReportBatchItemFailures]
            ParallelizationFactor: 2
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["MODIFY"]}'}]}
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: cron(0 3 * * ? *), Input: '{"a":1}'}}
        Never: {Type: Schedule, Properties: {Schedule: rate(1 hour), Enabled: false}}
"#;

#[test]
fn a_function_knows_the_events_that_invoke_it_and_where_they_go_when_it_fails() {
    let template = Template::parse(EVENTS, &deployment()).unwrap();
    let function = &template.functions[0];
    let stream = "arn:aws:dynamodb:eu-central-1:000000000000:table/shop-UploadsTable/stream/\
                  2026-01-01T00:00:00.000";
    let queue = "arn:aws:sqs:eu-central-1:000000000000:shop-Failed";
    let minute = Duration::from_secs(60);
    assert_eq!(template.queues[0].arn, queue);
    assert_eq!(template.queues[0].retention, minute * 60 * 24 * 14);
    assert_eq!(template.queues[0].visibility_timeout, minute / 2);
    let url = "https://sqs.eu-central-1.amazonaws.com/000000000000/shop-Failed";
    assert_eq!(function.environment["QUEUE"], url);
    assert_eq!(function.environment["STREAM"], stream);
    assert_eq!(
        function.asynchronous,
        AsynchronousTemplate {
            max_retries: 1,
            max_age: minute * 60,
            on_failure: Some(queue.into()),
        }
    );
    let expected = [
        EventSource::Stream(StreamSource {
            id: "Changes".into(),
            table: "shop-UploadsTable".into(),
            stream_arn: stream.into(),
            batch_size: 10,
            batching_window: Duration::from_secs(1),
            bisects: true,
            max_retries: Some(3),
            max_age: None,
            reports_failures: true,
            parallelization: 2,
            filters: vec![EventPattern::parse(r#"{"eventName":["MODIFY"]}"#).unwrap()],
            on_failure: Some(queue.into()),
        }),
        EventSource::Schedule(ScheduleSource {
            id: "Hourly".into(),
            expression: ScheduleExpression::Rate(minute * 60),
            input: None,
            is_scheduler: false,
        }),
        EventSource::Schedule(ScheduleSource {
            id: "Nightly".into(),
            expression: ScheduleExpression::parse("cron(0 3 * * ? *)").unwrap(),
            input: Some(json!({"a": 1})),
            is_scheduler: true,
        }),
        EventSource::Bucket(BucketSource {
            id: "Put".into(),
            bucket: "shop-imagesbucket".into(),
            kinds: vec!["s3:ObjectCreated:*".into()],
            prefix: "pending/".into(),
            suffix: String::new(),
        }),
    ];
    assert_eq!(function.sources, expected);
    let small = small();
    assert_eq!(small.functions[0].sources, []);
    assert_eq!(
        small.functions[0].asynchronous,
        AsynchronousTemplate::default()
    );
}

#[test]
fn what_an_event_says_that_is_not_understood_is_refused_with_its_place() {
    for (of, with, told) in [
        ("!Ref ImagesBucket", "other", "other is no bucket of this"),
        (
            "s3:ObjectCreated:*",
            "s3:ObjectTagging:*",
            "events s3:ObjectTagging:*",
        ),
        ("Name: prefix", "Name: middle", "prefix or suffix"),
        ("S3Key:", "Other:", "S3Key.Rules"),
        ("BatchSize: 10", "BatchSize: 0", "from 1 to 10000"),
        (
            "BatchSize: 10",
            "TumblingWindowInSeconds: 10",
            "TumblingWindowInSeconds",
        ),
        ("TRIM_HORIZON", "AT_TIMESTAMP", "StartingPosition"),
        (
            "MaximumRecordAgeInSeconds: -1",
            "MaximumRecordAgeInSeconds: 5",
            "from 60",
        ),
        (
            "[ReportBatchItemFailures]",
            "[Other]",
            "FunctionResponseTypes",
        ),
        ("StreamSpecification:", "Other:", "does not know StreamArn"),
        (
            "Stream: !GetAtt UploadsTable.StreamArn",
            "Stream: arn",
            "no stream of this",
        ),
        (
            r#"'{"eventName":["MODIFY"]}'"#,
            "'{\"a\":1}'",
            "the Pattern",
        ),
        (
            "OnFailure: {Type: SQS,",
            "OnSuccess: {Type: SQS,",
            "OnFailure",
        ),
        ("{Type: SQS,", "{Type: SNS,", "must be a queue"),
        (
            "Destination: !GetAtt Failed.Arn",
            "Destination: arn",
            "no queue of this",
        ),
        (
            "MaximumRetryAttempts: 1",
            "MaximumRetryAttempts: 3",
            "from 0 to 2",
        ),
        ("rate(1 hour)", "rate(1 hours)", "a number of minutes"),
        ("'{\"a\":1}'", "'{'", "must be JSON"),
        (
            "Type: Schedule,",
            "Type: Kinesis,",
            "events of type Kinesis",
        ),
        (
            "SqsManagedSseEnabled: true",
            "FifoQueue: true",
            "of a queue",
        ),
        (
            "      EventInvokeConfig:\n",
            "      DeadLetterQueue: x\n      EventInvokeConfig:\n",
            "OnFailure instead",
        ),
    ] {
        assert!(EVENTS.contains(of), "{of}");
        let text = EVENTS.replace(of, with);
        let refused = Template::parse(&text, &deployment())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(told), "{with}: {refused}");
    }
}

#[test]
fn a_template_that_was_changed_is_read_anew() {
    let queues = |id: &str| -> Vec<String> {
        let text = format!("Resources: {{{id}: {{Type: 'AWS::SQS::Queue'}}}}");
        let template = Template::parse(&text, &deployment()).unwrap();
        template
            .queues
            .into_iter()
            .map(|it| it.logical_id)
            .collect()
    };
    assert_eq!(queues("One"), ["One"]);
    assert_eq!(queues("One"), ["One"]);
    assert_eq!(queues("Two"), ["Two"]);
}
