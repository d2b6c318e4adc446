//! What is watched beyond fixed numbers: what is unusual, silence, the account's
//! limit, and who reads which row.

use serde_json::Value;

use super::{Resource, Template, finds, holds, literal, one_or_many, patterns, reference};
use crate::Faults;

/// Whether a condition of the template holds with its parameters' defaults. Knows a
/// parameter that equals a value, and its opposite.
fn by_default(template: &Template, condition: &Value) -> Option<bool> {
    if let Some(opposite) = condition.get("Fn::Not") {
        return Some(!by_default(template, one_or_many(opposite).first()?)?);
    }
    let [parameter, value] = one_or_many(condition.get("Fn::Equals")?)[..] else {
        return None;
    };
    let default = &template.0["Parameters"][reference(parameter, "")?]["Default"];
    Some(patterns(default) == patterns(value))
}

/// What is wrong with when a resource is there, which should depend on a parameter.
fn not_there_as_expected(template: &Template, resource: Resource<'_>, expected: bool) -> Faults {
    let condition = resource.body["Condition"].as_str().unwrap_or_default();
    let there = by_default(template, &template.0["Conditions"][condition]);
    match there == Some(expected) {
        true => Faults::new(),
        false => vec![format!("{}: by default {there:?}", resource.id)],
    }
}

/// The metrics that an alarm waits for, each with what it says about it.
fn watched<'a>(alarm: Resource<'a>) -> Vec<(&'a Value, &'a Value)> {
    let metrics = one_or_many(alarm.property("Metrics")).into_iter();
    let metrics = metrics.map(|it| (&it["MetricStat"]["Metric"], it));
    let own = &alarm.body["Properties"];
    metrics.chain([(own, own)]).collect()
}

/// The alarm on a metric that fits.
fn alarm<'a>(
    template: &'a Template,
    metric: &str,
    fits: impl Fn(Resource<'a>, &'a Value) -> bool,
) -> Option<Resource<'a>> {
    template.of_kind("AWS::CloudWatch::Alarm").find(|alarm| {
        watched(*alarm)
            .into_iter()
            .any(|(found, of)| found["MetricName"] == metric && fits(*alarm, of))
    })
}

/// Whether an alarm is raised where a metric leaves the band that was learnt of it.
fn learns(alarm: Resource<'_>, metric: &Value) -> bool {
    let Some(id) = metric["Id"].as_str() else {
        return false;
    };
    let band = one_or_many(alarm.property("Metrics"))
        .into_iter()
        .any(|it| {
            let expression = it["Expression"].as_str().unwrap_or_default();
            it["Id"] == *alarm.property("ThresholdMetricId")
                && expression.starts_with(&format!("ANOMALY_DETECTION_BAND({id}"))
        });
    band && alarm.property("ComparisonOperator") == "GreaterThanUpperThreshold"
}

/// What nobody would be told of.
fn what_goes_unnoticed(template: &Template) -> Faults {
    let route = |alarm: Resource<'_>| {
        let watched = watched(alarm).into_iter();
        let dimensions = watched.flat_map(|(metric, _)| one_or_many(&metric["Dimensions"]));
        let dimensions: Vec<_> = dimensions.collect();
        let checkout = |it: &&Value| it["Name"] == "route" && it["Value"] == "POST /api/checkout";
        !dimensions.is_empty() && dimensions.iter().all(checkout)
    };
    let too_few = |alarm: Resource<'_>, _: &Value| {
        patterns(alarm.property("EvaluationPeriods")) == ["${NoOrdersHours}"]
            && alarm.property("ComparisonOperator") == "LessThanThreshold"
            && route(alarm)
    };
    let too_many = |alarm: Resource<'_>, _: &Value| {
        patterns(alarm.property("Threshold")) == ["${ConcurrencyThreshold}"]
            && alarm.property("ComparisonOperator") == "GreaterThanOrEqualToThreshold"
    };
    let mut faults = Faults::new();
    for (what, alarm, by_default) in [
        (
            "unusual sign-ins",
            alarm(template, "SignInFailures", learns),
            true,
        ),
        (
            "unusual requests of the staff",
            alarm(template, "StaffRequests", learns),
            true,
        ),
        (
            "hours without an order",
            alarm(template, "Latency", too_few),
            false,
        ),
        (
            "functions near the account's limit",
            alarm(template, "ConcurrentExecutions", too_many),
            false,
        ),
    ] {
        match alarm {
            Some(alarm) => faults.extend(not_there_as_expected(template, alarm, by_default)),
            None => faults.push(format!("nobody is told of {what}")),
        }
    }
    faults
}

/// What of tables and pictures could be read without CloudTrail's data events telling
/// of it, where they are asked for.
fn what_leaves_no_trail(template: &Template) -> Faults {
    let Some(trail) = template.of_kind("AWS::CloudTrail::Trail").next() else {
        return vec!["there is no trail".to_owned()];
    };
    let mut faults = not_there_as_expected(template, trail, false);
    let selectors = one_or_many(trail.property("AdvancedEventSelectors"));
    for (kind, whose) in [
        ("AWS::DynamoDB::Table", "${AWS::StackName}-"),
        ("AWS::S3::Object", "${ImagesBucket.Arn}/"),
    ] {
        let recorded = selectors.iter().any(|selector| {
            let fields = one_or_many(&selector["FieldSelectors"]);
            let field = |name: &str| fields.iter().find(|it| it["Field"] == name);
            let is = |name: &str, with: &str, value: &str| {
                let found = field(name).map(|it| patterns(&it[with]));
                found.is_some_and(|it| it.len() == 1 && it[0].ends_with(value))
            };
            // Any further field would leave something out.
            fields.len() == 3
                && is("eventCategory", "Equals", "Data")
                && is("resources.type", "Equals", kind)
                && is("resources.ARN", "StartsWith", whose)
        });
        if !recorded {
            faults.push(format!("{kind} leaves no trail"));
        }
    }
    if trail.property("IsLogging") != true {
        faults.push("the trail is off".to_owned());
    }
    // What it costs, and when it ends.
    let parameter = &template.0["Parameters"]["DataEvents"];
    if !literal(&patterns(&parameter["Description"]).concat()).contains("$0.") {
        faults.push("nobody says what data events cost".to_owned());
    }
    let bucket = reference(trail.property("S3BucketName"), "").unwrap_or_default();
    let bucket = &template.0["Resources"][&bucket]["Properties"];
    let rules = one_or_many(&bucket["LifecycleConfiguration"]["Rules"]);
    let ends = |rule: &&Value| {
        rule["Status"] == "Enabled"
            && patterns(&rule["ExpirationInDays"]) == ["${LogRetentionDays}"]
    };
    if !rules.iter().any(ends) {
        faults.push("the trail outlives the logs".to_owned());
    }
    faults
}

#[test]
fn what_is_unusual_silent_or_near_a_limit_is_told() {
    holds(what_goes_unnoticed);
}

#[test]
fn who_reads_which_row_leaves_a_trail_where_it_is_asked_for() {
    holds(what_leaves_no_trail);
}

const GOOD: &str = r#"
Parameters:
  Learn: {Default: "true"}
  NoOrdersHours: {Default: 0}
  ConcurrencyThreshold: {Default: 0}
  DataEvents: {Default: "false", Description: "$0.10 each"}
Conditions:
  Learns: !Equals [!Ref Learn, "true"]
  Expects: !Not [!Equals [!Ref NoOrdersHours, "0"]]
  Watches: !Not [!Equals [!Ref ConcurrencyThreshold, "0"]]
  Records: !Equals [!Ref DataEvents, "true"]
Resources:
  SignIns:
    Type: AWS::CloudWatch::Alarm
    Condition: Learns
    Properties:
      Metrics:
        - {Id: a, MetricStat: {Metric: {MetricName: SignInFailures}}}
        - {Id: b, Expression: "ANOMALY_DETECTION_BAND(a, 4)"}
      ThresholdMetricId: b
      ComparisonOperator: GreaterThanUpperThreshold
  Staff:
    Type: AWS::CloudWatch::Alarm
    Condition: Learns
    Properties:
      Metrics:
        - {Id: s, MetricStat: {Metric: {MetricName: StaffRequests}}}
        - {Id: t, Expression: "ANOMALY_DETECTION_BAND(s, 4)"}
      ThresholdMetricId: t
      ComparisonOperator: GreaterThanUpperThreshold
  Orders:
    Type: AWS::CloudWatch::Alarm
    Condition: Expects
    Properties:
      MetricName: Latency
      Dimensions: [{Name: route, Value: POST /api/checkout}]
      EvaluationPeriods: !Ref NoOrdersHours
      ComparisonOperator: LessThanThreshold
  Running:
    Type: AWS::CloudWatch::Alarm
    Condition: Watches
    Properties:
      MetricName: ConcurrentExecutions
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Threshold: !Ref ConcurrencyThreshold
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {LifecycleConfiguration: {Rules: [{Status: Enabled, ExpirationInDays: !Ref LogRetentionDays}]}}
  Trail:
    Type: AWS::CloudTrail::Trail
    Condition: Records
    Properties:
      S3BucketName: !Ref Bucket
      IsLogging: true
      AdvancedEventSelectors:
        - FieldSelectors:
            - {Field: eventCategory, Equals: [Data]}
            - {Field: resources.type, Equals: ["AWS::DynamoDB::Table"]}
            - {Field: resources.ARN, StartsWith: [!Sub "table/${AWS::StackName}-"]}
        - FieldSelectors:
            - {Field: eventCategory, Equals: [Data]}
            - {Field: resources.type, Equals: ["AWS::S3::Object"]}
            - {Field: resources.ARN, StartsWith: [!Sub "${ImagesBucket.Arn}/"]}
"#;

#[test]
fn what_nobody_is_told_of_is_found() {
    finds(what_goes_unnoticed, GOOD, &[]);
    for (of, with, word) in [
        ("BAND(a,", "BAND(s,", "told of unusual sign-ins"),
        ("BAND(s,", "BAND(x,", "told of unusual requests"),
        (
            "ThresholdMetricId: t",
            "ThresholdMetricId: s",
            "unusual requests",
        ),
        ("POST /api/checkout", "POST /api/cart", "hours without"),
        ("!Ref NoOrdersHours\n", "3\n", "hours without"),
        ("ConcurrentExecutions", "Errors", "account's limit"),
        (
            "Threshold: !Ref ConcurrencyThreshold",
            "Threshold: 8",
            "account's limit",
        ),
        ("    Condition: Expects\n", "", "Orders: by default None"),
        (
            "ConcurrencyThreshold: {Default: 0}",
            "ConcurrencyThreshold: {Default: 9}",
            "Running: by default Some(true)",
        ),
    ] {
        assert!(GOOD.contains(of), "{of}");
        finds(what_goes_unnoticed, &GOOD.replacen(of, with, 1), &[word]);
    }
}

#[test]
fn what_leaves_no_trail_is_found() {
    finds(what_leaves_no_trail, GOOD, &[]);
    for (of, with, word) in [
        ("AWS::CloudTrail::Trail", "AWS::S3::Bucket", "no trail"),
        (
            "AWS::DynamoDB::Table\"]}",
            "AWS::S3::Object\"]}",
            "DynamoDB::Table leaves",
        ),
        (
            "            - {Field: resources.ARN, StartsWith: [!Sub \"${ImagesBucket",
            "            - {Field: readOnly, Equals: [\"false\"]}\n            - {Field: resources.ARN, StartsWith: [!Sub \"${ImagesBucket",
            "S3::Object leaves",
        ),
        ("${AWS::StackName}-", "another-", "DynamoDB::Table leaves"),
        ("IsLogging: true", "IsLogging: false", "trail is off"),
        ("$0.10 each", "cheap", "what data events cost"),
        ("!Ref LogRetentionDays", "9999", "outlives the logs"),
        ("    Condition: Records\n", "", "by default None"),
        (
            "Default: \"false\"",
            "Default: \"true\"",
            "by default Some(true)",
        ),
    ] {
        assert!(GOOD.contains(of), "{of}");
        finds(what_leaves_no_trail, &GOOD.replacen(of, with, 1), &[word]);
    }
}
