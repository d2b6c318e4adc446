//! Alarms and the dashboard.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Template, finds, holds, one_or_many, patterns, walk};
use crate::Faults;

/// What the functions count, under the stack's name.
const METRICS: [&str; 13] = [
    "AccountLocks",
    "AccountsClosed",
    "ClientErrors",
    "ColdStarts",
    "Conflicts",
    "Latency",
    "LimitHits",
    "PermissionDenied",
    "RefreshReuse",
    "ServerErrors",
    "SignInFailures",
    "StaffRequests",
    "TokensRefused",
];

/// The dashboard's JSON; a digit in place of each `${...}` keeps it JSON.
fn dashboard(template: &Template) -> Option<Value> {
    let dashboard = template.of_kind("AWS::CloudWatch::Dashboard").next()?;
    let [body] = <[String; 1]>::try_from(patterns(dashboard.property("DashboardBody"))).ok()?;
    let mut parts = body.split("${");
    let mut json = parts.next()?.to_owned();
    for part in parts {
        let (name, after) = part.split_once('}')?;
        // Names of alarms are kept; a number stays a number.
        let name = name.strip_suffix(".Arn").unwrap_or("1");
        json.push_str(name);
        json.push_str(after);
    }
    serde_json::from_str(&json).ok()
}

fn alarms_that_nobody_hears(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let shown = dashboard(template).unwrap_or_default();
    let mut listed = BTreeSet::new();
    walk(&shown, &mut |key, value| {
        if key == "alarms" {
            listed.extend(patterns(value));
        }
    });
    for alarm in template.of_kind("AWS::CloudWatch::Alarm") {
        for actions in ["AlarmActions", "OKActions"] {
            if patterns(alarm.property(actions)) != ["${AlarmTopic}", "${AlarmTopicArn}"] {
                faults.push(format!("{}: {actions} don't tell the topic", alarm.id));
            }
        }
        let description = patterns(alarm.property("AlarmDescription")).concat();
        let told = description.split_once(" First ");
        if !told.is_some_and(|(what, first)| what.len() > 30 && first.len() > 30) {
            faults.push(format!("{} doesn't say what to do first", alarm.id));
        }
        // Where too little is the fault, silence is the worst of it.
        let comparison = alarm.property("ComparisonOperator").as_str();
        let too_little = comparison.is_some_and(|it| it.starts_with("LessThan"));
        let (silence, fault) = match too_little {
            true => ("breaching", "takes silence for health"),
            false => ("notBreaching", "takes silence for a fault"),
        };
        if alarm.property("TreatMissingData") != silence {
            faults.push(format!("{} {fault}", alarm.id));
        }
        // The dashboard's text can't name what may not be there.
        if !listed.contains(alarm.id) && alarm.body["Condition"].is_null() {
            faults.push(format!("{} is not on the dashboard", alarm.id));
        }
        let metrics = one_or_many(alarm.property("Metrics")).into_iter();
        let metrics = metrics.map(|it| &it["MetricStat"]["Metric"]);
        for metric in metrics.chain([&alarm.body["Properties"]]) {
            let name = metric["MetricName"].as_str().unwrap_or_default();
            let ours = patterns(&metric["Namespace"]) == ["${AWS::StackName}"];
            if ours && !METRICS.contains(&name) {
                faults.push(format!(
                    "{} waits for {name}, which nobody writes",
                    alarm.id
                ));
            }
        }
    }
    faults
}

#[test]
fn every_alarm_is_heard_and_says_what_to_do_first() {
    holds(alarms_that_nobody_hears);
}

/// What is wrong with the alarm on accounts that a hundred failures closed.
fn no_alarm_on_closed_accounts(template: &Template) -> Faults {
    let mut alarms = template.of_kind("AWS::CloudWatch::Alarm");
    let alarm = alarms.find(|it| it.property("MetricName") == "AccountsClosed");
    let Some(alarm) = alarm else {
        return vec!["nobody is told of a closed account".to_owned()];
    };
    let mut faults = Faults::new();
    // One account is enough, and somebody must be told within minutes.
    for (name, expected) in [
        ("Statistic", Value::from("Sum")),
        ("Threshold", Value::from(1)),
        ("EvaluationPeriods", Value::from(1)),
        ("Period", Value::from(300)),
        (
            "ComparisonOperator",
            Value::from("GreaterThanOrEqualToThreshold"),
        ),
    ] {
        if *alarm.property(name) != expected {
            faults.push(format!("{}: {name} is not {expected}", alarm.id));
        }
    }
    if !alarm.body["Condition"].is_null() {
        faults.push(format!("{} may not be there", alarm.id));
    }
    faults
}

#[test]
fn an_account_that_many_guess_at_raises_an_alarm() {
    holds(no_alarm_on_closed_accounts);
    let good = r#"
Resources:
  Closed:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: AccountsClosed
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Threshold: 1
"#;
    finds(no_alarm_on_closed_accounts, good, &[]);
    for (of, with, word) in [
        ("AccountsClosed", "AccountLocks", "nobody is told"),
        ("Threshold: 1", "Threshold: 3", "Threshold is not"),
        ("Period: 300", "Period: 3600", "Period is not"),
        (
            "    Properties:",
            "    Condition: Wanted\n    Properties:",
            "may not be there",
        ),
    ] {
        let bad = good.replacen(of, with, 1);
        finds(no_alarm_on_closed_accounts, &bad, &[word]);
    }
}

#[test]
fn an_alarm_that_nobody_hears_is_found() {
    let good = r#"
Resources:
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: {DashboardBody: !Sub '{"alarms": ["${Alarm.Arn}"], "value": ${Threshold}}'}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: Something is wrong with the shop, badly. First look at the place where it usually is.
      Namespace: !Ref AWS::StackName
      MetricName: Latency
      TreatMissingData: notBreaching
      AlarmActions: [!If [Own, !Ref AlarmTopic, !Ref AlarmTopicArn]]
      OKActions: [!If [Own, !Ref AlarmTopic, !Ref AlarmTopicArn]]
"#;
    finds(alarms_that_nobody_hears, good, &[]);
    for (of, with, word) in [
        (
            "      AlarmActions",
            "      Else",
            "AlarmActions don't tell",
        ),
        (
            "OKActions: [!If [Own, !Ref AlarmTopic, !Ref AlarmTopicArn]]",
            "OKActions: []",
            "OKActions don't tell",
        ),
        ("First look", "Look", "what to do first"),
        ("notBreaching", "missing", "takes silence for a fault"),
        (
            "MetricName: Latency",
            "MetricName: Latency\n      ComparisonOperator: LessThanThreshold",
            "takes silence for health",
        ),
        ("${Alarm.Arn}", "${Other.Arn}", "not on the dashboard"),
        (
            "MetricName: Latency",
            "MetricName: Latencies",
            "nobody writes",
        ),
    ] {
        assert!(good.contains(of), "{of}");
        finds(alarms_that_nobody_hears, &good.replace(of, with), &[word]);
    }
}

fn widgets_that_show_nothing(template: &Template) -> Faults {
    let Some(dashboard) = dashboard(template) else {
        return vec!["the dashboard is not JSON".to_owned()];
    };
    let mut faults = Faults::new();
    let mut cells = BTreeSet::new();
    for widget in one_or_many(&dashboard["widgets"]) {
        let title = widget["properties"]["title"].as_str().unwrap_or("a widget");
        let number = |name: &str| widget[name].as_u64().unwrap_or_default();
        let (x, y, width, height) = (number("x"), number("y"), number("width"), number("height"));
        if width == 0 || height == 0 || x + width > 24 {
            faults.push(format!("{title} is out of the grid"));
        }
        for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            if !cells.insert(cell) {
                faults.push(format!("{title} lies on another widget"));
                break;
            }
        }
        // In a list of metrics `.` is the field above, and `...` all of them.
        let mut above = [String::new(), String::new()];
        for metric in one_or_many(&widget["properties"]["metrics"]) {
            let fields: Vec<&str> = one_or_many(metric)
                .into_iter()
                .filter_map(Value::as_str)
                .collect();
            if fields.is_empty() || fields == ["..."] {
                continue;
            }
            for (field, above) in fields.iter().zip(&mut above).filter(|(it, _)| **it != ".") {
                *above = (*field).to_owned();
            }
            let [namespace, name] = &above;
            // `dashboard` has put a digit for the stack's name.
            if namespace == "1" && !METRICS.contains(&name.as_str()) {
                faults.push(format!("{title} shows {name}, which nobody writes"));
            }
        }
    }
    faults
}

#[test]
fn the_dashboard_shows_what_there_is() {
    holds(widgets_that_show_nothing);
    let dashboard = dashboard(&Template::own()).unwrap();
    assert!(one_or_many(&dashboard["widgets"]).len() >= 8);
}

#[test]
fn a_widget_that_shows_nothing_is_found() {
    let board = |widgets: &str| {
        format!(
            "Resources: {{Board: {{Type: AWS::CloudWatch::Dashboard, Properties: {{DashboardBody: !Sub '{widgets}'}}}}}}"
        )
    };
    let widget = |x: u64, metrics: &str| {
        format!(
            r#"{{"x": {x}, "y": 0, "width": 12, "height": 6, "properties": {{"title": "w{x}", "metrics": [{metrics}]}}}}"#
        )
    };
    let latency = r#"["${AWS::StackName}", "Latency", {"stat": "p50"}], ["...", {"stat": "p99"}]"#;
    let wrong = r#"["${AWS::StackName}", "Latency"], [{"expression": "1"}], [".", "Locks"], ["AWS/Lambda", "Errors"]"#;
    for (widgets, words) in [
        (
            format!("[{}, {}]", widget(0, latency), widget(12, latency)),
            &[][..],
        ),
        (
            format!("[{}, {}]", widget(0, latency), widget(6, latency)),
            &["w6 lies on"],
        ),
        (format!("[{}]", widget(13, latency)), &["w13 is out"]),
        (format!("[{}]", widget(0, wrong)), &["w0 shows Locks"]),
        ("[".to_owned(), &["not JSON"]),
    ] {
        let body = format!(r#"{{"widgets": {widgets}}}"#);
        finds(widgets_that_show_nothing, &board(&body), words);
    }
}
