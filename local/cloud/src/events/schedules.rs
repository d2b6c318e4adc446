//! Schedules, by the clock of this machine.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use template::{
    ACCOUNT, Cron, FunctionTemplate, Minute, REGION, ScheduleExpression, ScheduleSource,
};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::deliveries::Deliveries;
use crate::clock;

/// Delivers a schedule's events until the local cloud stops. The first one of a rate comes after
/// its time, not at once.
pub(super) fn start(
    deliveries: &Arc<Deliveries>,
    function: &FunctionTemplate,
    source: &ScheduleSource,
) {
    let own = Arc::clone(deliveries);
    let (function, source) = (function.clone(), source.clone());
    deliveries.spawn(async move {
        let mut due = Instant::now();
        loop {
            match &source.expression {
                ScheduleExpression::Rate(period) => {
                    due += *period;
                    sleep_until(due).await;
                }
                ScheduleExpression::Cron(cron) => {
                    wait_for_next_minute().await;
                    if !fits(cron, clock::now()) {
                        continue;
                    }
                }
            }
            fire(&own, &function, &source);
        }
    });
}

/// Delivers the event of a schedule that is due now.
pub(super) fn fire(
    deliveries: &Arc<Deliveries>,
    function: &FunctionTemplate,
    source: &ScheduleSource,
) {
    let event = match &source.input {
        Some(input) => input.clone(),
        None => event(function, source, clock::now()),
    };
    deliveries.submit(&function.binary, &event.to_string().into());
}

fn event(function: &FunctionTemplate, source: &ScheduleSource, now: OffsetDateTime) -> Value {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let name = format!("{}-{}", function.name, source.id);
    let (service, resource, detail) = if source.is_scheduler {
        let arn = format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}");
        ("aws.scheduler", arn, json!("{}"))
    } else {
        let arn = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}");
        ("aws.events", arn, json!({}))
    };
    json!({
        "version": "0",
        "id": Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": service,
        "account": ACCOUNT,
        "time": now.format(format).unwrap_or_default(),
        "region": REGION,
        "resources": [resource],
        "detail": detail,
    })
}

async fn wait_for_next_minute() {
    let now = clock::now();
    let rest = 60_u64.saturating_sub(u64::from(now.second()));
    // Past the minute's beginning rather than before it.
    sleep(Duration::from_secs(rest) + Duration::from_millis(1)).await;
}

fn fits(cron: &Cron, now: OffsetDateTime) -> bool {
    cron.fits(Minute {
        year: u16::try_from(now.year()).unwrap_or_default(),
        month: u16::from(u8::from(now.month())),
        day: u16::from(now.day()),
        weekday: u16::from(now.weekday().number_from_sunday()),
        hour: u16::from(now.hour()),
        minute: u16::from(now.minute()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeMap;

    use template::{Deployment, EventSource, Template};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_cron_is_due_by_the_calendar_of_utc() {
        let text = r#"
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: f}}
    Properties:
      Events: {At: {Type: Schedule, Properties: {Schedule: "cron(30 3 ? JAN FRI 2027)"}}}
"#;
        let deployment = Deployment {
            stack: "stack".to_owned(),
            parameters: BTreeMap::new(),
        };
        let template = Template::parse(text, &deployment).unwrap();
        let sources = template.functions.into_iter().flat_map(|it| it.sources);
        let Some(EventSource::Schedule(source)) = sources.into_iter().next() else {
            panic!("no schedule");
        };
        let ScheduleExpression::Cron(cron) = source.expression else {
            panic!("no cron");
        };
        assert!(fits(&cron, datetime!(2027-01-15 03:30:59 UTC)));
        assert!(!fits(&cron, datetime!(2027-01-15 03:31 UTC)));
        assert!(!fits(&cron, datetime!(2027-01-16 03:30 UTC)));
        assert!(!fits(&cron, datetime!(2027-02-12 03:30 UTC)));
    }
}
