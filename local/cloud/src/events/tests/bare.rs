//! Deliveries without a template: what takes a minute or more there.

use super::*;
use crate::events::streams::lane_of;
use crate::logs::LogSink;
use crate::runtime::Runtime;
use crate::sqs::Queues;
use crate::testing::{function, iam, launch, runtime};
use template::{AsynchronousTemplate, QueueTemplate, ScheduleExpression, StreamSource};

const QUEUE: &str = "arn:aws:sqs:eu-central-1:000000000000:failed";

struct Bare {
    function: FunctionTemplate,
    deliveries: Arc<Deliveries>,
    queues: Arc<Queues>,
    runtime: Arc<Runtime>,
    _stop: watch::Sender<bool>,
}

fn bare(function: FunctionTemplate) -> Bare {
    let queues = Queues::new(&[QueueTemplate {
        logical_id: "Failed".to_owned(),
        name: "failed".to_owned(),
        arn: QUEUE.to_owned(),
        visibility_timeout: Duration::ZERO,
        retention: Duration::from_secs(60),
    }]);
    let (runtime, logs) = runtime(vec![launch(function.clone(), &[])], 4);
    let iam = iam(&[], &crate::logs::Logs::new(&LogSink::Memory));
    let (stop, stopping) = watch::channel(false);
    let around = Surroundings {
        runtime: &runtime,
        queues: &queues,
        iam: &iam,
        logs: &logs,
        retry_delay: Duration::from_millis(10),
    };
    Bare {
        deliveries: Arc::new(Deliveries::new(&around, stopping)),
        function,
        queues,
        runtime,
        _stop: stop,
    }
}

impl Bare {
    fn failures(&self) -> Vec<Value> {
        let bodies = self.queues.by_arn(QUEUE).unwrap().bodies();
        let bodies = bodies.iter().map(|it| serde_json::from_str(it).unwrap());
        bodies.collect()
    }
}

#[tokio::test]
async fn an_event_that_is_too_old_is_given_up_before_its_retries_are_used_up() {
    let mut old = function("worker");
    old.asynchronous = AsynchronousTemplate {
        max_age: Duration::ZERO,
        on_failure: Some(QUEUE.to_owned()),
        ..AsynchronousTemplate::default()
    };
    let bare = bare(old);
    bare.deliveries
        .submit("worker", &br#"{"do": "error"}"#[..].into());
    bare.deliveries.idle().await;
    let failures = bare.failures();
    assert_eq!(failures.len(), 1);
    let context = &failures[0]["requestContext"];
    assert_eq!(context["condition"], "EventAgeExceeded");
    assert_eq!(context["approximateInvokeCount"], 1);
    bare.runtime.stop().await;
}

#[tokio::test]
async fn an_event_for_which_there_is_no_room_waits_and_uses_up_no_retry() {
    let mut full = function("worker");
    full.reserved_concurrency = Some(0);
    full.asynchronous = AsynchronousTemplate {
        max_retries: 0,
        max_age: Duration::from_millis(100),
        on_failure: Some(QUEUE.to_owned()),
    };
    let bare = bare(full);
    bare.deliveries.submit("worker", &b"{}"[..].into());
    bare.deliveries.idle().await;
    assert!(bare.deliveries.counts("worker").begun > 1);
    let failures = bare.failures();
    let context = &failures[0]["requestContext"];
    assert_eq!(context["condition"], "EventAgeExceeded");
    assert_eq!(context["approximateInvokeCount"], 0);
    assert!(failures[0].get("responsePayload").is_none());
    bare.runtime.stop().await;
}

#[tokio::test]
async fn a_record_that_is_too_old_is_given_up_and_the_others_come() {
    let bare = bare(function("worker"));
    let source = StreamSource {
        id: "Changes".to_owned(),
        table: "uploads".to_owned(),
        stream_arn: "arn".to_owned(),
        batch_size: 10,
        batching_window: Duration::from_millis(20),
        bisects: false,
        max_retries: None,
        max_age: Some(Duration::from_secs(60)),
        reports_failures: false,
        parallelization: 1,
        filters: Vec::new(),
        on_failure: Some(QUEUE.to_owned()),
    };
    let give = lane_of(&bare.deliveries, &bare.function, &source);
    let now = crate::clock::now().unix_timestamp();
    for (number, age) in [("1", 100), ("2", 62), ("3", 1)] {
        give(
            json!({"dynamodb": {"SequenceNumber": number}}),
            number,
            now - age,
        );
    }
    bare.deliveries.idle().await;
    let failures = bare.failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(
        failures[0]["requestContext"]["condition"],
        "RecordAgeExceeded"
    );
    let info = &failures[0]["DDBStreamBatchInfo"];
    assert_eq!(info["startSequenceNumber"], "1");
    assert_eq!(info["endSequenceNumber"], "2");
    assert_eq!(bare.deliveries.counts("worker").succeeded, 1);
    bare.runtime.stop().await;
}

#[tokio::test]
async fn a_schedule_with_a_rate_is_due_again_and_again() {
    let bare = bare(function("worker"));
    let source = ScheduleSource {
        id: "Often".to_owned(),
        expression: ScheduleExpression::Rate(Duration::from_millis(20)),
        input: Some(json!({"own": 1})),
        is_scheduler: true,
    };
    schedules::start(&bare.deliveries, &bare.function, &source);
    let end = Instant::now() + LIMIT;
    while bare.deliveries.counts("worker").succeeded < 2 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(5)).await;
    }
    bare.runtime.stop().await;
}
