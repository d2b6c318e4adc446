//! What a shop costs at AWS: from what its requests use to dollars.
//!
//! All prices are the public list prices of us-east-1 as of November 2026, without free tiers,
//! discounts or taxes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::MIB_OF_A_PROCESSOR;

/// Dollars for a million requests of an HTTP API. <https://aws.amazon.com/api-gateway/pricing/>
const API_MILLION_REQUESTS: f64 = 1.00;
/// Dollars for a million requests of Lambda. <https://aws.amazon.com/lambda/pricing/>
const LAMBDA_MILLION_REQUESTS: f64 = 0.20;
/// Dollars for a GiB-second of Lambda, arm64. <https://aws.amazon.com/lambda/pricing/>
const LAMBDA_GIB_SECOND: f64 = 0.000_013_333_4;
/// Dollars for a million read units of DynamoDB, on demand.
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const DYNAMODB_MILLION_READ_UNITS: f64 = 0.125;
/// Dollars for a million write units of DynamoDB, on demand.
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const DYNAMODB_MILLION_WRITE_UNITS: f64 = 0.625;
/// Dollars for a GB of log lines, when they come in. <https://aws.amazon.com/cloudwatch/pricing/>
const LOGS_GB: f64 = 0.50;
/// Dollars for a month of one custom metric. <https://aws.amazon.com/cloudwatch/pricing/>
const METRIC_MONTH: f64 = 0.30;
/// Dollars for a month of an alarm, for each metric that it watches.
/// <https://aws.amazon.com/cloudwatch/pricing/>
const ALARM_METRIC_MONTH: f64 = 0.10;
/// How many metrics an alarm on what is usual counts as: the metric and both ends of its band.
const METRICS_OF_A_BAND: usize = 3;
/// Dollars for a month of a dashboard. <https://aws.amazon.com/cloudwatch/pricing/>
const DASHBOARD_MONTH: f64 = 3.00;
/// Dollars for a month of a key. <https://aws.amazon.com/kms/pricing/>
const KEY_MONTH: f64 = 1.00;
/// Dollars for a month of a secret. <https://aws.amazon.com/secrets-manager/pricing/>
const SECRET_MONTH: f64 = 0.40;

/// Services of which nothing that a template makes is paid by the month.
const FREE_BY_THE_MONTH: [&str; 12] = [
    "ApiGatewayV2",
    "CloudFront",
    "CloudTrail",
    "DynamoDB",
    "Events",
    "IAM",
    "Lambda",
    "Logs",
    "S3",
    "SNS",
    "SQS",
    "Serverless",
];

/// Hours of a month, as AWS's own examples count them.
const HOURS: f64 = 730.0;

/// What stands in a usual stack for a shop when nobody comes, each of a small
/// size: what it is, its price, and dollars of a month.
pub const USUAL_STACK: [(&str, &str, f64); 6] = [
    (
        "container",
        // <https://aws.amazon.com/fargate/pricing/>
        "Fargate, arm64, 0.25 vCPU at $0.03238 and 0.5 GB at $0.00356 an hour",
        (0.25 * 0.032_38 + 0.5 * 0.003_56) * HOURS,
    ),
    (
        "database",
        // <https://aws.amazon.com/rds/postgresql/pricing/>
        "RDS for PostgreSQL, db.t4g.micro in one zone, $0.016 an hour",
        0.016 * HOURS,
    ),
    (
        "its disk",
        // <https://aws.amazon.com/rds/postgresql/pricing/>
        "20 GB of gp3 at $0.115 a month",
        20.0 * 0.115,
    ),
    (
        "load balancer",
        // <https://aws.amazon.com/elasticloadbalancing/pricing/>
        "Application Load Balancer, $0.0225 an hour",
        0.0225 * HOURS,
    ),
    (
        "NAT gateway",
        // <https://aws.amazon.com/vpc/pricing/>
        "one, in one zone, $0.045 an hour",
        0.045 * HOURS,
    ),
    (
        "cache",
        // <https://aws.amazon.com/elasticache/pricing/>
        "ElastiCache for Redis, cache.t4g.micro, $0.016 an hour",
        0.016 * HOURS,
    ),
];

/// The two lines that Lambda itself writes to a function's log for each request.
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>
const LAMBDA_LINES: [&str; 2] = [
    r#"{"time":"2026-11-22T10:00:00.000Z","type":"platform.start","record":{"requestId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","version":"$LATEST"}}"#,
    r#"{"time":"2026-11-22T10:00:00.000Z","type":"platform.report","record":{"requestId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","metrics":{"durationMs":12.345,"billedDurationMs":13,"memorySizeMB":256,"maxMemoryUsedMB":30},"status":"success"}}"#,
];

/// What one request uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Memory of its function in MiB.
    pub memory_mib: u32,
    /// Milliseconds of a whole processor's time.
    pub cpu_ms: f64,
    /// Rounds of calls that it waits for.
    pub rounds: f64,
    /// Read units of DynamoDB.
    pub read_units: f64,
    /// Write units of DynamoDB.
    pub write_units: f64,
    /// Bytes of log lines, of the function and the gateway.
    pub log_bytes: f64,
}

impl Usage {
    /// Returns the milliseconds that are billed: the processor time at the function's share of a
    /// processor, and so much for each round of calls, rounded up to whole milliseconds.
    pub fn billed_ms(&self, round_trip_ms: f64) -> f64 {
        let share = f64::from(self.memory_mib.min(MIB_OF_A_PROCESSOR));
        let slower = f64::from(MIB_OF_A_PROCESSOR) / share;
        (self.cpu_ms * slower + self.rounds * round_trip_ms).ceil()
    }
}

/// Dollars, by what they are paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Requests of API Gateway.
    pub gateway: f64,
    /// Requests of Lambda.
    pub invocations: f64,
    /// Time of Lambda.
    pub duration: f64,
    /// Read units of DynamoDB.
    pub reads: f64,
    /// Write units of DynamoDB.
    pub writes: f64,
    /// Log lines.
    pub logs: f64,
}

impl Cost {
    /// Returns what a request costs.
    pub fn of_request(usage: &Usage, round_trip_ms: f64) -> Self {
        Self {
            gateway: API_MILLION_REQUESTS / 1e6,
            invocations: LAMBDA_MILLION_REQUESTS / 1e6,
            duration: duration(usage.memory_mib, usage.billed_ms(round_trip_ms)),
            reads: usage.read_units * DYNAMODB_MILLION_READ_UNITS / 1e6,
            writes: usage.write_units * DYNAMODB_MILLION_WRITE_UNITS / 1e6,
            logs: usage.log_bytes * LOGS_GB / 1e9,
        }
    }

    /// Returns about what a cold start adds to a request: the time of its start, which has a
    /// whole processor, that of its processor time at the function's share, as if the start had
    /// had none of it, and the reads of the start.
    pub fn of_cold_start(start_ms: f64, cold: &Usage, round_trip_ms: f64) -> Self {
        let billed = start_ms.ceil() + cold.billed_ms(round_trip_ms);
        Self {
            duration: duration(cold.memory_mib, billed),
            reads: cold.read_units * DYNAMODB_MILLION_READ_UNITS / 1e6,
            ..Self::default()
        }
    }

    /// Returns this cost so many times.
    #[must_use]
    pub fn times(self, number: f64) -> Self {
        Self {
            gateway: self.gateway * number,
            invocations: self.invocations * number,
            duration: self.duration * number,
            reads: self.reads * number,
            writes: self.writes * number,
            logs: self.logs * number,
        }
    }

    /// Returns both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            gateway: self.gateway + other.gateway,
            invocations: self.invocations + other.invocations,
            duration: self.duration + other.duration,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            logs: self.logs + other.logs,
        }
    }

    /// Returns each part by its name.
    pub fn parts(&self) -> [(&'static str, f64); 6] {
        [
            ("API Gateway", self.gateway),
            ("Lambda requests", self.invocations),
            ("Lambda time", self.duration),
            ("DynamoDB reads", self.reads),
            ("DynamoDB writes", self.writes),
            ("logs", self.logs),
        ]
    }

    /// Returns all parts together.
    pub fn total(&self) -> f64 {
        self.parts().iter().map(|(_, dollars)| dollars).sum()
    }
}

fn duration(memory_mib: u32, ms: f64) -> f64 {
    f64::from(memory_mib) / 1024.0 * ms / 1000.0 * LAMBDA_GIB_SECOND
}

/// What of a stack is paid by the month, whether anybody comes or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedCosts {
    /// Metrics that alarms watch, each counted once for each alarm.
    pub alarm_metrics: usize,
    /// Keys of the stack's own.
    pub keys: usize,
    /// Secrets.
    pub secrets: usize,
    /// Dashboards.
    pub dashboards: usize,
}

impl FixedCosts {
    /// Counts what a template makes, with its parameters' defaults.
    pub fn of_template(template: &Value) -> Self {
        let mut fixed = Self::default();
        let resources = template["Resources"].as_object().into_iter().flatten();
        for (_, resource) in resources {
            let condition = resource["Condition"].as_str();
            if !condition.is_none_or(|name| holds(template, &template["Conditions"][name])) {
                continue;
            }
            match resource["Type"].as_str().unwrap_or_default() {
                "AWS::CloudWatch::Alarm" => {
                    fixed.alarm_metrics += alarm_metrics(&resource["Properties"]);
                }
                "AWS::KMS::Key" => fixed.keys += 1,
                "AWS::SecretsManager::Secret" => fixed.secrets += 1,
                "AWS::CloudWatch::Dashboard" => fixed.dashboards += 1,
                "AWS::SecretsManager::RotationSchedule" => {}
                other => {
                    let service = other.split("::").nth(1).unwrap_or("no type");
                    assert!(
                        FREE_BY_THE_MONTH.contains(&service),
                        "what does a {other} cost?"
                    );
                }
            }
        }
        fixed
    }

    /// Returns dollars of a month, each part by its name.
    pub fn month(&self) -> [(&'static str, f64); 4] {
        [
            ("alarms", self.alarm_metrics as f64 * ALARM_METRIC_MONTH),
            ("keys", self.keys as f64 * KEY_MONTH),
            ("secrets", self.secrets as f64 * SECRET_MONTH),
            ("dashboards", self.dashboards as f64 * DASHBOARD_MONTH),
        ]
    }
}

/// Counts what an alarm is paid for.
fn alarm_metrics(alarm: &Value) -> usize {
    let Some(queries) = alarm["Metrics"].as_array() else {
        return 1;
    };
    let learns = queries.iter().any(|query| {
        let expression = query["Expression"].as_str();
        expression.is_some_and(|it| it.starts_with("ANOMALY_DETECTION_BAND"))
    });
    if learns {
        return METRICS_OF_A_BAND;
    }
    let metrics = queries.iter();
    metrics
        .filter(|query| query["MetricStat"].is_object())
        .count()
}

/// Returns whether a condition holds where every parameter has its default.
///
/// # Panics
/// When the condition is of a kind that the template doesn't have yet.
fn holds(template: &Value, condition: &Value) -> bool {
    if let Some([left, right]) = condition["Fn::Equals"].as_array().map(Vec::as_slice) {
        return text(template, left) == text(template, right);
    }
    let all = |name: &str| condition[name].as_array();
    if let Some([one]) = all("Fn::Not").map(Vec::as_slice) {
        return !holds(template, one);
    }
    if let Some(these) = all("Fn::And") {
        return these.iter().all(|one| holds(template, one));
    }
    if let Some(these) = all("Fn::Or") {
        return these.iter().any(|one| holds(template, one));
    }
    if let Some(name) = condition["Condition"].as_str() {
        return holds(template, &template["Conditions"][name]);
    }
    panic!("{condition} is a condition that the costs don't know")
}

/// Returns a text, or the default of the parameter that is referred to.
fn text(template: &Value, value: &Value) -> String {
    let value = match value["Ref"].as_str() {
        Some(parameter) => &template["Parameters"][parameter]["Default"],
        None => value,
    };
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the dollars of a month of so many custom metrics, each written every hour.
pub fn metrics_month(metrics: usize) -> f64 {
    metrics as f64 * METRIC_MONTH
}

/// Returns the custom metrics that log lines write, in CloudWatch's embedded format: each name with
/// each list of its dimensions' values.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
pub fn metrics_of(log: &str) -> BTreeSet<String> {
    let mut metrics = BTreeSet::new();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    for line in lines {
        let line: Value = line;
        let directives = line["_aws"]["CloudWatchMetrics"].as_array();
        for directive in directives.into_iter().flatten() {
            let sets = directive["Dimensions"].as_array().into_iter().flatten();
            for set in sets {
                let dimensions = set.as_array().into_iter().flatten();
                let dimensions = dimensions.filter_map(Value::as_str);
                let dimensions = dimensions.map(|name| format!(" {name}={}", line[name]));
                let dimensions: String = dimensions.collect();
                let names = directive["Metrics"].as_array().into_iter().flatten();
                let names = names.filter_map(|metric| metric["Name"].as_str());
                metrics.extend(names.map(|name| format!("{name}{dimensions}")));
            }
        }
    }
    metrics
}

/// Returns the bytes that a request leaves in logs beside the function's own: Lambda's two lines
/// and the gateway's, which has this format.
pub fn other_log_bytes(access_log: &str, route: &str) -> usize {
    let typical = BTreeMap::from([
        ("requestId", "JKJaXmPLvHcESHA="),
        ("requestTime", "22/Nov/2026:10:00:00 +0000"),
        ("identity.sourceIp", "203.0.113.200"),
        ("routeKey", route),
        ("status", "200"),
        ("responseLength", "2345"),
        ("responseLatency", "12"),
        ("integrationStatus", "200"),
        ("integrationLatency", "11"),
    ]);
    let mut line = access_log.to_owned();
    // The longest first: one name may begin with another.
    let mut names: Vec<_> = typical.into_iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in names {
        line = line.replace(&format!("$context.{name}"), value);
    }
    assert!(!line.contains("$context."), "of unknown length: {line}");
    line.len() + LAMBDA_LINES.iter().map(|line| line.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn near(dollars: f64, expected: f64) {
        let off = (dollars - expected).abs();
        assert!(
            off <= expected.abs() * 1e-6,
            "{dollars} instead of {expected}"
        );
    }

    const USAGE: Usage = Usage {
        memory_mib: 256,
        cpu_ms: 1.0,
        rounds: 3.0,
        read_units: 4.5,
        write_units: 20.0,
        log_bytes: 1500.0,
    };

    #[test]
    fn billed_time_is_processor_time_at_the_share_and_what_is_waited_for() {
        // 1 ms of a whole processor is 6.91 ms of 256/1769 of one; with 15 ms of waiting 21.91.
        assert_eq!(USAGE.billed_ms(5.0), 22.0);
        assert_eq!(USAGE.billed_ms(0.0), 7.0);
        let whole = Usage {
            memory_mib: 1769,
            rounds: 0.0,
            ..USAGE
        };
        assert_eq!(whole.billed_ms(5.0), 1.0);
        // More memory is more processors, which one thread has no use for.
        let more = Usage {
            memory_mib: 4096,
            ..whole
        };
        assert_eq!(more.billed_ms(5.0), 1.0);
    }

    #[test]
    fn a_request_costs_what_the_price_lists_say() {
        let thousand = Cost::of_request(&USAGE, 5.0).times(1000.0);
        near(thousand.gateway, 0.001);
        near(thousand.invocations, 0.0002);
        // 1,000 times 22 ms of a quarter of a GiB are 5.5 GiB-seconds.
        near(thousand.duration, 5.5 * 0.000_013_333_4);
        near(thousand.reads, 0.000_562_5);
        near(thousand.writes, 0.0125);
        // 1.5 MB.
        near(thousand.logs, 0.000_75);
        near(
            thousand.total(),
            0.001 + 0.0002 + 0.000_073_333_7 + 0.000_562_5 + 0.0125 + 0.000_75,
        );
        let both = thousand.and(thousand);
        assert_eq!(both, thousand.times(2.0));
    }

    #[test]
    fn a_cold_start_adds_its_start_and_its_first_answer() {
        let cold = Usage {
            rounds: 1.0,
            write_units: 0.0,
            log_bytes: 0.0,
            ..USAGE
        };
        let cost = Cost::of_cold_start(9.2, &cold, 5.0);
        // 10 ms of start, and 6.91 + 5 ms, so 12.
        near(cost.duration, 0.25 * 0.022 * 0.000_013_333_4);
        near(cost.reads, 4.5 * 0.125 / 1e6);
        near(cost.total(), cost.duration + cost.reads);
    }

    #[test]
    fn what_stands_is_counted_with_the_parameters_defaults() {
        let template = json!({
            "Parameters": {
                "Learns": { "Default": "true" },
                "Hours": { "Default": 0 },
                "Topic": { "Default": "" },
            },
            "Conditions": {
                "Learns": { "Fn::Equals": [{ "Ref": "Learns" }, "true"] },
                "Expects": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Hours" }, "0"] }] },
                "Own": { "Fn::Equals": [{ "Ref": "Topic" }, ""] },
                "Both": { "Fn::And": [{ "Condition": "Own" }, { "Condition": "Learns" }] },
                "Either": { "Fn::Or": [{ "Condition": "Expects" }, { "Condition": "Learns" }] },
            },
            "Resources": {
                "Plain": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "MetricName": "Errors" } },
                "OfTwo": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": [
                    { "MetricStat": {} }, { "MetricStat": {} }, { "Expression": "a / b" },
                ] } },
                "Unusual": {
                    "Type": "AWS::CloudWatch::Alarm", "Condition": "Either",
                    "Properties": { "Metrics": [
                        { "MetricStat": {} }, { "Expression": "ANOMALY_DETECTION_BAND(a, 4)" },
                    ] },
                },
                "Unwanted": { "Type": "AWS::CloudWatch::Alarm", "Condition": "Expects" },
                "Key": { "Type": "AWS::KMS::Key", "Condition": "Both" },
                "Secret": { "Type": "AWS::SecretsManager::Secret" },
                "Board": { "Type": "AWS::CloudWatch::Dashboard" },
                "Table": { "Type": "AWS::DynamoDB::Table" },
            },
        });
        let fixed = FixedCosts::of_template(&template);
        let expected = FixedCosts {
            alarm_metrics: 6,
            keys: 1,
            secrets: 1,
            dashboards: 1,
        };
        assert_eq!(fixed, expected);
        let month = fixed.month().map(|(_, dollars)| dollars);
        for (dollars, expected) in month.into_iter().zip([0.6, 1.0, 0.4, 3.0]) {
            near(dollars, expected);
        }
    }

    #[test]
    #[should_panic(expected = "what does a AWS::WAFv2::WebACL cost?")]
    fn what_nobody_has_looked_up_is_not_free() {
        let firewall = json!({ "Resources": { "W": { "Type": "AWS::WAFv2::WebACL" } } });
        FixedCosts::of_template(&firewall);
    }

    #[test]
    fn the_usual_stack_costs_what_its_price_lists_say() {
        let month = USUAL_STACK.map(|(_, _, dollars)| dollars);
        // A container, a database and its disk, a load balancer, a NAT gateway, a cache.
        for (dollars, expected) in month
            .into_iter()
            .zip([7.20875, 11.68, 2.3, 16.425, 32.85, 11.68])
        {
            near(dollars, expected);
        }
    }

    #[test]
    fn metrics_are_told_apart_by_name_and_dimensions() {
        let line = |route: &str, name: &str| {
            json!({
                "route": route, name: 3,
                "_aws": { "CloudWatchMetrics": [{
                    "Dimensions": [[], ["route"]], "Metrics": [{ "Name": name }],
                }] },
            })
            .to_string()
        };
        let log = [
            line("GET /a", "Latency"),
            line("GET /a", "Latency"),
            line("GET /b", "Latency"),
            "no JSON".to_owned(),
            "{}".to_owned(),
        ];
        let metrics = metrics_of(&log.join("\n"));
        let expected = [
            "Latency",
            "Latency route=\"GET /a\"",
            "Latency route=\"GET /b\"",
        ];
        assert_eq!(metrics.iter().collect::<Vec<_>>(), expected);
        near(metrics_month(metrics.len()), 0.9);
    }

    #[test]
    fn the_gateways_line_is_as_long_as_typical_values_make_it() {
        let lambda: usize = LAMBDA_LINES.iter().map(|line| line.len()).sum();
        let format = r#"{"routeKey":"$context.routeKey","status":"$context.status"}"#;
        let line = r#"{"routeKey":"GET /api/cart","status":"200"}"#;
        assert_eq!(
            other_log_bytes(format, "GET /api/cart"),
            lambda + line.len()
        );
        assert_eq!(
            other_log_bytes("$context.requestTime $context.requestId", ""),
            lambda + 26 + 1 + 16
        );
    }
}
