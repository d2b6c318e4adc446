//! What invokes functions besides requests: how often it is tried, and what becomes of what fails
//! for good. And how long a picture that is not public any more may still be seen.

use serde_json::Value;

use super::{Function, Template, finds, holds, one_or_many, patterns, reference};
use crate::Faults;
use crate::files::rust_files;

/// How often an event is tried again, at most: three failures are enough for a person to look.
const MAX_RETRIES: u64 = 2;
/// Functions that try more often, and until a record is so many seconds old: what is not public
/// any more has to go, and a record can be put back for a day.
const MORE: [(&str, u64, u64); 1] = [("sync-images", 10, 21_600)];

/// What is wrong with how often something is tried again.
fn retries(function: Function<'_>, config: &Value) -> Option<String> {
    let more = MORE.iter().find(|it| it.0 == function.name);
    let retries = config["MaximumRetryAttempts"].as_u64();
    match (retries, more) {
        (Some(it), None) if it <= MAX_RETRIES => None,
        (Some(it), Some((_, most, age))) if it <= *most => {
            let max_age = config["MaximumRecordAgeInSeconds"].as_u64();
            let bounded = max_age.is_some_and(|it| it <= *age);
            (!bounded).then(|| "never gets too old".to_owned())
        }
        (Some(it), _) => Some(format!("is tried {it} times more")),
        (None, _) => Some("is tried again as often as Lambda likes".to_owned()),
    }
}

/// What is wrong with where something goes that fails for good.
fn destination(template: &Template, config: &Value) -> Option<String> {
    let failure = &config["DestinationConfig"]["OnFailure"]["Destination"];
    let queue = reference(failure, ".Arn");
    let queue = queue.filter(|it| template.kind_of(it) == Some("AWS::SQS::Queue"));
    let Some(queue) = queue else {
        return Some("is lost when it fails for good".to_owned());
    };
    let watched = template.of_kind("AWS::CloudWatch::Alarm").any(|alarm| {
        let of_queue = one_or_many(alarm.property("Dimensions")).iter().any(|it| {
            it["Name"] == "QueueName"
                && patterns(&it["Value"]) == [format!("${{{queue}.QueueName}}")]
        });
        of_queue
            && alarm.body["Condition"].is_null()
            && alarm.property("Namespace") == "AWS/SQS"
            && alarm.property("MetricName") == "ApproximateNumberOfMessagesVisible"
            && alarm.property("Statistic") == "Maximum"
            && alarm.property("ComparisonOperator") == "GreaterThanOrEqualToThreshold"
            && alarm.property("Threshold") == 1
            && alarm.property("EvaluationPeriods") == 1
    });
    (!watched).then(|| format!("goes to {queue}, which nobody watches"))
}

/// What is wrong with the care that is taken of a function's events.
fn neglect(template: &Template, function: Function<'_>, what: &str, config: &Value) -> Faults {
    let found = [retries(function, config), destination(template, config)];
    let found = found.into_iter().flatten();
    let name = function.name;
    found.map(|it| format!("{what} of {name} {it}")).collect()
}

/// What fails for good and nobody hears of, or hears of late.
fn events_that_fail_unheard(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        let config = function.property("EventInvokeConfig");
        let mut is_asynchronous = !config.is_null();
        for (_, event) in function.events() {
            if event["Type"] != "DynamoDB" {
                is_asynchronous |= event["Type"] != "HttpApi";
                continue;
            }
            let source = &event["Properties"];
            faults.extend(neglect(template, function, "a record", source));
            let reports = patterns(&source["FunctionResponseTypes"]);
            let bisects = source["BisectBatchOnFunctionError"] == true;
            if !bisects || reports != ["ReportBatchItemFailures"] {
                let name = function.name;
                faults.push(format!("a record of {name} takes others along"));
            }
        }
        if is_asynchronous {
            faults.extend(neglect(template, function, "an event", config));
        }
    }
    faults
}

#[test]
fn what_fails_three_times_lies_in_a_queue_that_an_alarm_watches() {
    holds(events_that_fail_unheard);
    let template = Template::own();
    let mut others = 0;
    for function in template.functions() {
        let events = function.events();
        others += events.filter(|(_, it)| it["Type"] != "HttpApi").count();
    }
    assert!(others >= 4, "{others}");
}

#[test]
fn what_fails_unheard_is_found() {
    let good = r#"
Resources:
  Failed: {Type: AWS::SQS::Queue}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{Name: QueueName, Value: !GetAtt Failed.QueueName}]
      Statistic: Maximum
      EvaluationPeriods: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Threshold: 1
  AFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: judge}}
    Properties:
      EventInvokeConfig:
        MaximumRetryAttempts: 2
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
      Events: {Arrived: {Type: S3}}
  BFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: sync-images}}
    Properties:
      Events:
        Route: {Type: HttpApi}
        Changes:
          Type: DynamoDB
          Properties:
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 10
            MaximumRecordAgeInSeconds: 3600
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
"#;
    finds(events_that_fail_unheard, good, &[]);
    for (of, with, words) in [
        (
            "MaximumRetryAttempts: 2",
            "MaximumRetryAttempts: 3",
            &["of judge is tried 3 times more"][..],
        ),
        (
            "        MaximumRetryAttempts: 2\n",
            "",
            &["of judge is tried again as"],
        ),
        (
            "MaximumRetryAttempts: 10",
            "MaximumRetryAttempts: 11",
            &["11 times more"],
        ),
        (
            "MaximumRecordAgeInSeconds: 3600",
            "MaximumRecordAgeInSeconds: -1",
            &["never gets too old"],
        ),
        (
            "Binary: sync-images",
            "Binary: attach",
            &["of attach is tried 10 times"],
        ),
        (
            "BisectBatchOnFunctionError: true",
            "BisectBatchOnFunctionError: false",
            &["takes others along"],
        ),
        ("[ReportBatchItemFailures]", "[]", &["takes others along"]),
        (
            "      EventInvokeConfig:",
            "      Else:",
            &["is tried again as", "is lost"],
        ),
        (
            "!GetAtt Failed.Arn}}\n      Events",
            "!GetAtt Other.Arn}}\n      Events",
            &["an event of judge is lost"],
        ),
        (
            "Threshold: 1",
            "Threshold: 2",
            &["nobody watches", "nobody watches"],
        ),
        (
            "Failed.QueueName",
            "Other.QueueName",
            &["nobody watches", "nobody watches"],
        ),
        (
            "    Type: AWS::CloudWatch::Alarm",
            "    Condition: A\n    Type: AWS::CloudWatch::Alarm",
            &["nobody watches", "nobody watches"],
        ),
    ] {
        finds(events_that_fail_unheard, &good.replacen(of, with, 1), words);
    }
}

/// For how many seconds a picture may be seen that is not public any more.
const MAX_SEEN: u64 = 3600;

/// Caches of a bucket's CDN that keep what is not public any more.
fn caches_that_keep_pictures(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for distribution in template.of_kind("AWS::CloudFront::Distribution") {
        let config = distribution.property("DistributionConfig");
        let of_pictures = one_or_many(&config["Origins"])
            .iter()
            .any(|it| patterns(&it["DomainName"]) == ["${ImagesBucket.RegionalDomainName}"]);
        if !of_pictures {
            continue;
        }
        let behaviors = one_or_many(&config["CacheBehaviors"]).into_iter();
        for behavior in behaviors.chain([&config["DefaultCacheBehavior"]]) {
            let policy = reference(&behavior["CachePolicyId"], "").unwrap_or_default();
            let mut policies = template.of_kind("AWS::CloudFront::CachePolicy");
            let policy = policies.find(|it| it.id == policy);
            let config = policy.map(|it| it.property("CachePolicyConfig"));
            for limit in ["MinTTL", "DefaultTTL", "MaxTTL"] {
                let seconds = config.and_then(|it| it[limit].as_u64());
                if seconds.is_none_or(|it| it > MAX_SEEN) {
                    faults.push(format!("{}: {limit} is {seconds:?}", distribution.id));
                }
            }
        }
    }
    faults
}

#[test]
fn a_picture_that_is_not_public_any_more_is_seen_for_an_hour_at_most() {
    holds(caches_that_keep_pictures);
    let template = Template::own();
    assert!(template.kind_of("ImagesBucket").is_some());
    // What its files tell browsers and other caches.
    let mut told = Vec::new();
    for (_, source) in rust_files("shared/src/pictures") {
        for part in source.split("max-age=").skip(1) {
            let digits = part.chars().take_while(char::is_ascii_digit);
            told.push(digits.collect::<String>().parse::<u64>().unwrap());
        }
    }
    assert!(!told.is_empty());
    assert!(told.iter().all(|it| *it <= MAX_SEEN), "{told:?}");
}

#[test]
fn a_cache_that_keeps_pictures_is_found() {
    let good = "
Resources:
  Policy: {Type: AWS::CloudFront::CachePolicy, Properties: {CachePolicyConfig: {MinTTL: 0, DefaultTTL: 60, MaxTTL: 3600}}}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{DomainName: !GetAtt ImagesBucket.RegionalDomainName}]
        DefaultCacheBehavior: {CachePolicyId: !Ref Policy}
";
    finds(caches_that_keep_pictures, good, &[]);
    for (of, with, words) in [
        (
            "MaxTTL: 3600",
            "MaxTTL: 3601",
            &["MaxTTL is Some(3601)"][..],
        ),
        ("DefaultTTL: 60, ", "", &["DefaultTTL is None"]),
        (
            "!Ref Policy",
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            &["MinTTL", "DefaultTTL", "MaxTTL"],
        ),
        ("ImagesBucket", "WebBucket", &[]),
    ] {
        finds(
            caches_that_keep_pictures,
            &good.replacen(of, with, 1),
            words,
        );
    }
}

/// What is wrong with how long files wait that nobody has judged.
fn files_that_wait_for_good(template: &Template) -> Faults {
    let bucket = template
        .of_kind("AWS::S3::Bucket")
        .find(|it| it.id == "ImagesBucket");
    let rules = bucket.map(|it| &it.property("LifecycleConfiguration")["Rules"]);
    let rules = rules.map(one_or_many).unwrap_or_default();
    let ends = rules.iter().any(|rule| {
        rule["Status"] == "Enabled"
            && rule["Prefix"] == "pending/"
            && rule["ExpirationInDays"] == 1
            && rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
    });
    let fault = || "what waits under pending/ stays".to_owned();
    (!ends).then(fault).into_iter().collect()
}

#[test]
fn what_nobody_judged_is_deleted_after_a_day() {
    holds(files_that_wait_for_good);
    let good = "
Resources:
  ImagesBucket:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration:
        Rules: [{Status: Enabled, Prefix: pending/, ExpirationInDays: 1, NoncurrentVersionExpiration: {NoncurrentDays: 1}}]
";
    finds(files_that_wait_for_good, good, &[]);
    for (of, with) in [
        ("Enabled", "Disabled"),
        ("pending/", "kept/"),
        ("ExpirationInDays: 1", "ExpirationInDays: 2"),
        ("NoncurrentDays: 1", "NoncurrentDays: 30"),
        ("ImagesBucket", "WebBucket"),
    ] {
        let bad = good.replacen(of, with, 1);
        finds(files_that_wait_for_good, &bad, &["pending/ stays"]);
    }
}
