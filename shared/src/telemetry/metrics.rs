//! Metrics in CloudWatch's embedded format: members of a log line that
//! CloudWatch turns into metrics, without a call and without a wait
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! The alarms and the dashboard of template.yaml name them. A metric is paid
//! for as long as it is sent, so what did not happen is not sent as a zero.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::aws::{Env, FromEnv, StartError};
use crate::values::unix_millis;

/// What is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
pub(crate) enum Metric {
    /// How long an answer took, in milliseconds.
    Latency,
    /// An answer of 400 to 499.
    ClientErrors,
    /// An answer of 500 to 599.
    ServerErrors,
    /// An answer of 409.
    Conflicts,
    /// The first request of a process.
    ColdStarts,
    /// A sign-in that was refused.
    SignInFailures,
    /// An account that was closed for a while after too many of them.
    AccountLocks,
    /// An account that was closed to all unknown addresses for a while.
    AccountsClosed,
    /// A request that was refused for coming too often.
    LimitHits,
    /// A refresh token that was used after its successor, or too late.
    RefreshReuse,
    /// A known caller who asked for more than their role may do.
    PermissionDenied,
    /// A request with an access token, refresh token or invitation that is not
    /// valid.
    TokensRefused,
    /// A request of someone who works for the shop.
    StaffRequests,
}

impl Metric {
    /// Returns its name in CloudWatch.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Latency => "Milliseconds",
            _ => "Count",
        }
    }
}

/// By which members of the line CloudWatch tells metrics apart: each list of
/// them is one more metric, and the empty one is over all lines.
type Dimensions = &'static [&'static [&'static str]];

/// One metric over all routes.
pub(super) const TOTAL: Dimensions = &[&[]];
/// One metric over all routes and one per route, each of which costs extra.
pub(super) const BY_ROUTE: Dimensions = &[&[], &["route"]];

/// One metric over all failed sign-ins and one per class of address.
pub(super) const BY_ADDRESS_CLASS: Dimensions = &[&[], &["addressClass"]];

/// Metrics with their values that have the same dimensions.
pub(super) type Group = (Dimensions, Vec<(Metric, u64)>);

/// The namespace under which CloudWatch keeps the metrics of this shop.
#[derive(Clone, Debug)]
pub(crate) struct Namespace(Arc<str>);

impl FromEnv for Namespace {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self(env.variable("METRICS_NAMESPACE")?.into()))
    }
}

impl Namespace {
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self("tests".into())
    }

    /// Writes metrics into a line that is being written, each group of them by
    /// its own dimensions, or nothing where there are none.
    pub(super) fn write<M: SerializeMap>(
        &self,
        line: &mut M,
        groups: &[Group],
    ) -> Result<(), M::Error> {
        let mut directives = Vec::new();
        for (dimensions, metrics) in groups.iter().filter(|(_, metrics)| !metrics.is_empty()) {
            for (metric, value) in metrics {
                line.serialize_entry(metric.name(), value)?;
            }
            let definitions = metrics.iter().map(|(metric, _)| Definition {
                name: metric.name(),
                unit: metric.unit(),
            });
            directives.push(Directive {
                namespace: &self.0,
                dimensions,
                metrics: definitions.collect(),
            });
        }
        if directives.is_empty() {
            return Ok(());
        }
        let metadata = Metadata {
            timestamp: unix_millis(),
            cloud_watch_metrics: directives,
        };
        line.serialize_entry("_aws", &metadata)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: Dimensions,
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}
