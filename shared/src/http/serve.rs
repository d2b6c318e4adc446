//! From a handler to a Lambda function: the start, the loop, the one place
//! that logs a failure and catches a panic.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use lambda_http::Request;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};

use super::deadline::Deadline;
use super::deadline_timer::DeadlineTimer;
use super::endpoint::{Handler, Start};
use super::event::{Answer, Event};
use super::gate::Gate;
use super::problem::Problem;
use super::reply::Response;
use super::request::{Principal, RequestContext};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{BatchAnswer, FromStream, StreamEvent, Unreadable, retrying_until};
use crate::telemetry::{
    Access, RequestScope, SecurityEvent, SecurityLog, causes, failure, install,
};
use crate::values::{clock, unix_millis};

/// How long a start waits for its connections at most: half of what Lambda lets
/// it take.
const LONGEST_WARMING: Duration = Duration::from_secs(5);
/// The header in which a frontend on a server says for whom it calls.
const TRUSTED_CLIENT: &str = "x-trusted-client";

/// Runs a handler as a Lambda function behind API Gateway, until Lambda ends
/// the process.
///
/// # Errors
/// When the environment lacks something that the handler's arguments need.
pub(crate) fn serve<G: Gate>(handler: Start) -> Result<(), StartError> {
    runtime()?.block_on(async {
        let env = Env::of_process()?;
        install(&env)?;
        let function = &Function::<G>::start(&env, handler).await?;
        let answer = |event: LambdaEvent<Event>| async move {
            Ok::<_, lambda_runtime::Error>(function.answer_event(event).await)
        };
        lambda_runtime::run(service_fn(answer))
            .await
            .map_err(|error| StartError::new(error.to_string()))
    })
}

/// Runs a handler of events that no browser sends, until Lambda ends the
/// process. A problem fails the event, so that its sender tries again.
///
/// # Errors
/// When the environment lacks something that the handler's state needs.
pub fn serve_events<E, S, Fut>(handler: impl Fn(E, S) -> Fut) -> Result<(), StartError>
where
    E: for<'de> serde::Deserialize<'de>,
    S: FromEnv,
    Fut: Future<Output = Result<(), Problem>>,
{
    run(|event, state| {
        let done = handler(event, state);
        async {
            done.await.map_err(|problem| {
                let text = cause(&problem);
                failure("event-failed", &text);
                text
            })
        }
    })
}

/// Runs a handler of a table's changes, until Lambda ends the process. All changes of a batch
/// are handled, in order, whatever became of those before: one that fails keeps no other from
/// being done. What failed first is sent again with all after it, so a handler is told of a
/// change any number of times, also after it was told of later ones of the same item.
///
/// # Errors
/// When the environment lacks something that the handler's state needs.
pub fn serve_stream<C, S, Fut>(handler: impl Fn(C, S) -> Fut) -> Result<(), StartError>
where
    C: FromStream,
    S: FromEnv,
    Fut: Future<Output = Result<(), Problem>>,
{
    run(|event, state| handle_batch(event, state, &handler))
}

/// Handles each record of a batch. Returns which one failed first, unless it is the first of
/// several: that is an error, since only an error makes Lambda halve the batch until the record
/// stands alone in what is given up in the end
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
async fn handle_batch<C, S, Fut>(
    event: StreamEvent,
    state: S,
    handler: &impl Fn(C, S) -> Fut,
) -> Result<BatchAnswer, String>
where
    C: FromStream,
    S: Clone,
    Fut: Future<Output = Result<(), Problem>>,
{
    let mut failed = None;
    for (position, record) in event.records.iter().enumerate() {
        let handled = match C::of_record(record) {
            Ok(None) => continue,
            Ok(Some(change)) => handler(change, state.clone()).await,
            Err(Unreadable(error)) => Err(Problem::internal(error)),
        };
        if let Err(problem) = handled {
            failure("record-failed", &cause(&problem));
            failed.get_or_insert((position, record));
        }
    }
    match failed {
        None => Ok(BatchAnswer::default()),
        Some((0, _)) if event.records.len() > 1 => {
            Err("the first record of several failed".to_owned())
        }
        Some((_, record)) => Ok(BatchAnswer::from_record(record)),
    }
}

/// Returns what a problem is, for the log.
fn cause(problem: &Problem) -> String {
    match problem.cause() {
        Some(cause) => causes(cause),
        None => format!("{problem:?}"),
    }
}

/// Runs a handler of events whose answer or error is told to whoever sent them.
fn run<E, S, R, Fut>(handler: impl Fn(E, S) -> Fut) -> Result<(), StartError>
where
    E: for<'de> serde::Deserialize<'de>,
    S: FromEnv,
    R: serde::Serialize,
    Fut: Future<Output = Result<R, String>>,
{
    runtime()?.block_on(async {
        let env = Env::of_process()?;
        install(&env)?;
        let state = S::from_env(&env)?;
        let (handler, state) = (&handler, &state);
        let handle = |event: LambdaEvent<E>| async move {
            let scope = Arc::new(RequestScope::of_event(&event.context.request_id));
            let deadline = Deadline::after(until(event.context.deadline));
            let handled = scope.enter(async {
                let handled = handler(event.payload, state.clone()).await;
                // Otherwise the runtime reports the name of a Rust type as the error.
                handled.map_err(|error_message| Diagnostic {
                    error_type: "event-failed".to_owned(),
                    error_message,
                })
            });
            retrying_until(deadline.instant(), handled).await
        };
        lambda_runtime::run(service_fn(handle))
            .await
            .map_err(|error| StartError::new(error.to_string()))
    })
}

/// Makes a runtime of one thread: a Lambda instance handles one request at a time, and a second
/// thread costs two thirds more CPU.
fn runtime() -> Result<tokio::runtime::Runtime, StartError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::new(error.to_string()))
}

/// A handler with all that outlives a request.
pub(crate) struct Function<G> {
    handler: Box<dyn Handler>,
    gate: G,
    timer: DeadlineTimer,
    is_cold: AtomicBool,
}

impl<G: Gate> Function<G> {
    fn new(gate: G, handler: Box<dyn Handler>) -> Self {
        Self {
            handler,
            gate,
            timer: DeadlineTimer::default(),
            is_cold: AtomicBool::new(true),
        }
    }

    /// Makes what the handler needs from the environment.
    ///
    /// # Errors
    /// When the environment lacks something.
    pub(crate) async fn start(env: &Env, handler: Start) -> Result<Self, StartError> {
        let function = Self::new(G::from_env(env)?, handler(env)?);
        // Opens the connections, which Lambda runs with full processor power: one
        // for the handler's calls, one for what is asked beside them. It makes init
        // x1.10 to 1.16 as long, and spares the first request a handshake. A failure is left
        // for the request to meet.
        let warm = async { tokio::join!(function.handler.warm(), function.gate.warm()) };
        let _ = tokio::time::timeout(LONGEST_WARMING, warm).await;
        Ok(function)
    }

    /// Answers one event as the gateway takes it.
    pub(crate) async fn answer_event(&self, event: LambdaEvent<Event>) -> Answer {
        let request = event.payload.into_request();
        Answer::from(self.answer(&request, &event.context).await)
    }

    async fn answer(&self, request: &Request, lambda: &Context) -> Response {
        let started = clock::monotonic();
        let deadline = Deadline::after(until(lambda.deadline));
        let request = RequestContext::new(request, deadline);
        let id = request_id(&request, lambda);
        let scope = Arc::new(RequestScope::new(
            id,
            request.route(),
            request.source_ip(),
            request.user_agent(),
        ));
        let answered = Arc::clone(&scope).enter(async {
            let handled = AssertUnwindSafe(self.handle(&request)).catch_unwind();
            // Better our 503, which says when to come back, than the gateway's
            // after Lambda has ended the process.
            let handled = match self.timer.until(deadline.instant(), handled).await {
                Some(Ok(handled)) => handled,
                Some(Err(_)) => Err(Problem::internal("the handler panicked")),
                None => Err(Problem::unavailable("the time of the request was up")),
            };
            handled.inspect_err(|problem| record_refusal(&request, problem))
        });
        let answered = retrying_until(deadline.instant(), answered);
        let mut error = None;
        let response = answered.await.unwrap_or_else(|problem| {
            error = problem.cause().map(causes);
            Response::problem(problem, id)
        });
        let access = Access {
            method: request.method(),
            status: response.status(),
            code: response.code(),
            duration: u64::try_from(clock::monotonic().duration_since(started).as_millis())
                .unwrap_or(u64::MAX),
            cold_start: self.is_cold.swap(false, Ordering::Relaxed),
            error,
        };
        access.write(&scope);
        response.for_request(id, request.quota())
    }

    /// Returns the handler's answer, if the general limit and the networks
    /// admit the request. The limit is asked beside the work: see
    /// [`RequestContext::admitted`].
    async fn handle(&self, request: &RequestContext<'_>) -> Result<Response, Problem> {
        request.readable()?;
        if let Some(token) = request.header(TRUSTED_CLIENT) {
            match self.gate.client_ip(token).await {
                Some(client_ip) => request.record_client_ip(client_ip),
                None => SecurityLog::emit(&SecurityEvent::FrontendRefused),
            }
        }
        let handled = async {
            // What a frontend says opens no route: the staff's are for those networks.
            if !self
                .gate
                .allows_address(request.route(), request.source_ip())
            {
                return Err(Problem::AddressRefused);
            }
            self.handler.call(request).await
        };
        let handled = async { Ok(handled.await) };
        let admitted = async {
            if let Some(quota) = self.gate.admit(request.client_ip()).await? {
                request.record_quota(quota);
            }
            request.admit();
            // All requests of a route have one method, and one that only reads works
            // while its lease is on the way: there is nothing to spare the next one.
            if request.may_change() {
                self.gate.renew(request.client_ip()).await;
            }
            Ok::<_, Problem>(())
        };
        // A refusal ends the handler where it waits.
        let ((), handled) = tokio::try_join!(admitted, handled)?;
        handled
    }
}

/// Writes the security event of a refusal, if it is one.
fn record_refusal(request: &RequestContext<'_>, problem: &Problem) {
    let user = request.principal().map(|Principal { user_id, .. }| user_id);
    let event = match problem {
        Problem::Forbidden => SecurityEvent::PermissionDenied(user),
        Problem::AddressRefused => SecurityEvent::AddressRefused,
        Problem::BadToken => SecurityEvent::TokenRefused(user),
        Problem::RateLimited { limit, quota } => {
            request.record_quota(*quota);
            SecurityEvent::LimitReached(limit)
        }
        _ => return,
    };
    SecurityLog::emit(&event);
}

/// Returns the gateway's id of the request, which its own log has too, or
/// Lambda's where there is none that an answer's header could carry.
fn request_id<'a>(request: &'a RequestContext<'_>, context: &'a Context) -> &'a str {
    let id = request.id();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        &context.request_id
    } else {
        id
    }
}

/// Returns how long it is until a moment in milliseconds since 1970.
fn until(deadline: u64) -> Duration {
    Duration::from_millis(deadline.saturating_sub(unix_millis()))
}

#[cfg(test)]
#[path = "hostile_events.rs"]
mod hostile_events;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::{Instant, SystemTime};

    use cloud::{Calls, Fault};
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::dynamodb::{StreamRecord, retry_deadline};
    use crate::http::endpoint::{Endpoint, start, with_state};
    use crate::http::{NoContent, PublicBody, Quota, sealed};
    use crate::limits::FrontGate;

    /// Admits everything.
    #[derive(Clone)]
    struct Open;

    impl FromEnv for Open {
        fn from_env(_: &Env) -> Result<Self, StartError> {
            Ok(Self)
        }
    }

    impl Gate for Open {
        fn allows_address(&self, _: &str, _: &str) -> bool {
            true
        }

        async fn client_ip(&self, _: &str) -> Option<IpAddr> {
            panic!("nobody says for whom they call, so nobody asks")
        }

        async fn admit(&self, _: &str) -> Result<Option<Quota>, Problem> {
            Ok(None)
        }

        async fn renew(&self, _: &str) {}
    }

    fn function<H, Args>(handler: H) -> Function<Open>
    where
        H: Endpoint<Args, State = ((),)> + 'static,
        Args: 'static,
    {
        Function::new(Open, with_state(handler, ((),)))
    }

    async fn buggy((): ()) -> Result<NoContent, Problem> {
        panic!("a bug")
    }

    async fn fine((): ()) -> Result<NoContent, Problem> {
        Ok(NoContent)
    }

    async fn stuck((): ()) -> Result<NoContent, Problem> {
        std::future::pending().await
    }

    /// What everybody may read.
    #[derive(Serialize)]
    pub(super) struct Notice;
    impl sealed::Sealed for Notice {}
    impl PublicBody for Notice {}

    /// The request that an event becomes.
    pub(super) fn request(event: &str) -> Request {
        let event: Event = serde_json::from_slice(event.as_bytes()).unwrap();
        event.into_request()
    }

    /// A request that Lambda ends after so long.
    pub(super) fn context(milliseconds: u64) -> Context {
        let mut context = Context::default();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        context.deadline = u64::try_from(now).unwrap() + milliseconds;
        context
    }

    #[tokio::test]
    async fn a_handler_that_takes_too_long_is_a_503_while_there_is_time_to_say_so() {
        let answer = function(stuck).answer(&request("{}"), &context(600)).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }

    async fn bounded((): ()) -> Result<NoContent, Problem> {
        let left = retry_deadline().unwrap() - Instant::now();
        // Half a second is kept for the answer.
        assert!(left > Duration::from_secs(7) && left <= Duration::from_millis(9500));
        Ok(NoContent)
    }

    #[tokio::test]
    async fn what_is_sent_again_for_a_request_ends_with_its_time() {
        let (request, context) = (request("{}"), context(10_000));
        let answer = function(bounded).answer(&request, &context).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(retry_deadline(), None);
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing_and_the_process_lives_on() {
        let (request, context) = (request("{}"), context(10_000));
        let buggy = function(buggy);
        for _ in 0..2 {
            let answer = buggy.answer(&request, &context).await;
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(!answer.body().contains("bug"), "{}", answer.body());
        }
    }

    #[tokio::test]
    async fn an_answer_carries_the_gateways_id_of_its_request() {
        let request = request(r#"{"requestContext":{"requestId":"from-the-gateway"}}"#);
        let answer = function(fine).answer(&request, &context(10_000)).await;
        assert_eq!(answer.header("x-request-id"), Some("from-the-gateway"));
    }

    /// Whether a handler did anything.
    #[derive(Clone, Default)]
    struct Done(std::sync::Arc<AtomicBool>);

    impl FromEnv for Done {
        fn from_env(_: &Env) -> Result<Self, StartError> {
            Ok(Self::default())
        }
    }

    async fn acts(done: Done) -> Result<NoContent, Problem> {
        done.0.store(true, Ordering::Relaxed);
        Ok(NoContent)
    }

    #[tokio::test]
    async fn nothing_is_done_before_the_limit_has_admitted_the_request() {
        let tables = crate::testing::tables().await;
        let gate: FrontGate = tables.open();
        while gate.admit("192.0.2.1").await.is_ok() {}
        for (method, source_ip, status, acted) in [
            ("POST", "192.0.2.2", 204, true),
            ("POST", "192.0.2.1", 429, false),
            ("PUT", "192.0.2.1", 429, false),
            // Reading does no harm, and saves the wait; it answers nothing.
            ("GET", "192.0.2.1", 429, true),
        ] {
            let done = Done::default();
            // A process of its own: it must ask the table before it knows.
            let gate = tables.open::<FrontGate>();
            let function = Function::new(gate, with_state(acts, (done.clone(),)));
            let http = json!({ "method": method, "sourceIp": source_ip });
            let request = request(&json!({ "requestContext": { "http": http } }).to_string());
            let answer = function.answer(&request, &context(10_000)).await;
            assert_eq!(answer.status(), status, "{method}");
            assert_eq!(done.0.load(Ordering::Relaxed), acted, "{method}");
        }
    }

    #[tokio::test]
    async fn leases_are_taken_ahead_for_requests_that_would_wait_for_them() {
        let tables = crate::testing::tables().await;
        let leases = Calls::of("UpdateItem").on(tables.table("RATE_LIMITS_TABLE"));
        let no_delay = Fault::Delay(Duration::ZERO);
        let leases = tables.faults().inject(leases.times(99), no_delay);
        for (method, source_ip, sum) in [("POST", "192.0.2.1", 3), ("GET", "192.0.2.2", 5)] {
            let gate = tables.open::<FrontGate>();
            let function = Function::new(gate, with_state(acts, (Done::default(),)));
            let http = json!({ "method": method, "sourceIp": source_ip });
            let request = request(&json!({ "requestContext": { "http": http } }).to_string());
            for _ in 0..12 {
                let answer = function.answer(&request, &context(10_000)).await;
                assert_eq!(answer.status(), 204);
            }
            assert_eq!(leases.hits(), sum, "{method}");
        }
    }

    #[tokio::test]
    async fn a_start_opens_the_connection_for_what_is_asked_beside_the_work() {
        let tables = crate::testing::tables().await;
        let calls = Calls::of("Query").on(tables.table("CALLER_KEYS_TABLE"));
        let read = tables.faults().inject(calls, Fault::Delay(Duration::ZERO));
        Function::<FrontGate>::start(&tables.env, start(fine))
            .await
            .unwrap();
        assert_eq!(read.hits(), 1);
    }

    /// A change whose item says what is to become of it.
    struct Wish(String);

    impl FromStream for Wish {
        fn of_record(record: &StreamRecord) -> Result<Option<Self>, Unreadable> {
            let after = record.after()?;
            let wish = after.as_ref().map(|it| it.reader().text("wish"));
            Ok(wish.transpose()?.map(|it| Self(it.to_owned())))
        }
    }

    /// Handles a batch of changes with these wishes. Returns which were handled, and the answer.
    async fn handle(wishes: &[&str]) -> (Vec<String>, Result<serde_json::Value, String>) {
        let records = wishes.iter().enumerate().map(|(number, wish)| {
            let item = match *wish {
                "unreadable" => json!({}),
                wish => json!({ "wish": { "S": wish } }),
            };
            json!({ "dynamodb": { "SequenceNumber": number.to_string(), "NewImage": item } })
        });
        let event = json!({ "Records": Vec::from_iter(records) }).to_string();
        let event = serde_json::from_str(&event).unwrap();
        let handled = std::cell::RefCell::new(Vec::new());
        let handler = |Wish(wish): Wish, (): ()| {
            handled.borrow_mut().push(wish.clone());
            async move {
                match wish.as_str() {
                    "fail" => Err(Problem::unavailable("wished for")),
                    _ => Ok(()),
                }
            }
        };
        let answer = handle_batch(event, (), &handler).await;
        let answer = answer.map(|it| serde_json::to_value(it).unwrap());
        (handled.into_inner(), answer)
    }

    #[tokio::test]
    async fn a_record_that_fails_keeps_no_other_of_its_batch_from_being_done() {
        let from = |number: &str| json!({ "batchItemFailures": [{ "itemIdentifier": number }] });
        let (handled, answer) = handle(&["a", "fail", "b", "unreadable", "c"]).await;
        assert_eq!(handled, ["a", "fail", "b", "c"]);
        assert_eq!(answer.unwrap(), from("1"), "the first that failed");
        let (handled, answer) = handle(&["unreadable", "a", "b"]).await;
        assert_eq!(handled, ["a", "b"]);
        assert!(answer.is_err(), "so that Lambda halves the batch");
        // Alone there is nothing to halve.
        assert_eq!(handle(&["fail"]).await.1.unwrap(), from("0"));
        let done = json!({ "batchItemFailures": [] });
        assert_eq!(handle(&["a", "b"]).await.1.unwrap(), done);
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_no_time() {
        assert_eq!(until(0), Duration::ZERO);
        let far = until(4_000_000_000_000);
        assert!(far > Duration::from_secs(3600));
    }

    #[test]
    fn an_event_is_read_whatever_is_missing_from_it_or_odd_in_it() {
        for event in [
            "{}",
            r#"{"rawPath":"/%zz/\u0000","headers":{"x":"\u0001","host":"not a host"}}"#,
            r#"{"unknown":[1,2],"body":"%%%","isBase64Encoded":true}"#,
            r#"{"headers":null,"pathParameters":null,"rawQueryString":null,"body":null}"#,
            r#"{"requestContext":{"http":{"userAgent":null},"requestId":null}}"#,
        ] {
            let request = request(event);
            let request = RequestContext::new(&request, Deadline::after(Duration::ZERO));
            assert!(request.readable().is_ok(), "{event}");
            assert!(request.header("authorization").is_none());
            // What has no method may change something.
            assert_eq!(request.method(), "-", "{event}");
        }
    }
}
